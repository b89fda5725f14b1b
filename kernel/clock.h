// SPDX-License-Identifier: Apache-2.0
//
// Virtual time and what happens at points in it. Time is nanoseconds since
// boot; it moves by a fixed step for each system call and trapped clock read,
// and jumps to the next timer when every task waits. Timers fire by (deadline,
// order of arming).

#ifndef KERNEL_CLOCK_H_
#define KERNEL_CLOCK_H_

#include <cstdint>
#include <limits>
#include <map>
#include <utility>

#include "arch/env.h"
#include "arch/vdso.h"
#include "kernel/wait_queue.h"

namespace emu {

class Clock;

inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();
inline constexpr Nanos kNanosPerSecond = 1'000'000'000;

// Something that happens once at a point in time. Owned by whom it concerns;
// disarmed when destroyed.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer();

  bool armed() const { return clock_ != nullptr; }
  // Nanoseconds since boot; kNever when not armed.
  Nanos deadline() const { return armed() ? key_.first : kNever; }
  void Disarm();

 protected:
  // The time has come; the timer is no longer armed and may be armed again.
  virtual void OnTime() = 0;

 private:
  friend class Clock;
  Clock* clock_ = nullptr;
  std::pair<Nanos, uint64_t> key_;
};

class Clock {
 public:
  // What one system call costs: about as much as the cheapest do natively, so
  // that time limits hold as they do there.
  static constexpr Nanos kStep = 1'000;
  // So many looks at the clock in a row cost that. Behind them each costs twice
  // the last one, to kLongestStep, so that a busy wait ends soon.
  static constexpr int64_t kCheapPolls = 64;
  static constexpr Nanos kLongestStep = 1'000'000;
  // Through the vDSO they come dear less soon: runtimes look a thousand times
  // between two calls to know how long their own work takes.
  static constexpr Nanos kVdsoDoublesBelow = 10'000;
  // Whoever has looked so often in a row measures something or waits.
  static constexpr int64_t kFewPolls = 16;
  // Reads through the vDSO in a row behind that; the next one is a system call,
  // and with it a chance for others to run.
  static constexpr int64_t kVdsoReads = 1000;

  // How long ago the system booted when the first program starts: a clock that
  // reads 0 would mean to some that it was never set.
  static constexpr Nanos kStart = kNanosPerSecond;

  // `epoch` is CLOCK_REALTIME when the first program starts. With `host`, time
  // is the host's.
  explicit Clock(Nanos epoch, Env* host = nullptr)
      : realtime_offset_(epoch - kStart), host_(host) {}
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;

  // CLOCK_MONOTONIC and CLOCK_BOOTTIME.
  Nanos now() const { return now_; }
  // CLOCK_REALTIME.
  Nanos realtime() const { return now_ + realtime_offset_; }
  // clock_settime(CLOCK_REALTIME).
  void set_realtime(Nanos value) {
    realtime_offset_ = value - now_;
    realtime_set_.Wake();
  }
  Nanos realtime_offset() const { return realtime_offset_; }
  // Woken when CLOCK_REALTIME was set.
  WaitQueue& realtime_set() { return realtime_set_; }

  // One system call or trapped clock read went by.
  void Tick();
  // Said, before it looks, by a call that reads the clock or polls without
  // waiting. The call's own Tick is paid with it.
  void TickPolling();
  // Of the last calls, how many did that with no other call between, reads
  // through the vDSO included.
  int64_t polls_in_row() const { return polls_in_row_; }
  // Time passes without a call.
  void Advance(Nanos length);
  void AdvanceTo(Nanos time);

  void Arm(Timer& timer, Nanos deadline);
  // When the next timer is due; kNever if there is none.
  Nanos next_deadline() const { return next_deadline_; }
  // Fires every timer that is due.
  void FireDue() {
    if (next_deadline_ <= now_) FireAllDue();
  }
  bool follows_host() const { return host_ != nullptr; }

  // Guests read time through the vDSO, each read as a call would, until one is
  // to be seen by the kernel or the next timer is due. What the page says
  // afterwards is a guest's word: no step back, and no leap, is believed.
  VdsoData ForVdso() const;
  void FromVdso(const VdsoData& said);

 private:
  friend class Timer;
  void FireAllDue();
  void UpdateNext();

  Nanos now_ = kStart;
  Nanos realtime_offset_;
  WaitQueue realtime_set_;
  Env* host_;
  Nanos polling_step_ = kStep;
  int64_t polls_in_row_ = 0;
  bool paid_ = false;  // the current call has moved time already
  uint64_t next_sequence_ = 0;
  Nanos next_deadline_ = kNever;
  std::map<std::pair<Nanos, uint64_t>, Timer*> timers_;
};

}  // namespace emu

#endif  // KERNEL_CLOCK_H_
