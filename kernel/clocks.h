// SPDX-License-Identifier: Apache-2.0
//
// clock_gettime(2)'s clocks by id: the system's, and those of processes' and
// threads' CPU time.

#ifndef KERNEL_CLOCKS_H_
#define KERNEL_CLOCKS_H_

#include <cstdint>

#include "arch/env.h"
#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class Task;

// An id of clock_gettime(2): of the constants there, or a CPU clock's with a
// process or thread in it.
using ClockId = int32_t;

// What a clock id means.
struct ClockKind {
  enum class Base {
    kMonotonic,  // and BOOTTIME: the clock's now()
    kRealtime,
    kCpu,  // CPU time: of `task` or its whole process
  };
  Base base = Base::kMonotonic;
  bool coarse = false;
  bool alarm = false;
  // Those that one cannot sleep on, nor make timers of.
  bool read_only = false;
  // kCpu.
  Task* task = nullptr;
  bool whole_process = false;
  bool user_only = false;  // CPUCLOCK_VIRT
};

// EINVAL: there is no such clock, process or thread. To be read alone, a process
// may also be named by the caller's own thread.
Result<ClockKind> FindClock(Task& task, ClockId id, bool to_read = false);
// Whether the id could be that of a CPU clock.
bool IsCpuClock(ClockId id);
// What it shows now.
Nanos ReadClock(Task& task, const ClockKind& clock);

}  // namespace emu

#endif  // KERNEL_CLOCKS_H_
