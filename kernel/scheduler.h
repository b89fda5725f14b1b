// SPDX-License-Identifier: Apache-2.0
//
// Whose turn it is. One guest thread runs at a time; the next is picked by rule
// and seed, at system calls, when a task waits, when it yields, and when it is
// known to wait in user code for a change of memory: such a task spins, and need
// not look again before another has done something.

#ifndef KERNEL_SCHEDULER_H_
#define KERNEL_SCHEDULER_H_

#include <cstddef>
#include <deque>
#include <vector>

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
  // Nobody else could run.
  bool empty() const { return queue_.empty() && spinning_.empty(); }

  // Another could run that does not spin.
  bool others_run() const { return !queue_.empty(); }

  // The task spins; it is none of those that PickNext picks from.
  void AddSpinning(Task& task);
  // Memory may have changed: all that spin may run.
  void LookAgain();
  // Those that have a signal to act on may run.
  void LookAtSignals();
  // In the order in which they began.
  const std::vector<Task*>& spinning() const { return spinning_; }

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
  std::vector<Task*> spinning_;
  bool yield_ = false;
};

}  // namespace emu

#endif  // KERNEL_SCHEDULER_H_
