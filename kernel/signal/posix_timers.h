// SPDX-License-Identifier: Apache-2.0
//
// A process's timers that raise signals: setitimer(2)'s three, those of
// timer_create(2), and RLIMIT_CPU. Made at the process's first use of one.

#ifndef KERNEL_SIGNAL_POSIX_TIMERS_H_
#define KERNEL_SIGNAL_POSIX_TIMERS_H_

#include <array>
#include <cstdint>
#include <map>
#include <memory>

#include "kernel/signal/interval_timer.h"
#include "kernel/signal/signal_state.h"

namespace emu {

class Process;
class Task;

// setitimer(2)'s kind: raises one signal to the process.
class SignalTimer : public IntervalTimer {
 public:
  SignalTimer(Process& process, const ClockKind& clock, int signo)
      : IntervalTimer(process, clock), signo_(signo) {}

 private:
  void Expired() override;
  const int signo_;
};

// timer_create(2)'s.
class PosixTimer : public IntervalTimer {
 public:
  struct Notification {
    int how = 0;    // SIGEV_*
    int signo = 0;  // unless SIGEV_NONE
    uint64_t value = 0;
    Pid tid = 0;  // SIGEV_THREAD_ID
  };
  PosixTimer(Process& process, const ClockKind& clock, int id,
             const Notification& notification)
      : IntervalTimer(process, clock), id_(id), notification_(notification) {}
  ~PosixTimer() override { DropSignal(); }

  // Its signal is being taken: says in it how often more it went off.
  void OnSignalTaken(Siginfo& info);
  // Forgets the signal that it has sent and that nobody has taken.
  void DropSignal();
  // The signal may be let in again: one that was ignored is sent anew.
  void OnDispositionChange(int signo);
  int overrun() const { return overrun_; }

 private:
  void Expired() override;

  const int id_;
  const Notification notification_;
  int overrun_ = 0;       // of the signal last taken
  int64_t pending_ = 0;   // times it went off beyond the signal now queued
  bool ignored_ = false;  // it went off while the signal was ignored
};

class PosixTimers {
 public:
  explicit PosixTimers(Process& process);

  // ITIMER_REAL, _VIRTUAL, _PROF.
  SignalTimer& itimer(int which) { return *itimers_[which]; }

  int Create(const ClockKind& clock, PosixTimer::Notification notification,
             bool value_is_id);
  PosixTimer* Find(int id) const;
  bool Delete(int id) { return timers_.erase(id) > 0; }
  size_t size() const { return timers_.size(); }
  // exec: timer_create's timers end.
  void DeleteAll() { timers_.clear(); }

  // A signal is about to be delivered.
  void OnSignalTaken(Siginfo& info);
  // sigaction(2) said something else about `signo`.
  void OnDispositionChange(int signo);
  // The process used CPU time.
  void CheckCpu();
  // How much more of it the first that goes by that goes off at; kNever.
  Nanos CpuTimeLeft() const;

 private:
  Process& process_;
  std::array<std::unique_ptr<SignalTimer>, 3> itimers_;
  std::map<int, std::unique_ptr<PosixTimer>> timers_;
  int next_id_ = 0;
};

PosixTimers& TimersOf(Process& process);

// Counts time as used by the task, in user code and in calls, and lets go off
// what goes by that.
void ChargeCpu(Task& task, Nanos user, Nanos system);
// How much CPU time the process uses before something goes off by it; kNever.
Nanos CpuTimeLeft(Process& process);
// The limit on CPU time has been set.
void ArmCpuLimit(Process& process);

}  // namespace emu

#endif  // KERNEL_SIGNAL_POSIX_TIMERS_H_
