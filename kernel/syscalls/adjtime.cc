// SPDX-License-Identifier: Apache-2.0
//
// adjtimex(2) and clock_adjtime(2).

#include <linux/capability.h>
#include <sys/timex.h>
#include <time.h>

#include "arch/abi/timex.h"
#include "kernel/clocks.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr uint32_t kAdjtime = 0x8000;   // ADJ_ADJTIME
constexpr uint32_t kSingleShot = 1;     // of ADJ_OFFSET_SINGLESHOT
constexpr uint32_t kReadOnly = 0x2000;  // of ADJ_OFFSET_SS_READ
// More would overflow (PPM_SCALE).
constexpr int64_t kMostFrequency = INT64_MAX / 65'536'000;

// timekeeping_validate_timex().
Result<> Check(const Task& task, const abi::timex& wanted) {
  const uint32_t modes = wanted.modes;
  const bool may = task.creds->Has(CAP_SYS_TIME);
  if ((modes & kAdjtime) != 0) {
    if ((modes & kSingleShot) == 0) return Errno(EINVAL);
    if ((modes & kReadOnly) == 0 && !may) return Errno(EPERM);
  } else {
    if (modes != 0 && !may) return Errno(EPERM);
    if ((modes & ADJ_TICK) != 0 &&
        (wanted.tick < 9'000 || wanted.tick > 11'000)) {
      return Errno(EINVAL);
    }
  }
  if ((modes & ADJ_SETOFFSET) != 0) {
    if (!may) return Errno(EPERM);
    const int64_t most = (modes & ADJ_NANO) != 0 ? kNanosPerSecond : 1'000'000;
    if (wanted.time.tv_usec < 0 || wanted.time.tv_usec >= most) {
      return Errno(EINVAL);
    }
  }
  if ((modes & ADJ_FREQUENCY) != 0 && (wanted.freq > kMostFrequency ||
                                       wanted.freq < -kMostFrequency)) {
    return Errno(EINVAL);
  }
  return {};
}

// ADJ_SETOFFSET. EINVAL: to before boot, or too far.
Result<> MoveClock(Task& task, const abi::timex& wanted) {
  constexpr int64_t kMostSeconds = kNever / kNanosPerSecond / 4;
  if (wanted.time.tv_sec > kMostSeconds ||
      wanted.time.tv_sec < -kMostSeconds) {
    return Errno(EINVAL);
  }
  const int64_t unit = (wanted.modes & ADJ_NANO) != 0 ? 1 : 1000;
  Clock& clock = task.clock();
  const Nanos by =
      wanted.time.tv_sec * kNanosPerSecond + wanted.time.tv_usec * unit;
  if (by > kNever - clock.realtime() || clock.realtime() + by < clock.now()) {
    return Errno(EINVAL);
  }
  clock.set_realtime(clock.realtime() + by);
  return {};
}

}  // namespace

// adjtimex(2).
Result<int> sys_adjtimex(Task& task, UserPtr<abi::timex> buf) {
  return sys_clock_adjtime(task, CLOCK_REALTIME, buf);
}

// clock_adjtime(2). What is set is forgotten, as the clock is exact: but for
// ADJ_SETOFFSET, which moves it.
Result<int> sys_clock_adjtime(Task& task, int clock, UserPtr<abi::timex> buf) {
  abi::timex state = TRY(task.Read(buf));
  if (clock != CLOCK_REALTIME) {
    const bool known = clock < 0 || FindClock(task, clock).ok();
    return Errno(known ? EOPNOTSUPP : EINVAL);
  }
  TRY(Check(task, state));
  task.clock().TickPolling();
  const uint32_t modes = state.modes;
  if ((modes & ADJ_SETOFFSET) != 0) TRY(MoveClock(task, state));
  state = {};
  state.modes = modes;
  state.status = STA_UNSYNC;
  state.maxerror = state.esterror = 16'000'000;
  state.constant = 2;
  state.precision = 1;
  state.tolerance = 32'768'000;
  state.tick = 10'000;
  state.time = ToTimeval(task.clock().realtime());
  TRY(task.Write(buf, state));
  return TIME_ERROR;
}

}  // namespace emu
