// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>

#include "kernel/fs/pidfd.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/ptrace_access.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// pidfd_open(2).
Result<Fd> sys_pidfd_open(Task& task, Pid pid, uint32_t flags) {
  constexpr uint32_t kKnown = O_NONBLOCK | kPidfdThread;
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  if (pid <= 0) return Errno(EINVAL);
  Task* target = task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  const bool thread = (flags & kPidfdThread) != 0;
  if (!thread && !target->IsLeader()) return Errno(ENOENT);
  std::shared_ptr<PidFd> file = NewPidFd(task, static_cast<int>(flags));
  thread ? file->AttachThread(*target) : file->Attach(target->process());
  return task.AddFd(std::move(file), /*cloexec=*/true);
}

// pidfd_getfd(2).
Result<Fd> sys_pidfd_getfd(Task& task, Fd pidfd, Fd fd, uint32_t flags) {
  if (flags != 0) return Errno(EINVAL);
  const std::shared_ptr<PidFd> file = TRY(GetPidFd(task, pidfd));
  Task* target = file->task();
  if (target == nullptr) return Errno(ESRCH);
  if (target->state() == Task::State::kDead) {
    if (file->is_thread()) return Errno(ESRCH);
    target = file->process()->LiveTask();
    if (target == nullptr) return Errno(ESRCH);
  }
  if (!MayInspect(task, *target)) return Errno(EPERM);
  FileRef found = TRY(target->files->Get(fd));
  return task.AddFd(std::move(found), /*cloexec=*/true);
}

}  // namespace emu
