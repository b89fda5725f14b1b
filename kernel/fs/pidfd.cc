// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/pidfd.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_format.h"
#include "arch/abi/pidfd.h"
#include "kernel/fs/anonymous.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/procfs/namespaces.h"
#include "kernel/ptrace_access.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint32_t kMagic = 0xff;         // PIDFS_IOCTL_MAGIC
constexpr uint32_t kGetInfo = 11;         // PIDFD_GET_INFO's number
constexpr uint32_t kFirstInfoSize = 64;   // PIDFD_INFO_SIZE_VER0
constexpr uint64_t kInfoPid = 1, kInfoCreds = 2, kInfoCgroup = 4,
                   kInfoExit = 8;         // PIDFD_INFO_*
constexpr uint64_t kRootCgroup = 1;

void DescribeTask(const Task& target, abi::pidfd_info* info) {
  const Process& process = target.process();
  const Credentials& creds = *target.creds;
  info->mask |= kInfoPid | kInfoCreds | kInfoCgroup;
  info->cgroupid = kRootCgroup;
  info->pid = static_cast<uint32_t>(target.tid());
  info->tgid = static_cast<uint32_t>(process.pid());
  info->ppid = process.parent == nullptr
                   ? 0
                   : static_cast<uint32_t>(process.parent->pid());
  info->ruid = creds.uid;
  info->rgid = creds.gid;
  info->euid = creds.euid;
  info->egid = creds.egid;
  info->suid = creds.suid;
  info->sgid = creds.sgid;
  info->fsuid = creds.fsuid;
  info->fsgid = creds.fsgid;
}

}  // namespace

const char PidFd::kKind = 0;

PidFd::PidFd(Path path, int flags)
    : FileDescription(std::move(path), flags) {}

void PidFd::Attach(Process& process) {
  process_ = &process;
  pid_ = process.pid();
  process.ended.Add(end_waiter_);
}

void PidFd::AttachThread(Task& thread) {
  Attach(thread.process());
  thread_ = &thread;
  pid_ = thread.tid();
  thread.ended.Add(thread_waiter_);
}

// A process leaves its queues when it is destroyed, and the table of processes
// when it is reaped, a little earlier; a thread likewise.
Process* PidFd::process() const {
  if (!end_waiter_.queued()) return nullptr;
  if (is_thread() && task() == nullptr) return nullptr;
  PidNamespace& pids = process_->kernel().pids();
  return pids.FindProcess(process_->pid()) == process_ ? process_ : nullptr;
}

Task* PidFd::task() const {
  if (!is_thread()) {
    Process* const process = this->process();
    return process == nullptr ? nullptr : &process->leader();
  }
  if (!end_waiter_.queued() || !thread_waiter_.queued()) return nullptr;
  return process_->kernel().pids().FindTask(pid_) == thread_ ? thread_
                                                            : nullptr;
}

void PidFd::OnEnd() {
  exit_status_ = process_->exit_status;
  wait_.Wake();
}

uint32_t PidFd::Poll(Task&) {
  const Process* process = this->process();
  if (process == nullptr) return POLLIN | POLLRDNORM | POLLHUP;
  const bool ended = is_thread() ? task()->state() == Task::State::kDead
                                 : process->zombie;
  return ended ? POLLIN | POLLRDNORM : 0;
}

Result<int64_t> PidFd::Ioctl(Task& task, uint32_t request, GuestAddr arg) {
  if (_IOC_TYPE(request) != kMagic) return Errno(ENOTTY);
  const uint32_t number = _IOC_NR(request);
  if (number == kGetInfo && _IOC_DIR(request) == (_IOC_READ | _IOC_WRITE) &&
      _IOC_SIZE(request) >= kFirstInfoSize) {
    return GetInfo(task, _IOC_SIZE(request), arg);
  }
  if (request != _IO(kMagic, number) || number < 1 ||
      number > kNamespaceKinds) {
    return Errno(ENOTTY);
  }
  if (arg != 0) return Errno(EINVAL);
  Task* const target = this->task();
  if (target == nullptr || target->state() == Task::State::kDead) {
    return Errno(ESRCH);
  }
  if (!MayInspect(task, *target)) return Errno(EACCES);
  const FileRef file =
      TRY(OpenNamespace(task, static_cast<int>(number - 1)));
  const Fd fd = TRY(task.AddFd(file, /*cloexec=*/true));
  return fd.value;
}

Result<int64_t> PidFd::GetInfo(Task& task, uint32_t size, GuestAddr to) {
  if (to == 0) return Errno(EINVAL);
  const uint64_t asked = TRY(task.Read(UserPtr<const uint64_t>(to)));
  abi::pidfd_info info = {};
  const Task* const target = this->task();
  if (target != nullptr) {
    DescribeTask(*target, &info);
  } else if ((asked & kInfoExit) == 0) {
    return Errno(ESRCH);
  } else {
    // All that is left of one that has been reaped.
    info.mask = kInfoExit | kInfoCgroup;
    info.cgroupid = kRootCgroup;
    info.exit_code = exit_status_;
  }
  std::string bytes(reinterpret_cast<const char*>(&info), sizeof(info));
  bytes.resize(size);
  TRY(task.mm->CopyOut(to, bytes.data(), bytes.size()));
  return 0;
}

std::string PidFd::FdInfo() {
  const Pid pid = process() != nullptr ? pid_ : -1;
  return absl::StrFormat("Pid:\t%d\nNSpid:\t%d\n", pid, pid);
}

std::shared_ptr<PidFd> NewPidFd(Task& task, int flags) {
  return std::make_shared<PidFd>(
      task.kernel().subsystems().anonymous.NewPath(
          AnonymousKind::kInode, "[pidfd]", 0600, *task.creds),
      O_RDWR | (flags & (O_NONBLOCK | kPidfdThread)));
}

Result<std::shared_ptr<PidFd>> GetPidFd(Task& task, Fd fd) {
  const FileRef file = TRY(task.GetFile(fd));
  if (FileAs<PidFd>(*file) == nullptr) return Errno(EBADF);
  return std::static_pointer_cast<PidFd>(file);
}

}  // namespace emu
