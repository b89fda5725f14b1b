// SPDX-License-Identifier: Apache-2.0
//
// sched(7): remembered and told again, but of no effect on the order in which
// tasks run.

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "arch/abi/sched.h"
#include "arch/abi/time.h"
#include "arch/page_store.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/struct_in.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr int kDeadline = 6;  // SCHED_DEADLINE
constexpr size_t kFirstAttrSize = 48;  // SCHED_ATTR_SIZE_VER0
constexpr uint64_t kResetOnFork = 1;   // SCHED_FLAG_RESET_ON_FORK
constexpr uint64_t kKeepPolicy = 8, kKeepParams = 16;  // SCHED_FLAG_KEEP_*
constexpr Nanos kRoundRobin = 100'000'000;
constexpr Nanos kFairSlice = 3'000'000;

// 0 is the caller. ESRCH.
Result<Task*> Find(Task& task, Pid tid) {
  Task* found = tid == 0 ? &task : task.kernel().pids().FindTask(tid);
  if (found == nullptr || found->creds == nullptr) return Errno(ESRCH);
  return found;
}

bool OwnsOrNice(const Task& task, const Task& target) {
  return task.creds->euid == target.creds->euid ||
         task.creds->euid == target.creds->uid || task.creds->Has(CAP_SYS_NICE);
}

bool IsRealtime(int policy) {
  return policy == SCHED_FIFO || policy == SCHED_RR;
}

bool IsFair(int policy) {
  return policy == SCHED_OTHER || policy == SCHED_BATCH || policy == SCHED_IDLE;
}

// What sched_setscheduler and its kin come down to.
struct Wanted {
  int policy = 0;
  int priority = 0;
  bool reset_on_fork = false;
};

Result<> MaySchedule(const Task& task, const Task& target, const Wanted& w) {
  if (task.creds->Has(CAP_SYS_NICE)) return {};
  const uint64_t limit = target.process().limit(RLIMIT_RTPRIO);
  if (IsRealtime(w.policy)) {
    if (w.policy != target.sched_policy && limit == 0) return Errno(EPERM);
    if (w.priority > target.sched_priority &&
        static_cast<uint64_t>(w.priority) > limit) {
      return Errno(EPERM);
    }
  }
  if (w.policy == kDeadline) return Errno(EPERM);
  if (!OwnsOrNice(task, target)) return Errno(EPERM);
  if (target.sched_reset_on_fork && !w.reset_on_fork) return Errno(EPERM);
  return {};
}

Result<> Schedule(const Task& task, Task& target, const Wanted& w) {
  if (!IsFair(w.policy) && !IsRealtime(w.policy) && w.policy != kDeadline) {
    return Errno(EINVAL);
  }
  if (w.priority < 0 || w.priority > 99 ||
      IsRealtime(w.policy) != (w.priority != 0)) {
    return Errno(EINVAL);
  }
  TRY(MaySchedule(task, target, w));
  if (w.policy == kDeadline) return Errno(EINVAL);
  target.sched_policy = w.policy;
  target.sched_priority = w.priority;
  target.sched_reset_on_fork = w.reset_on_fork;
  return {};
}

Wanted Split(int policy, int priority) {
  return {.policy = policy & ~SCHED_RESET_ON_FORK,
          .priority = priority,
          .reset_on_fork = (policy & SCHED_RESET_ON_FORK) != 0};
}

// RLIMIT_NICE's 1..40 are 19..-20.
bool MayNice(const Task& task, const Task& target, int nice) {
  const uint64_t limit = target.process().limit(RLIMIT_NICE);
  return nice >= target.nice || static_cast<uint64_t>(20 - nice) <= limit ||
         task.creds->Has(CAP_SYS_NICE);
}

// The tasks that getpriority(2)'s arguments mean, in order of pid.
Result<std::vector<Task*>> FindAll(Task& task, int which, int who) {
  if (which < PRIO_PROCESS || which > PRIO_USER) return Errno(EINVAL);
  std::vector<Task*> found;
  if (which == PRIO_PROCESS) {
    found.push_back(TRY(Find(task, who)));
    return found;
  }
  const Pid pgid = who != 0 ? who : task.process().pgid;
  const Uid uid = who != 0 ? static_cast<Uid>(who) : task.creds->uid;
  for (const auto& [pid, process] : task.kernel().pids().processes()) {
    if (which == PRIO_PGRP && process->pgid != pgid) continue;
    for (const std::unique_ptr<Task>& thread : process->tasks) {
      if (which == PRIO_USER && thread->creds->uid != uid) continue;
      found.push_back(thread.get());
    }
  }
  if (found.empty()) return Errno(ESRCH);
  return found;
}

