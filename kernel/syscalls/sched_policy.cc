// SPDX-License-Identifier: Apache-2.0
//
// sched(7)'s policies: remembered and told again, but of no effect on the order
// in which tasks run.

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>

#include "arch/abi/sched.h"
#include "arch/abi/time.h"
#include "arch/page_store.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/scheduled.h"
#include "kernel/syscalls/struct_in.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr int kDeadline = 6;           // SCHED_DEADLINE
constexpr size_t kFirstAttrSize = 48;  // SCHED_ATTR_SIZE_VER0

// SCHED_FLAG_*.
constexpr uint64_t kResetOnFork = 1;
constexpr uint64_t kDeadlineFlags = 6;  // _RECLAIM, _DL_OVERRUN
constexpr uint64_t kKeepPolicy = 8, kKeepParams = 16;
constexpr uint64_t kUtilClamp = 0x60;
constexpr uint64_t kAllFlags = 0x7f;

constexpr Nanos kRoundRobin = 100'000'000;
constexpr Nanos kFairSlice = 3'000'000;
constexpr Nanos kFairInterval = 4'000'000;  // a tick
constexpr uint64_t kShortestSlice = 100'000, kLongestSlice = 100'000'000;
// sysctl's sched_deadline_period_min_us and _max_us.
constexpr uint64_t kShortestPeriod = 100'000, kLongestPeriod = 4'194'304'000;
// Of each processor, this many thousandths are for tasks with deadlines.
constexpr uint64_t kDeadlineShare = 950;

bool IsRealtime(int policy) {
  return policy == SCHED_FIFO || policy == SCHED_RR;
}

// The policies to which nice means something.
bool IsFair(int policy) {
  return policy == SCHED_OTHER || policy == SCHED_BATCH;
}

bool IsPolicy(int policy) {
  return IsFair(policy) || IsRealtime(policy) || policy == SCHED_IDLE ||
         policy == kDeadline;
}

// __checkparam_dl().
bool IsValidDeadline(const abi::sched_attr& attr) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const uint64_t period =
      attr.sched_period != 0 ? attr.sched_period : attr.sched_deadline;
  return attr.sched_deadline != 0 && attr.sched_runtime >= 1024 &&
         (attr.sched_deadline & kSign) == 0 && (period & kSign) == 0 &&
         attr.sched_deadline <= period &&
         attr.sched_runtime <= attr.sched_deadline &&
         period >= kShortestPeriod && period <= kLongestPeriod;
}

// Millionths of a processor.
uint64_t Bandwidth(uint64_t runtime, uint64_t period) {
  return period == 0 ? 0 : runtime * 1'000'000 / period;
}

// Whether the processors can keep the promises made to all others and this one.
bool HasBandwidth(const Task& target, const abi::sched_attr& attr) {
  const Kernel& kernel = target.kernel();
  const uint64_t period =
      attr.sched_period != 0 ? attr.sched_period : attr.sched_deadline;
  uint64_t sum = Bandwidth(attr.sched_runtime, period);
  for (const auto& [pid, process] : target.kernel().pids().processes()) {
    for (const std::unique_ptr<Task>& other : process->tasks) {
      if (other.get() == &target || other->sched_policy != kDeadline) continue;
      sum += Bandwidth(other->sched_attributes.runtime,
                       other->sched_attributes.period);
    }
  }
  return sum <= kDeadlineShare * 1000 * kernel.options().cpus;
}

// What needs no CAP_SYS_NICE: user_check_sched_setscheduler().
bool IsAllowed(const Task& task, const Task& target,
               const abi::sched_attr& attr, int policy) {
  const bool reset_on_fork = (attr.sched_flags & kResetOnFork) != 0;
  if (IsFair(policy) && attr.sched_nice < target.nice &&
      !NiceLimitAllows(target, attr.sched_nice)) {
    return false;
  }
  const uint64_t limit = target.process().limit(RLIMIT_RTPRIO);
  if (IsRealtime(policy)) {
    if (policy != target.sched_policy && limit == 0) return false;
    const int priority = static_cast<int>(attr.sched_priority);
    if (priority > target.sched_priority && attr.sched_priority > limit) {
      return false;
    }
  }
  if (policy == kDeadline) return false;
  if (target.sched_policy == SCHED_IDLE && policy != SCHED_IDLE &&
      !NiceLimitAllows(target, target.nice)) {
    return false;
  }
  if (!MaySchedule(task, target)) return false;
  return !target.sched_reset_on_fork || reset_on_fork;
}

