// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/pidfd.h"

#include <fcntl.h>
#include <poll.h>

#include "absl/strings/str_format.h"
#include "kernel/fs/anonymous.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {

const char PidFd::kKind = 0;

PidFd::PidFd(Path path, int flags)
    : FileDescription(std::move(path), flags) {}

void PidFd::Attach(Process& process) {
  process_ = &process;
  pid_ = process.pid();
  process.ended.Add(end_waiter_);
}

// A process leaves its queues when it is destroyed, and the table of processes
// when it is reaped, a little earlier.
Process* PidFd::process() const {
  if (!end_waiter_.queued()) return nullptr;
  return process_->kernel().pids().FindProcess(pid_) == process_ ? process_
                                                                : nullptr;
}

uint32_t PidFd::Poll(Task&) {
  const Process* process = this->process();
  if (process == nullptr) return POLLIN | POLLRDNORM | POLLHUP;
  return process->zombie ? POLLIN | POLLRDNORM : 0;
}

std::string PidFd::FdInfo() {
  const Pid pid = process() != nullptr ? pid_ : -1;
  return absl::StrFormat("Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

std::shared_ptr<PidFd> NewPidFd(Task& task, int flags) {
  return std::make_shared<PidFd>(
      task.kernel().subsystems().anonymous.NewPath(
          AnonymousKind::kInode, "[pidfd]", 0600, *task.creds),
      O_RDWR | (flags & O_NONBLOCK));
}

Result<std::shared_ptr<PidFd>> GetPidFd(Task& task, Fd fd) {
  const FileRef file = TRY(task.GetFile(fd));
  if (FileAs<PidFd>(*file) == nullptr) return Errno(EBADF);
  return std::static_pointer_cast<PidFd>(file);
}

}  // namespace emu
