// SPDX-License-Identifier: Apache-2.0
//
// Whom the calls of sched(7) are about, and who may make them.

#ifndef KERNEL_SYSCALLS_SCHEDULED_H_
#define KERNEL_SYSCALLS_SCHEDULED_H_

#include <linux/capability.h>
#include <sys/resource.h>

#include "arch/result.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {

// 0 is the caller. ESRCH.
inline Result<Task*> FindScheduled(Task& task, Pid tid) {
  Task* found = tid == 0 ? &task : task.kernel().pids().FindTask(tid);
  if (found == nullptr || found->creds == nullptr) return Errno(ESRCH);
  return found;
}

inline bool MaySchedule(const Task& task, const Task& target) {
  return task.creds->euid == target.creds->euid ||
         task.creds->euid == target.creds->uid || task.creds->Has(CAP_SYS_NICE);
}

// RLIMIT_NICE's 1..40 are 19..-20.
inline bool NiceLimitAllows(const Task& target, int nice) {
  return static_cast<uint64_t>(20 - nice) <=
         target.process().limit(RLIMIT_NICE);
}

inline bool MayNice(const Task& task, const Task& target, int nice) {
  return nice >= target.nice || NiceLimitAllows(target, nice) ||
         task.creds->Has(CAP_SYS_NICE);
}

}  // namespace emu

#endif  // KERNEL_SYSCALLS_SCHEDULED_H_