void Apply(Task& target, const abi::sched_attr& attr, int policy) {
  target.sched_reset_on_fork = (attr.sched_flags & kResetOnFork) != 0;
  // The policy counts as one of the parameters.
  if ((attr.sched_flags & kKeepParams) != 0) return;
  target.sched_policy = policy;
  target.sched_priority = static_cast<int>(attr.sched_priority);
  Task::SchedAttributes& kept = target.sched_attributes;
  if (policy == kDeadline) {
    kept.runtime = attr.sched_runtime;
    kept.deadline = attr.sched_deadline;
    kept.period =
        attr.sched_period != 0 ? attr.sched_period : attr.sched_deadline;
    kept.flags = attr.sched_flags & kDeadlineFlags;
  } else if (!IsRealtime(policy)) {
    if (IsFair(policy)) target.nice = attr.sched_nice;
    kept.slice = attr.sched_runtime == 0
                     ? 0
                     : std::clamp(attr.sched_runtime, kShortestSlice,
                                  kLongestSlice);
  }
}

// What all the calls that change a policy come down to: `attr.sched_policy`, or
// the task's own with kKeepPolicy.
Result<> Schedule(const Task& task, Task& target, abi::sched_attr attr) {
  int policy = static_cast<int>(attr.sched_policy);
  if ((attr.sched_flags & kKeepPolicy) != 0) {
    policy = target.sched_policy;
    attr.sched_flags &= ~kResetOnFork;
    if (target.sched_reset_on_fork) attr.sched_flags |= kResetOnFork;
  } else if (!IsPolicy(policy)) {
    return Errno(EINVAL);
  }
  if ((attr.sched_flags & ~kAllFlags) != 0) return Errno(EINVAL);
  if (attr.sched_priority > 99) return Errno(EINVAL);
  if ((policy == kDeadline && !IsValidDeadline(attr)) ||
      IsRealtime(policy) != (attr.sched_priority != 0)) {
    return Errno(EINVAL);
  }
  if (!task.creds->Has(CAP_SYS_NICE) &&
      !IsAllowed(task, target, attr, policy)) {
    return Errno(EPERM);
  }
  // As in a kernel built without them.
  if ((attr.sched_flags & kUtilClamp) != 0) return Errno(EOPNOTSUPP);
  if (policy == kDeadline && !HasBandwidth(target, attr)) return Errno(EBUSY);
  Apply(target, attr, policy);
  return {};
}

// What sched_getattr(2) says beyond policy and flags, and SCHED_FLAG_KEEP_PARAMS
// keeps.
void GetParameters(const Task& target, abi::sched_attr* attr) {
  const Task::SchedAttributes& kept = target.sched_attributes;
  if (target.sched_policy == kDeadline) {
    attr->sched_priority = static_cast<uint32_t>(target.sched_priority);
    attr->sched_runtime = kept.runtime;
    attr->sched_deadline = kept.deadline;
    attr->sched_period = kept.period;
    attr->sched_flags = (attr->sched_flags & ~kDeadlineFlags) | kept.flags;
  } else if (IsRealtime(target.sched_policy)) {
    attr->sched_priority = static_cast<uint32_t>(target.sched_priority);
  } else {
    attr->sched_nice = target.nice;
    attr->sched_runtime = kept.slice != 0 ? kept.slice : kFairSlice;
  }
}

// The older calls' arguments.
Result<> ScheduleByParam(Task& task, Pid tid, abi::sched_attr attr,
                         UserPtr<const abi::sched_param> param) {
  if (!param || tid < 0) return Errno(EINVAL);
  const abi::sched_param wanted = TRY(task.Read(param));
  Task* target = TRY(FindScheduled(task, tid));
  attr.sched_priority = static_cast<uint32_t>(wanted.sched_priority);
  attr.sched_nice = target->nice;
  attr.sched_runtime = target->sched_attributes.slice;
  return Schedule(task, *target, attr);
}

}  // namespace

// sched_setscheduler(2).
Result<> sys_sched_setscheduler(Task& task, Pid tid, int policy,
                                UserPtr<const abi::sched_param> param) {
  if (policy < 0) return Errno(EINVAL);
  abi::sched_attr attr = {};
  attr.sched_policy = static_cast<uint32_t>(policy & ~SCHED_RESET_ON_FORK);
  attr.sched_flags = (policy & SCHED_RESET_ON_FORK) != 0 ? kResetOnFork : 0;
  return ScheduleByParam(task, tid, attr, param);
}

