// SPDX-License-Identifier: Apache-2.0

#include "kernel/scheduler.h"

#include <algorithm>

#include "kernel/task.h"

namespace emu {

void Scheduler::Add(Task& task) {
  if (task.queued_) return;
  task.queued_ = true;
  queue_.push_back(&task);
}

void Scheduler::Remove(Task& task) {
  if (!task.queued_) return;
  task.queued_ = false;
  queue_.erase(std::find(queue_.begin(), queue_.end(), &task));
}

Task* Scheduler::PickNext() {
  if (queue_.empty()) return nullptr;
  const size_t index = queue_.size() == 1 ? 0 : env_.PickNext(queue_.size());
  Task* task = queue_[index];
  queue_.erase(queue_.begin() + index);
  task->queued_ = false;
  return task;
}

}  // namespace emu
