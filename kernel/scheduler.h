// SPDX-License-Identifier: Apache-2.0
//
// Whose turn it is. One guest thread runs at a time; the next is picked by rule
// and seed, at system calls, when a task waits, and when it yields.

#ifndef KERNEL_SCHEDULER_H_
#define KERNEL_SCHEDULER_H_

#include <cstddef>
#include <deque>

#include "arch/env.h"

namespace emu {

class Task;

class Scheduler {
 public:
  // System calls that a task may make in a row while others could run.
  static constexpr int kQuantum = 32;

  explicit Scheduler(Env& env) : env_(env) {}
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  // The task may run: it goes to the queue's end, unless it is there.
  void Add(Task& task);
  void Remove(Task& task);
  // Takes the next one out of the queue; null when none can run.
  Task* PickNext();
  bool empty() const { return queue_.empty(); }
  size_t size() const { return queue_.size(); }

  // The running task gives way after its current call.
  void RequestYield() { yield_ = true; }
  bool TakeYield() {
    const bool yield = yield_;
    yield_ = false;
    return yield;
  }

 private:
  Env& env_;
  std::deque<Task*> queue_;
  bool yield_ = false;
};

}  // namespace emu

#endif  // KERNEL_SCHEDULER_H_