// sched_getscheduler(2).
Result<int> sys_sched_getscheduler(Task& task, Pid tid) {
  if (tid < 0) return Errno(EINVAL);
  const Task* target = TRY(FindScheduled(task, tid));
  return target->sched_policy |
         (target->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

// sched_setparam(2).
Result<> sys_sched_setparam(Task& task, Pid tid,
                            UserPtr<const abi::sched_param> param) {
  abi::sched_attr attr = {};
  attr.sched_flags = kKeepPolicy;
  return ScheduleByParam(task, tid, attr, param);
}

// sched_getparam(2).
Result<> sys_sched_getparam(Task& task, Pid tid,
                            UserPtr<abi::sched_param> param) {
  if (!param || tid < 0) return Errno(EINVAL);
  const Task* target = TRY(FindScheduled(task, tid));
  return task.Write(param, {target->sched_priority});
}

// sched_setattr(2). Differs: no utilization clamps.
Result<> sys_sched_setattr(Task& task, Pid tid, UserPtr<abi::sched_attr> uattr,
                           uint32_t flags) {
  if (!uattr || tid < 0 || flags != 0) return Errno(EINVAL);
  uint32_t size = TRY(task.Read(uattr.As<uint32_t>()));
  if (size == 0) size = kFirstAttrSize;
  Result<abi::sched_attr> read = Errno(E2BIG);
  if (size >= kFirstAttrSize && size <= kPageSize) {
    read = ReadStruct(task, uattr, size);
  }
  if (!read.ok()) {
    if (read.error() == Errno(E2BIG)) {
      TRY(task.Write(uattr.As<uint32_t>(), sizeof(abi::sched_attr)));
    }
    return read.error();
  }
  abi::sched_attr attr = *read;
  if ((attr.sched_flags & kUtilClamp) != 0 && size < sizeof(attr)) {
    return Errno(EINVAL);
  }
  attr.sched_nice = std::clamp(attr.sched_nice, -20, 19);
  if (static_cast<int32_t>(attr.sched_policy) < 0) return Errno(EINVAL);
  Task* target = TRY(FindScheduled(task, tid));
  if ((attr.sched_flags & kKeepParams) != 0) GetParameters(*target, &attr);
  return Schedule(task, *target, attr);
}

// sched_getattr(2).
Result<> sys_sched_getattr(Task& task, Pid tid, UserPtr<abi::sched_attr> uattr,
                           uint32_t size, uint32_t flags) {
  if (!uattr || tid < 0 || size > kPageSize || size < kFirstAttrSize ||
      flags != 0) {
    return Errno(EINVAL);
  }
  const Task* target = TRY(FindScheduled(task, tid));
  abi::sched_attr attr = {};
  attr.size = static_cast<uint32_t>(std::min<size_t>(size, sizeof(attr)));
  attr.sched_policy = static_cast<uint32_t>(target->sched_policy);
  attr.sched_flags = target->sched_reset_on_fork ? kResetOnFork : 0;
  GetParameters(*target, &attr);
  return task.mm->CopyOut(uattr.addr(), &attr, attr.size);
}

// sched_get_priority_max(2).
Result<int> sys_sched_get_priority_max(Task&, int policy) {
  if (!IsPolicy(policy)) return Errno(EINVAL);
  return IsRealtime(policy) ? 99 : 0;
}

// sched_get_priority_min(2).
Result<int> sys_sched_get_priority_min(Task&, int policy) {
  if (!IsPolicy(policy)) return Errno(EINVAL);
  return IsRealtime(policy) ? 1 : 0;
}

// sched_rr_get_interval(2).
Result<> sys_sched_rr_get_interval(Task& task, Pid tid,
                                   UserPtr<abi::timespec> interval) {
  if (tid < 0) return Errno(EINVAL);
  const Task* target = TRY(FindScheduled(task, tid));
  Nanos length = 0;
  if (target->sched_policy == SCHED_RR) length = kRoundRobin;
  if (IsFair(target->sched_policy) || target->sched_policy == SCHED_IDLE) {
    length = kFairInterval;
  }
  return task.Write(interval, ToTimespec(length));
}

}  // namespace emu
