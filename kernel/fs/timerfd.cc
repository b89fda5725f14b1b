// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/timerfd.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {
constexpr uint32_t kSetTicks = _IOW('T', 0, uint64_t);  // TFD_IOC_SET_TICKS
}  // namespace

const char TimerFd::kKind = 0;

TimerFd::TimerFd(Path path, int flags, int clock_id, Clock& clock)
    : FileDescription(std::move(path), flags),
      clock_id_(clock_id),
      clock_(clock) {}

bool TimerFd::realtime() const {
  return clock_id_ == CLOCK_REALTIME || clock_id_ == CLOCK_REALTIME_ALARM;
}

Result<> TimerFd::Set(int flags, Nanos value, Nanos interval) {
  const bool was_canceled = std::exchange(canceled_, false);
  expiry_.Disarm();
  settime_flags_ = flags;
  interval_ = interval;
  ticks_ = 0;
  expired_ = false;
  absolute_realtime_ = realtime() && (flags & TFD_TIMER_ABSTIME);
  if (absolute_realtime_) {
    clock_.realtime_set().Add(clock_set_);
  } else {
    clock_set_.Leave();
  }
  due_ = value == 0                    ? kNever
         : (flags & TFD_TIMER_ABSTIME) ? value
                                       : After(clock_.now(), value);
  if (value != 0) Arm();
  if (value != 0 && was_canceled && absolute_realtime_ &&
      (flags & TFD_TIMER_CANCEL_ON_SET)) {
    return Errno(ECANCELED);
  }
  return {};
}

void TimerFd::Arm() {
  const Nanos due = absolute_realtime_ ? due_ - clock_.realtime_offset() : due_;
  if (due <= clock_.now()) return Expire();
  clock_.Arm(expiry_, due);
}

void TimerFd::Expire() {
  expired_ = true;
  ++ticks_;
  wait_.Wake(POLLIN);
}

void TimerFd::OnClockSet() {
  if (settime_flags_ & TFD_TIMER_CANCEL_ON_SET) {
    canceled_ = true;
    wait_.Wake(POLLIN);
  }
  if (expiry_.armed()) Arm();
}

void TimerFd::CatchUp() {
  if (!expiry_.armed() || expiry_.deadline() > clock_.now()) return;
  expiry_.Disarm();
  Expire();
}

void TimerFd::CountPeriods() {
  if (!expired_ || interval_ == 0) return;
  const Nanos now = absolute_realtime_ ? clock_.realtime() : clock_.now();
  const Nanos more = std::max<Nanos>(now - due_, 0) / interval_;
  ticks_ += more;
  expired_ = false;
  due_ = After(due_ + more * interval_, interval_);
  Arm();
}

Nanos TimerFd::Remaining() const {
  return expiry_.armed() ? std::max<Nanos>(expiry_.deadline() - clock_.now(), 0)
                         : 0;
}

abi::itimerspec TimerFd::Get() {
  CatchUp();
  CountPeriods();
  return {.it_interval = ToTimespec(interval_),
          .it_value = ToTimespec(Remaining())};
}

Result<size_t> TimerFd::Read(Task&, IovIter& to, uint64_t) {
  if (to.remaining() < sizeof(ticks_)) return Errno(EINVAL);
  CatchUp();
  if (std::exchange(canceled_, false)) {
    ticks_ = 0;
    expired_ = false;
    return Errno(ECANCELED);
  }
  if (ticks_ == 0) return Errno(EAGAIN);
  CountPeriods();
  const uint64_t ticks = std::exchange(ticks_, 0);
  expired_ = false;
  if (TRY(to.Put(&ticks, sizeof(ticks))) < sizeof(ticks)) return Errno(EFAULT);
  return sizeof(ticks);
}

Result<int64_t> TimerFd::Ioctl(Task& task, uint32_t request, GuestAddr arg) {
  if (request != kSetTicks) return Errno(ENOTTY);
  const uint64_t ticks = TRY(task.Read(UserPtr<const uint64_t>(arg)));
  if (ticks == 0) return Errno(EINVAL);
  if (canceled_) return Errno(ECANCELED);
  ticks_ = ticks;
  wait_.Wake(POLLIN);
  return 0;
}

uint32_t TimerFd::Poll(Task&) {
  CatchUp();
  return ticks_ > 0 || canceled_ ? POLLIN : 0;
}

std::string TimerFd::FdInfo() {
  const abi::timespec left = ToTimespec(Remaining());
  const abi::timespec interval = ToTimespec(interval_);
  return absl::StrFormat(
      "clockid: %d\nticks: %u\nsettime flags: 0%o\n"
      "it_value: (%d, %d)\nit_interval: (%d, %d)\n",
      clock_id_, ticks_, settime_flags_, left.tv_sec, left.tv_nsec,
      interval.tv_sec, interval.tv_nsec);
}

}  // namespace emu
