// SPDX-License-Identifier: Apache-2.0
//
// Sleeping: until the system's clock, or one of CPU time, has come so far.

#include <linux/capability.h>
#include <time.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "arch/abi/time.h"
#include "kernel/clocks.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

using Remaining = UserPtr<abi::timespec>;

// A sleep that a signal may end says how long it had to go.
struct Sleep : CallScratch {
  explicit Sleep(Remaining remaining) : remaining(remaining) {}
  void OnInterrupted(Task& task) override {
    const Nanos left =
        std::max<Nanos>(task.pending().deadline - task.clock().now(), 0);
    (void)task.Write(remaining, ToTimespec(left)).ok();
  }
  const Remaining remaining;
};

// Until a time of CLOCK_REALTIME, which may be set meanwhile.
struct RealtimeSleep : CallScratch {
  explicit RealtimeSleep(Nanos until) : until(until) {}
  const Nanos until;
};

// Until a process or thread has used so much CPU time.
class CpuSleep : public CallScratch, public Waiter {
 public:
  CpuSleep(const ClockKind& clock, Nanos until, Remaining remaining)
      : kernel_(clock.task->kernel()),
        clock_(clock),
        owner_(clock.whole_process ? clock.task->process().pid()
                                   : clock.task->tid()),
        until_(until),
        remaining_(remaining) {
    Process& process = clock.task->process();
    process.watches_cpu = true;
    process.cpu_used.Add(*this);
    clock_.task = nullptr;  // it may end
  }
  // What is used by one that ended no longer counts: nobody wakes this one.
  bool IsOver() const { return Left() == 0; }
  WaitQueue& over() { return over_; }

  // The call goes on, if it does, until the same time.
  void OnInterrupted(Task& task) override {
    task.pending().deadline = until_;
    if (remaining_) (void)task.Write(remaining_, ToTimespec(Left())).ok();
  }

 private:
  bool OnWake(uint32_t) override { return IsOver() && over_.Wake(); }
  Nanos Left() const {
    ClockKind clock = clock_;
    clock.task = kernel_.pids().FindTask(owner_);
    if (clock.task == nullptr) return until_;
    return std::max<Nanos>(until_ - ReadClock(*clock.task, clock), 0);
  }

  Kernel& kernel_;
  ClockKind clock_;
  const Pid owner_;
  const Nanos until_;
  const Remaining remaining_;
  WaitQueue over_;
};

Result<> SleepUntil(Task& task, Nanos deadline, bool relative,
                    Remaining remaining) {
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

Result<> SleepUntilRealtime(Task& task, Nanos until) {
  PendingSyscall& call = task.pending();
  if (call.scratch == nullptr) {
    call.scratch = std::make_unique<RealtimeSleep>(until);
  }
  until = static_cast<const RealtimeSleep&>(*call.scratch).until;
  Clock& clock = task.clock();
  call.deadline = until == kNever ? kNever : until - clock.realtime_offset();
  if (task.DeadlinePassed()) {
    task.kernel().scheduler().RequestYield();
    return {};
  }
  task.WaitOn(clock.realtime_set());
  task.OnSignal(ERESTARTNOHAND);
  return task.Block();
}

struct CpuSleepRequest {
  int id = 0;
  bool relative = false;
  Nanos length = 0;
  Remaining remaining;
};

Result<> SleepByCpu(Task& task, const CpuSleepRequest& request) {
  PendingSyscall& call = task.pending();
  if (call.scratch == nullptr) {
    const ClockKind clock = TRY(FindClock(task, request.id));
    // One's own thread uses no time while it sleeps.
    if (!clock.whole_process && clock.task == &task) return Errno(EINVAL);
    Nanos until = request.length;
    if (call.rerun) {
      until = std::exchange(call.deadline, kNever);
    } else if (request.relative) {
      until = After(ReadClock(task, clock), request.length);
    }
    call.scratch = std::make_unique<CpuSleep>(
        clock, until, request.relative ? request.remaining : Remaining());
  }
  auto& sleep = static_cast<CpuSleep&>(*call.scratch);
  if (sleep.IsOver()) return {};
  task.OnSignal(request.relative ? ERESTART_RESTARTBLOCK : ERESTARTNOHAND);
  task.WaitOn(sleep.over());
  return task.Block();
}

// EINVAL: there is no such clock; EOPNOTSUPP: one cannot sleep by it.
Result<> CheckSleepable(Task& task, int id) {
  if (id == CLOCK_THREAD_CPUTIME_ID) return Errno(EOPNOTSUPP);
  if (id < 0) return IsCpuClock(id) ? Result<>() : Errno(EOPNOTSUPP);
  const ClockKind clock = TRY(FindClock(task, id));
  return clock.read_only ? Errno(EOPNOTSUPP) : Result<>();
}

}  // namespace

// nanosleep(2).
Result<> sys_nanosleep(Task& task, UserPtr<const abi::timespec> length,
                       Remaining remaining) {
  if (task.pending().rerun) return SleepUntil(task, 0, true, remaining);
  const abi::timespec wanted = TRY(task.Read(length));
  return SleepUntil(task, After(task.clock().now(), TRY(FromTimespec(wanted))),
                    true, remaining);
}

// clock_nanosleep(2).
Result<> sys_clock_nanosleep(Task& task, int id, int flags,
                             UserPtr<const abi::timespec> time,
                             Remaining remaining) {
  const bool relative = (flags & TIMER_ABSTIME) == 0;
  Nanos length = 0;
  if (!task.pending().rerun) {
    TRY(CheckSleepable(task, id));
    const abi::timespec wanted = TRY(task.Read(time));
    length = TRY(FromTimespec(wanted));
  }
  if (IsCpuClock(id)) {
    return SleepByCpu(task, {id, relative, length, remaining});
  }
  const ClockKind clock = TRY(FindClock(task, id));
  if (clock.alarm && !task.creds->Has(CAP_WAKE_ALARM)) return Errno(EPERM);
  if (!relative && clock.base == ClockKind::Base::kRealtime) {
    return SleepUntilRealtime(task, length);
  }
  return SleepUntil(task,
                    relative ? After(task.clock().now(), length) : length,
                    relative, remaining);
}

}  // namespace emu
