// SPDX-License-Identifier: Apache-2.0
//
// getrlimit(2), setrlimit(2), prlimit(2).

#include <linux/capability.h>
#include <sys/resource.h>

#include <cstring>
#include <optional>

#include "arch/abi/resource.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kMostFiles = 1 << 20;  // /proc/sys/fs/nr_open

bool MayLimit(const Task& task, const Task& target) {
  if (&task.process() == &target.process()) return true;
  const Credentials& from = *task.creds;
  const Credentials& to = *target.creds;
  return from.Has(CAP_SYS_RESOURCE) ||
         (from.uid == to.euid && from.uid == to.suid && from.uid == to.uid &&
          from.gid == to.egid && from.gid == to.sgid && from.gid == to.gid);
}

// A memory map keeps the limits that it is to observe.
void TellMemory(Process& process) {
  for (const std::unique_ptr<Task>& task : process.tasks) {
    if (task->mm == nullptr) continue;
    task->mm->limits = {.address_space = process.limit(RLIMIT_AS),
                        .data = process.limit(RLIMIT_DATA),
                        .stack = process.limit(RLIMIT_STACK),
                        .locked = process.limit(RLIMIT_MEMLOCK)};
  }
}

Result<> Set(Task& task, Process& process, uint32_t resource,
             const abi::rlimit64& wanted) {
  if (wanted.rlim_cur > wanted.rlim_max) return Errno(EINVAL);
  if (resource == RLIMIT_NOFILE && wanted.rlim_max > kMostFiles) {
    return Errno(EPERM);
  }
  rlimit64& limit = process.limits[resource];
  if (wanted.rlim_max > limit.rlim_max && !task.creds->Has(CAP_SYS_RESOURCE)) {
    return Errno(EPERM);
  }
  limit = {wanted.rlim_cur, wanted.rlim_max};
  TellMemory(process);
  ArmCpuLimit(process);
  return {};
}

Result<abi::rlimit64> Limit(Task& task, Process& process, uint32_t resource,
                            const std::optional<abi::rlimit64>& wanted) {
  if (resource >= RLIM_NLIMITS) return Errno(EINVAL);
  const rlimit64 old = process.limits[resource];
  if (wanted) TRY(Set(task, process, resource, *wanted));
  return abi::rlimit64{old.rlim_cur, old.rlim_max};
}

}  // namespace

// getrlimit(2).
Result<> sys_getrlimit(Task& task, uint32_t resource,
                       UserPtr<abi::rlimit64> limit) {
  const abi::rlimit64 old =
      TRY(Limit(task, task.process(), resource, std::nullopt));
  return task.Write(limit, old);
}

// setrlimit(2).
Result<> sys_setrlimit(Task& task, uint32_t resource,
                       UserPtr<const abi::rlimit64> limit) {
  const abi::rlimit64 wanted = TRY(task.Read(limit));
  (void)TRY(Limit(task, task.process(), resource, wanted));
  return {};
}

// prlimit(2).
Result<> sys_prlimit64(Task& task, Pid pid, uint32_t resource,
                       UserPtr<const abi::rlimit64> new_limit,
                       UserPtr<abi::rlimit64> old_limit) {
  std::optional<abi::rlimit64> wanted;
  if (new_limit) wanted = TRY(task.Read(new_limit));
  Task* target = pid == 0 ? &task : task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  if (!MayLimit(task, *target)) return Errno(EPERM);
  const abi::rlimit64 old =
      TRY(Limit(task, target->process(), resource, wanted));
  if (old_limit) TRY(task.Write(old_limit, old));
  return {};
}

}  // namespace emu
