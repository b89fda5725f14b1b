// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>

#include "kernel/fs/pidfd.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/ptrace_access.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// pidfd_open(2). Differs: no PIDFD_THREAD.
Result<Fd> sys_pidfd_open(Task& task, Pid pid, uint32_t flags) {
  if ((flags & ~static_cast<uint32_t>(O_NONBLOCK)) != 0) return Errno(EINVAL);
  if (pid <= 0) return Errno(EINVAL);
  Task* target = task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  if (!target->IsLeader()) return Errno(EINVAL);
  std::shared_ptr<PidFd> file = NewPidFd(task, static_cast<int>(flags));
  file->Attach(target->process());
  return task.AddFd(std::move(file), /*cloexec=*/true);
}

// pidfd_getfd(2).
Result<Fd> sys_pidfd_getfd(Task& task, Fd pidfd, Fd fd, uint32_t flags) {
  if (flags != 0) return Errno(EINVAL);
  const std::shared_ptr<PidFd> file = TRY(GetPidFd(task, pidfd));
  Process* process = file->process();
  if (process == nullptr || process->zombie) return Errno(ESRCH);
  Task* target = process->LiveTask();
  if (!MayInspect(task, *target)) return Errno(EPERM);
  FileRef found = TRY(target->files->Get(fd));
  return task.AddFd(std::move(found), /*cloexec=*/true);
}

}  // namespace emu
