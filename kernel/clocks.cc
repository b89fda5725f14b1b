// SPDX-License-Identifier: Apache-2.0

#include "kernel/clocks.h"

#include <time.h>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr Nanos kCoarseTick = 4'000'000;  // at 250 Hz

// A CPU clock's id: the complement of the process or thread above three bits.
constexpr int kPerThread = 4;   // CPUCLOCK_PERTHREAD_MASK
constexpr int kKindMask = 3;    // CPUCLOCK_CLOCK_MASK
constexpr int kDescriptor = 3;  // CLOCKFD: of a descriptor's clock
constexpr int kKindProf = 0, kKindVirtual = 1, kKindScheduled = 2;

Result<ClockKind> FindCpuClock(Task& task, ClockId id, bool to_read) {
  const int kind = id & kKindMask;
  if (kind != kKindProf && kind != kKindVirtual && kind != kKindScheduled) {
    return Errno(EINVAL);
  }
  ClockKind clock;
  clock.base = ClockKind::Base::kCpu;
  clock.user_only = kind == kKindVirtual;
  clock.whole_process = (id & kPerThread) == 0;
  const Pid pid = ~(id >> 3);
  clock.task = pid == 0 ? &task : task.kernel().pids().FindTask(pid);
  if (clock.task == nullptr) return Errno(EINVAL);
  const bool own = &clock.task->process() == &task.process();
  if (clock.whole_process) {
    const bool self = to_read && clock.task == &task;
    if (pid != 0 && !clock.task->IsLeader() && !self) return Errno(EINVAL);
  } else if (!own) {
    return Errno(EINVAL);
  }
  return clock;
}

Nanos CpuTime(const ClockKind& clock) {
  const Task& task = *clock.task;
  const Process& process = task.process();
  const Nanos user =
      clock.whole_process ? process.user_time() : task.user_time;
  if (clock.user_only) return user;
  return user +
         (clock.whole_process ? process.system_time() : task.system_time);
}

}  // namespace

bool IsCpuClock(ClockId id) {
  return id == CLOCK_PROCESS_CPUTIME_ID || id == CLOCK_THREAD_CPUTIME_ID ||
         (id < 0 && (id & (kPerThread | kKindMask)) != kDescriptor);
}

Result<ClockKind> FindClock(Task& task, ClockId id, bool to_read) {
  if (id < 0) return FindCpuClock(task, id, to_read);
  ClockKind clock;
  switch (id) {
    case CLOCK_MONOTONIC:
    case CLOCK_BOOTTIME:
      return clock;
    case CLOCK_BOOTTIME_ALARM:
      clock.alarm = true;
      return clock;
    case CLOCK_MONOTONIC_RAW:
      clock.read_only = true;
      return clock;
    case CLOCK_MONOTONIC_COARSE:
      clock.coarse = clock.read_only = true;
      return clock;
    case CLOCK_REALTIME:
    case CLOCK_TAI:
      clock.base = ClockKind::Base::kRealtime;
      return clock;
    case CLOCK_REALTIME_ALARM:
      clock.base = ClockKind::Base::kRealtime;
      clock.alarm = true;
      return clock;
    case CLOCK_REALTIME_COARSE:
      clock.base = ClockKind::Base::kRealtime;
      clock.coarse = clock.read_only = true;
      return clock;
    case CLOCK_PROCESS_CPUTIME_ID:
    case CLOCK_THREAD_CPUTIME_ID:
      clock.base = ClockKind::Base::kCpu;
      clock.task = &task;
      clock.whole_process = id == CLOCK_PROCESS_CPUTIME_ID;
      return clock;
    default:
      return Errno(EINVAL);
  }
}

Nanos ReadClock(Task& task, const ClockKind& clock) {
  const Clock& system = task.clock();
  Nanos time = 0;
  switch (clock.base) {
    case ClockKind::Base::kMonotonic:
      time = system.now();
      break;
    case ClockKind::Base::kRealtime:
      time = system.realtime();
      break;
    case ClockKind::Base::kCpu:
      time = CpuTime(clock);
      break;
  }
  return clock.coarse ? time - time % kCoarseTick : time;
}

}  // namespace emu
