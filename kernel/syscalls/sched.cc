// SPDX-License-Identifier: Apache-2.0
//
// Processors and priorities: remembered and told again, but of no effect on the
// order in which tasks run.

#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/scheduled.h"
#include "kernel/task.h"

namespace emu {
namespace {

// The tasks that getpriority(2)'s arguments mean, in order of pid.
Result<std::vector<Task*>> FindAll(Task& task, int which, int who) {
  if (which < PRIO_PROCESS || which > PRIO_USER) return Errno(EINVAL);
  std::vector<Task*> found;
  if (which == PRIO_PROCESS) {
    found.push_back(TRY(FindScheduled(task, who)));
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
  if (!MaySchedule(task, target)) return Errno(EPERM);
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
  const Task* target = TRY(FindScheduled(task, tid));
  TRY(task.Write(mask, target->affinity & AllCpus(task)));
  return sizeof(uint64_t);
}

// sched_setaffinity(2).
Result<> sys_sched_setaffinity(Task& task, Pid tid, uint32_t size,
                               UserPtr<const uint64_t> mask) {
  uint64_t wanted = 0;
  TRY(task.mm->CopyIn(&wanted, mask.addr(),
                      std::min<size_t>(size, sizeof(wanted))));
  Task* target = TRY(FindScheduled(task, tid));
  if (!MaySchedule(task, *target)) return Errno(EPERM);
  if ((wanted & AllCpus(task)) == 0) return Errno(EINVAL);
  target->affinity = wanted & AllCpus(task);
  return {};
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
    if (!MaySchedule(task, *target)) return Errno(EPERM);
    target->io_priority = priority;
  }
  return {};
}

}  // namespace emu
