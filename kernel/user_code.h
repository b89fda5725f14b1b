// SPDX-License-Identifier: Apache-2.0
//
// What lies between two stops of a task: its own computing, of which the kernel
// sees nothing. The host's clock has no say in what comes of that. It only makes
// the kernel look, now and then, at a task that computes while others could run
// or a timer is set: followed instruction by instruction for a while, it either
// spins, which is a fact of the program, or it is left alone. One that neither
// stops nor spins for very long is preempted, as is one that computes when
// something comes in from outside: the host has decided where, and the Env is
// told, for a replay to do the same.

#ifndef KERNEL_USER_CODE_H_
#define KERNEL_USER_CODE_H_

#include <cstdint>
#include <optional>

#include "arch/env.h"
#include "arch/machine.h"

namespace emu {

class Kernel;
class Task;

// Owned by the Kernel.
class UserCode {
 public:
  // A task that has computed for so much of the host's processor time, while
  // something was due, is preempted. Long loops of an interpreter are to end before
  // that: they are reproducible. Once it has happened the run is not, and the next
  // ones wait for less.
  static constexpr Nanos kPatience = 10 * Nanos{1'000'000'000};
  static constexpr Nanos kImpatience = 50'000'000;
  // How much of the host's processor time a replay takes to find a point again.
  static constexpr Nanos kReplayBudget = 120 * Nanos{1'000'000'000};

  explicit UserCode(Kernel& kernel) : kernel_(kernel) {}
  UserCode(const UserCode&) = delete;
  UserCode& operator=(const UserCode&) = delete;

  // Lets the task execute until it stops by itself, spins or was preempted
  // (kSlice: it is to give way).
  Stop Run(Task& task);

  // The machine has ended the task's process (kGone): the host has decided that,
  // and when. A replay ends it at its last stop: nobody else sees what it did
  // since, but for memory that it shared.
  void NoteEnd(Task& task);

 private:
  // Enough for the first spins of a program to be seen soon.
  static constexpr int64_t kFirstCredit = 2000;

  // How far the present stretch of computing has come.
  struct Stretch {
    Nanos spent = 0;      // of the host's processor time
    Nanos next_look = 0;  // when it is watched again
    int64_t steps = 0;    // of the last watch
  };

  Stop RunOnce(Task& task, const RunLimit& limit);
  // Something waits for this task's next stop.
  bool IsDue(Task& task);
  // Runs to where a replay has it preempted.
  Stop RunToPreemption(Task& task);
  // It has computed for one more slice of the host's time.
  std::optional<Stop> Look(Task& task, const Stop& slice, Stretch& stretch);
  // Watches it for so many instructions, and preempts it behind them.
  Stop Interrupt(Task& task, uint32_t steps, Preemption::Cause cause);
  Stop Preempt(Task& task, Preemption::Cause cause);
  void Note(const Preemption& preemption);
  void PassTime(Task& task, Preemption::Cause cause);
  void FailReplay(const char* why);

  Kernel& kernel_;
  // What Env::NextPreemption said, once asked.
  bool asked_ = false;
  std::optional<Preemption> next_;
  Nanos patience_ = kPatience;
  // Something has come in from outside that nobody has looked at yet.
  bool news_ = false;
  // Instructions that may be stepped before more time was spent without.
  int64_t credit_ = kFirstCredit;
  // How long the last one that spun had to be watched.
  int64_t steps_to_spin_ = 0;
  // Stretches in which the next one is looked for early.
  int eager_ = 0;
};

}  // namespace emu

#endif  // KERNEL_USER_CODE_H_
