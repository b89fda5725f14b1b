// SPDX-License-Identifier: Apache-2.0
//
// adjtimex(2) and clock_adjtime(2): the clock needs no adjustment.

#include <linux/capability.h>
#include <sys/timex.h>
#include <time.h>

#include "arch/abi/timex.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {

// adjtimex(2).
Result<int> sys_adjtimex(Task& task, UserPtr<abi::timex> buf) {
  return sys_clock_adjtime(task, CLOCK_REALTIME, buf);
}

// clock_adjtime(2). What is set is forgotten, but for nothing else is there a
// use: the clock is exact.
Result<int> sys_clock_adjtime(Task& task, int clock, UserPtr<abi::timex> buf) {
  if (clock < 0 || clock > CLOCK_TAI || clock == 10) return Errno(EINVAL);
  if (clock != CLOCK_REALTIME) return Errno(EOPNOTSUPP);
  abi::timex state = TRY(task.Read(buf));
  const bool reads = state.modes == 0 || state.modes == ADJ_OFFSET_SS_READ;
  if (!reads && !task.creds->Has(CAP_SYS_TIME)) return Errno(EPERM);
  task.clock().TickPolling();
  const uint32_t modes = state.modes;
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
