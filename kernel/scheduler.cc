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

void Scheduler::AddSpinning(Task& task) {
  if (task.queued_) return;
  task.queued_ = true;
  spinning_.push_back(&task);
}

void Scheduler::Remove(Task& task) {
  if (!task.queued_) return;
  task.queued_ = false;
  std::erase(queue_, &task);
  std::erase(spinning_, &task);
}

void Scheduler::LookAgain() {
  queue_.insert(queue_.end(), spinning_.begin(), spinning_.end());
  spinning_.clear();
}

void Scheduler::LookAtSignals() {
  for (Task* task : spinning_) {
    if (task->signal_due) queue_.push_back(task);
  }
  std::erase_if(spinning_, [](Task* task) { return task->signal_due; });
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