uint64_t AllCpus(const Task& task) {
  const int cpus = task.kernel().options().cpus;
  return cpus >= 64 ? ~uint64_t{0} : (uint64_t{1} << cpus) - 1;
}

Result<> SetNice(const Task& task, Task& target, int nice) {
  if (!OwnsOrNice(task, target)) return Errno(EPERM);
  if (!MayNice(task, target, nice)) return Errno(EACCES);
  target.nice = nice;
  return {};
}

}  // namespace

// sched_yield(2).
Result<> sys_sched_yield(Task& task) {
  task.kernel().scheduler().RequestYield();
  return {};
}

// sched_getaffinity(2).
Result<int> sys_sched_getaffinity(Task& task, Pid tid, uint32_t size,
                                  UserPtr<uint64_t> mask) {
  if (size < sizeof(uint64_t) || size % sizeof(uint64_t) != 0) {
    return Errno(EINVAL);
  }
  const Task* target = TRY(Find(task, tid));
  TRY(task.Write(mask, target->affinity & AllCpus(task)));
  return sizeof(uint64_t);
}

// sched_setaffinity(2).
Result<> sys_sched_setaffinity(Task& task, Pid tid, uint32_t size,
                               UserPtr<const uint64_t> mask) {
  uint64_t wanted = 0;
  TRY(task.mm->CopyIn(&wanted, mask.addr(),
                      std::min<size_t>(size, sizeof(wanted))));
  Task* target = TRY(Find(task, tid));
  if (!OwnsOrNice(task, *target)) return Errno(EPERM);
  if ((wanted & AllCpus(task)) == 0) return Errno(EINVAL);
  target->affinity = wanted & AllCpus(task);
  return {};
}

// sched_setscheduler(2).
Result<> sys_sched_setscheduler(Task& task, Pid tid, int policy,
                                UserPtr<const abi::sched_param> param) {
  if (policy < 0) return Errno(EINVAL);
  if (!param || tid < 0) return Errno(EINVAL);
  const abi::sched_param wanted = TRY(task.Read(param));
  Task* target = TRY(Find(task, tid));
  return Schedule(task, *target, Split(policy, wanted.sched_priority));
}

// sched_getscheduler(2).
Result<int> sys_sched_getscheduler(Task& task, Pid tid) {
  if (tid < 0) return Errno(EINVAL);
  const Task* target = TRY(Find(task, tid));
  return target->sched_policy |
         (target->sched_reset_on_fork ? SCHED_RESET_ON_FORK : 0);
}

// sched_setparam(2).
Result<> sys_sched_setparam(Task& task, Pid tid,
                            UserPtr<const abi::sched_param> param) {
  if (!param || tid < 0) return Errno(EINVAL);
  const abi::sched_param wanted = TRY(task.Read(param));
  Task* target = TRY(Find(task, tid));
  return Schedule(task, *target,
                  {.policy = target->sched_policy,
                   .priority = wanted.sched_priority,
                   .reset_on_fork = target->sched_reset_on_fork});
}

// sched_getparam(2).
Result<> sys_sched_getparam(Task& task, Pid tid,
                            UserPtr<abi::sched_param> param) {
  if (!param || tid < 0) return Errno(EINVAL);
  const Task* target = TRY(Find(task, tid));
  return task.Write(param, {target->sched_priority});
}

// sched_setattr(2).
Result<> sys_sched_setattr(Task& task, Pid tid, UserPtr<abi::sched_attr> uattr,
                           uint32_t flags) {
  if (!uattr || tid < 0 || flags != 0) return Errno(EINVAL);
  uint32_t size = TRY(task.Read(uattr.As<uint32_t>()));
  if (size == 0) size = kFirstAttrSize;
  if (size < kFirstAttrSize || size > kPageSize) {
    TRY(task.Write(uattr.As<uint32_t>(), sizeof(abi::sched_attr)));
    return Errno(E2BIG);
  }
  const abi::sched_attr attr = TRY(ReadStruct(task, uattr, size));
  if ((attr.sched_flags & ~uint64_t{0x7f}) != 0) return Errno(EINVAL);
  if (static_cast<int32_t>(attr.sched_policy) < 0) return Errno(EINVAL);
  Task* target = TRY(Find(task, tid));
  Wanted wanted = {
      .policy = static_cast<int>(attr.sched_policy),
      .priority = static_cast<int>(std::min<uint32_t>(attr.sched_priority,
                                                      INT32_MAX)),
      .reset_on_fork = (attr.sched_flags & kResetOnFork) != 0};
  if ((attr.sched_flags & kKeepPolicy) != 0) {
    wanted.policy = target->sched_policy;
  }
  if ((attr.sched_flags & kKeepParams) != 0) {
    wanted.priority = target->sched_priority;
  } else if (wanted.policy == SCHED_OTHER || wanted.policy == SCHED_BATCH) {
    const int nice = std::clamp(attr.sched_nice, -20, 19);
    if (!MayNice(task, *target, nice)) return Errno(EPERM);
    TRY(Schedule(task, *target, wanted));
    target->nice = nice;
    return {};
  }
  return Schedule(task, *target, wanted);
}

