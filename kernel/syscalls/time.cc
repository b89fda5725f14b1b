// SPDX-License-Identifier: Apache-2.0
//
// Reading and setting clocks.

#include <linux/capability.h>
#include <time.h>

#include "arch/abi/time.h"
#include "kernel/clocks.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

Result<> SetRealtime(Task& task, Nanos time) {
  // What leaves no room for a run of thirty years; and nothing was before boot.
  constexpr Nanos kLatest = kNever - 946'080'000 * kNanosPerSecond;
  if (time >= kLatest) return Errno(EINVAL);
  if (!task.creds->Has(CAP_SYS_TIME)) return Errno(EPERM);
  if (time < task.clock().now()) return Errno(EINVAL);
  task.clock().set_realtime(time);
  return {};
}

}  // namespace

// clock_gettime(2).
Result<> sys_clock_gettime(Task& task, int id, UserPtr<abi::timespec> time) {
  const ClockKind clock = TRY(FindClock(task, id, /*to_read=*/true));
  task.clock().TickPolling();
  return task.Write(time, ToTimespec(ReadClock(task, clock)));
}

// clock_getres(2).
Result<> sys_clock_getres(Task& task, int id, UserPtr<abi::timespec> res) {
  const ClockKind clock = TRY(FindClock(task, id));
  if (!res) return {};
  // CPU clocks of the kinds of old count in ticks.
  constexpr int kKind = 3, kScheduled = 2;
  const bool ticks = clock.coarse || (id < 0 && (id & kKind) != kScheduled);
  return task.Write(res, ToTimespec(ticks ? 4'000'000 : 1));
}

// clock_settime(2).
Result<> sys_clock_settime(Task& task, int id,
                           UserPtr<const abi::timespec> time) {
  // No other clock can be set; CPU clocks by process or thread say so last.
  if (id > CLOCK_REALTIME) return Errno(EINVAL);
  const abi::timespec wanted = TRY(task.Read(time));
  if (id < 0) return Errno(FindClock(task, id).ok() ? EPERM : EINVAL);
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

}  // namespace emu
