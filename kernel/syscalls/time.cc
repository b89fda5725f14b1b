// SPDX-License-Identifier: Apache-2.0
//
// Reading and setting clocks, and sleeping by them.

#include <linux/capability.h>
#include <time.h>

#include <algorithm>

#include "arch/abi/time.h"
#include "kernel/clocks.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// A sleep that a signal may end says how long it had to go.
struct Sleep : CallScratch {
  explicit Sleep(UserPtr<abi::timespec> remaining) : remaining(remaining) {}
  void OnInterrupted(Task& task) override {
    const Nanos left =
        std::max<Nanos>(task.pending().deadline - task.clock().now(), 0);
    (void)task.Write(remaining, ToTimespec(left)).ok();
  }
  UserPtr<abi::timespec> remaining;
};

Result<> SleepUntil(Task& task, Nanos deadline, bool relative,
                    UserPtr<abi::timespec> remaining) {
  task.WaitUntil(deadline);
  if (relative && remaining && task.pending().scratch == nullptr) {
    task.pending().scratch = std::make_unique<Sleep>(remaining);
  }
  if (task.DeadlinePassed()) {
    task.kernel().scheduler().RequestYield();
    return {};
  }
  task.OnSignal(relative ? ERESTART_RESTARTBLOCK : ERESTARTNOHAND);
  return task.Block();
}

Result<> SetRealtime(Task& task, Nanos time) {
  if (!task.creds->Has(CAP_SYS_TIME)) return Errno(EPERM);
  task.clock().set_realtime(time);
  return {};
}

}  // namespace

// clock_gettime(2).
Result<> sys_clock_gettime(Task& task, int id, UserPtr<abi::timespec> time) {
  const ClockKind clock = TRY(FindClock(task, id));
  task.clock().TickPolling();
  return task.Write(time, ToTimespec(ReadClock(task, clock)));
}

// clock_getres(2).
Result<> sys_clock_getres(Task& task, int id, UserPtr<abi::timespec> res) {
  const ClockKind clock = TRY(FindClock(task, id));
  if (!res) return {};
  return task.Write(res, ToTimespec(clock.coarse ? 4'000'000 : 1));
}

// clock_settime(2).
Result<> sys_clock_settime(Task& task, int id,
                           UserPtr<const abi::timespec> time) {
  if (id != CLOCK_REALTIME) {
    // No other clock can be set; one's own CPU clock says so differently.
    const bool cpu = id < 0 && FindClock(task, id).ok();
    return Errno(cpu ? EPERM : EINVAL);
  }
  const abi::timespec wanted = TRY(task.Read(time));
  return SetRealtime(task, TRY(FromTimespec(wanted)));
}

// gettimeofday(2).
Result<> sys_gettimeofday(Task& task, UserPtr<abi::timeval> tv,
                          UserPtr<abi::timezone> tz) {
  task.clock().TickPolling();
  if (tv) TRY(task.Write(tv, ToTimeval(task.clock().realtime())));
  if (tz) TRY(task.Write(tz, {0, 0}));
  return {};
}

// settimeofday(2). The time zone is UTC and stays so.
Result<> sys_settimeofday(Task& task, UserPtr<const abi::timeval> tv,
                          UserPtr<const abi::timezone> tz) {
  Nanos time = 0;
  if (tv) {
    const abi::timeval wanted = TRY(task.Read(tv));
    if (wanted.tv_usec < 0 || wanted.tv_usec > 1'000'000) return Errno(EINVAL);
    time = TRY(FromTimespec({wanted.tv_sec, wanted.tv_usec * 1000}));
  }
  if (tz) (void)TRY(task.Read(tz));
  if (!tv) return task.creds->Has(CAP_SYS_TIME) ? Result<>() : Errno(EPERM);
  return SetRealtime(task, time);
}

// time(2).
Result<int64_t> sys_time(Task& task, UserPtr<int64_t> time) {
  task.clock().TickPolling();
  const int64_t seconds = task.clock().realtime() / kNanosPerSecond;
  if (time) TRY(task.Write(time, seconds));
  return seconds;
}

// nanosleep(2).
Result<> sys_nanosleep(Task& task, UserPtr<const abi::timespec> length,
                       UserPtr<abi::timespec> remaining) {
  if (task.pending().rerun) return SleepUntil(task, 0, true, remaining);
  const abi::timespec wanted = TRY(task.Read(length));
  return SleepUntil(task, After(task.clock().now(), TRY(FromTimespec(wanted))),
                    true, remaining);
}

// clock_nanosleep(2). Differs: no sleeping on CPU clocks.
Result<> sys_clock_nanosleep(Task& task, int id, int flags,
                             UserPtr<const abi::timespec> time,
                             UserPtr<abi::timespec> remaining) {
  const bool relative = (flags & TIMER_ABSTIME) == 0;
  if (task.pending().rerun) return SleepUntil(task, 0, relative, remaining);
  const ClockKind clock = TRY(FindClock(task, id));
  if (clock.read_only || clock.base == ClockKind::Base::kCpu) {
    return Errno(EOPNOTSUPP);
  }
  const abi::timespec wanted = TRY(task.Read(time));
  const Nanos length = TRY(FromTimespec(wanted));
  if (clock.alarm && !task.creds->Has(CAP_WAKE_ALARM)) return Errno(EPERM);
  return SleepUntil(task,
                    relative ? After(task.clock().now(), length)
                             : ToBootTime(task, clock, length),
                    relative, remaining);
}

}  // namespace emu