// sched_getattr(2).
Result<> sys_sched_getattr(Task& task, Pid tid, UserPtr<abi::sched_attr> uattr,
                           uint32_t size, uint32_t flags) {
  if (!uattr || tid < 0 || size > kPageSize || size < kFirstAttrSize ||
      flags != 0) {
    return Errno(EINVAL);
  }
  const Task* target = TRY(Find(task, tid));
  abi::sched_attr attr = {};
  attr.size = static_cast<uint32_t>(std::min<size_t>(size, sizeof(attr)));
  attr.sched_policy = static_cast<uint32_t>(target->sched_policy);
  attr.sched_flags = target->sched_reset_on_fork ? kResetOnFork : 0;
  if (IsRealtime(target->sched_policy)) {
    attr.sched_priority = static_cast<uint32_t>(target->sched_priority);
  } else {
    attr.sched_nice = target->nice;
    attr.sched_runtime = kFairSlice;
  }
  if (size > sizeof(attr) - sizeof(attr.sched_util_max)) {
    attr.sched_util_max = 1024;
  }
  return task.mm->CopyOut(uattr.addr(), &attr, attr.size);
}

// sched_get_priority_max(2).
Result<int> sys_sched_get_priority_max(Task&, int policy) {
  if (IsRealtime(policy)) return 99;
  if (IsFair(policy) || policy == kDeadline) return 0;
  return Errno(EINVAL);
}

// sched_get_priority_min(2).
Result<int> sys_sched_get_priority_min(Task&, int policy) {
  if (IsRealtime(policy)) return 1;
  if (IsFair(policy) || policy == kDeadline) return 0;
  return Errno(EINVAL);
}

// sched_rr_get_interval(2).
Result<> sys_sched_rr_get_interval(Task& task, Pid tid,
                                   UserPtr<abi::timespec> interval) {
  if (tid < 0) return Errno(EINVAL);
  const Task* target = TRY(Find(task, tid));
  Nanos length = kFairSlice;
  if (target->sched_policy == SCHED_RR) length = kRoundRobin;
  if (target->sched_policy == SCHED_FIFO) length = 0;
  return task.Write(interval, ToTimespec(length));
}

// getpriority(2), as the kernel tells it: 20 - nice.
Result<int> sys_getpriority(Task& task, int which, int who) {
  const std::vector<Task*> found = TRY(FindAll(task, which, who));
  int best = 0;
  for (const Task* target : found) best = std::max(best, 20 - target->nice);
  return best;
}

// setpriority(2).
Result<> sys_setpriority(Task& task, int which, int who, int nice) {
  const std::vector<Task*> found = TRY(FindAll(task, which, who));
  nice = std::clamp(nice, -20, 19);
  Result<> result;
  for (Task* target : found) {
    const Result<> set = SetNice(task, *target, nice);
    if (!set.ok()) result = set;
  }
  return result;
}

// ioprio_get(2).
Result<int> sys_ioprio_get(Task& task, int which, int who) {
  const std::vector<Task*> found = TRY(FindAll(task, which - 1, who));
  int best = 0;
  for (const Task* target : found) {
    if (best == 0 || target->io_priority < best) best = target->io_priority;
  }
  return best;
}

// ioprio_set(2).
Result<> sys_ioprio_set(Task& task, int which, int who, int priority) {
  constexpr int kRealtimeClass = 1, kIdleClass = 3, kLevels = 8;
  const int io_class = priority >> 13;
  const int level = priority & 7;
  if (io_class < 0 || io_class > kIdleClass || level >= kLevels ||
      (io_class == 0 && level != 0)) {
    return Errno(EINVAL);
  }
  if (io_class == kRealtimeClass && !task.creds->Has(CAP_SYS_ADMIN) &&
      !task.creds->Has(CAP_SYS_NICE)) {
    return Errno(EPERM);
  }
  const std::vector<Task*> found = TRY(FindAll(task, which - 1, who));
  for (Task* target : found) {
    if (!OwnsOrNice(task, *target)) return Errno(EPERM);
    target->io_priority = priority;
  }
  return {};
}

}  // namespace emu
