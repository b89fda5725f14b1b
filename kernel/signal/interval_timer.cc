// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/interval_timer.h"

#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {

IntervalTimer::IntervalTimer(Process& process, const ClockKind& clock)
    : process_(process), clock_(clock) {
  if (!by_cpu()) return;
  cpu_owner_ = clock.whole_process ? clock.task->process().pid()
                                   : clock.task->tid();
  clock_.task = nullptr;
}

Nanos IntervalTimer::Now() const {
  Kernel& kernel = process_.kernel();
  if (by_realtime_) return kernel.clock().realtime();
  if (!by_cpu()) return kernel.clock().now();
  ClockKind clock = clock_;
  clock.task = kernel.pids().FindTask(cpu_owner_);
  // A thread that is gone uses no more time.
  if (clock.task == nullptr) return 0;
  return ReadClock(*clock.task, clock);
}

void IntervalTimer::SetAfter(Nanos length, Nanos interval) {
  by_realtime_ = false;
  Set(length == 0 ? kNever : After(Now(), length), interval);
}

void IntervalTimer::SetAt(Nanos first, Nanos interval) {
  by_realtime_ = clock_.base == ClockKind::Base::kRealtime;
  Set(first, interval);
}

void IntervalTimer::Set(Nanos first, Nanos interval) {
  alarm_.Disarm();
  next_ = first;
  interval_ = interval;
  went_off_ = false;
  Arm();
}

void IntervalTimer::Arm() {
  if (next_ == kNever) return;
  if (by_cpu()) return ArmByCpu();
  Clock& clock = process_.kernel().clock();
  if (by_realtime_) {
    clock.Arm(alarm_, next_ - clock.realtime_offset());
    if (!clock_set_.queued()) clock.realtime_set().Add(clock_set_);
  } else {
    clock.Arm(alarm_, next_);
  }
}

void IntervalTimer::ArmByCpu() {
  const Task* owner = process_.kernel().pids().FindTask(cpu_owner_);
  if (owner == nullptr) return;
  Process& process = owner->process();
  process.watches_cpu = true;
  if (&process != &process_ && !cpu_used_.queued()) {
    process.cpu_used.Add(cpu_used_);
  }
}

void IntervalTimer::GoOff() {
  if (by_cpu() && interval_ > 0) {
    next_ = NextAfter(Now());
  } else if (interval_ > 0) {
    went_off_ = true;
  } else {
    next_ = kNever;
  }
  Expired();
}

void IntervalTimer::CheckCpu() {
  if (by_cpu() && next_ != kNever && Now() >= next_) GoOff();
}

Nanos IntervalTimer::NextAfter(Nanos now) const {
  if (now < next_ || interval_ == 0) return next_;
  return After(next_, ((now - next_) / interval_ + 1) * interval_);
}

Nanos IntervalTimer::Remaining() const {
  if (next_ == kNever) return 0;
  const Nanos now = Now();
  const Nanos next = went_off_ ? NextAfter(now) : next_;
  return std::max<Nanos>(next - now, 1);
}

int64_t IntervalTimer::Acknowledge() {
  if (!went_off_) return 0;
  went_off_ = false;
  const Nanos next = NextAfter(Now());
  const int64_t missed = (next - next_) / interval_ - 1;
  next_ = next;
  Arm();
  return missed;
}

}  // namespace emu
