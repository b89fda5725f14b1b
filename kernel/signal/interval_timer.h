// SPDX-License-Identifier: Apache-2.0
//
// One timer of a process: goes off at a point of some clock, and again after
// each interval. What shows the guest that it did is the subclass's.

#ifndef KERNEL_SIGNAL_INTERVAL_TIMER_H_
#define KERNEL_SIGNAL_INTERVAL_TIMER_H_

#include <cstdint>

#include "kernel/clock.h"
#include "kernel/clocks.h"

namespace emu {

class Process;
class Task;

// Owned by the process's PosixTimers. A timer by the system's clock that went
// off is armed again only when the guest has taken notice (Acknowledge), and the
// intervals that went by until then are counted: so one whose signal is blocked
// or ignored does not move time. One by CPU time goes on by itself.
class IntervalTimer {
 public:
  IntervalTimer(Process& process, const ClockKind& clock);
  IntervalTimer(const IntervalTimer&) = delete;
  IntervalTimer& operator=(const IntervalTimer&) = delete;
  virtual ~IntervalTimer() = default;

  // Goes off `length` from now (0: not at all), and each `interval` (0: once)
  // after that.
  void SetAfter(Nanos length, Nanos interval);
  // Goes off at `first`, a time of its clock. One of CLOCK_REALTIME moves when
  // that is set.
  void SetAt(Nanos first, Nanos interval);
  Nanos interval() const { return interval_; }
  // Until it goes off next: 0 when it will not, at least 1 when it will.
  Nanos Remaining() const;
  bool active() const { return next_ != kNever; }
  // It went off and the guest has been told: counts the intervals that went by
  // since, and arms it for the next. How many more it would have gone off.
  int64_t Acknowledge();
  // By CPU time: goes off if the time has come.
  void CheckCpu();
  bool by_cpu() const { return clock_.base == ClockKind::Base::kCpu; }
  const ClockKind& clock() const { return clock_; }

 protected:
  // It is time.
  virtual void Expired() = 0;
  Process& process() const { return process_; }

 private:
  class Alarm : public Timer {
   public:
    explicit Alarm(IntervalTimer& owner) : owner_(owner) {}

   private:
    void OnTime() override { owner_.GoOff(); }
    IntervalTimer& owner_;
  };

  // CLOCK_REALTIME was set.
  class ClockSet : public Waiter {
   public:
    explicit ClockSet(IntervalTimer& owner) : owner_(owner) {}

   private:
    bool OnWake(uint32_t) override {
      if (owner_.alarm_.armed()) owner_.Arm();
      return false;
    }
    IntervalTimer& owner_;
  };
  // Another process, by whose CPU time the timer goes, used some.
  class CpuUsed : public Waiter {
   public:
    explicit CpuUsed(IntervalTimer& owner) : owner_(owner) {}

   private:
    bool OnWake(uint32_t) override {
      owner_.CheckCpu();
      return false;
    }
    IntervalTimer& owner_;
  };

  void Set(Nanos first, Nanos interval);
  void GoOff();
  void Arm();
  void ArmByCpu();
  // The present time, in the sense of next_.
  Nanos Now() const;
  // The first time after now in the sequence of intervals.
  Nanos NextAfter(Nanos now) const;

  Process& process_;
  ClockKind clock_;  // its task is not followed: see cpu_owner_
  Pid cpu_owner_ = 0;
  Nanos next_ = kNever;
  Nanos interval_ = 0;
  bool by_realtime_ = false;  // next_ is a time of CLOCK_REALTIME
  bool went_off_ = false;     // at next_, and not yet acknowledged
  Alarm alarm_{*this};
  ClockSet clock_set_{*this};
  CpuUsed cpu_used_{*this};
};

}  // namespace emu

#endif  // KERNEL_SIGNAL_INTERVAL_TIMER_H_
