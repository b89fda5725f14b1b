// SPDX-License-Identifier: Apache-2.0

#include "arch/abi/epoll.h"

#include <limits.h>
#include <linux/capability.h>
#include <sys/epoll.h>

#include <memory>

#include "kernel/fs/anonymous.h"
#include "kernel/fs/epoll.h"
#include "kernel/kernel.h"
#include "kernel/signal/send.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/poll_wait.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// What may accompany EPOLLEXCLUSIVE.
constexpr uint32_t kExclusiveAllows = EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP |
                                      EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE;

Result<> CheckExclusive(int op, uint32_t events, FileDescription& target) {
  if ((events & EPOLLEXCLUSIVE) == 0) return {};
  if (op == EPOLL_CTL_MOD) return Errno(EINVAL);
  if (op == EPOLL_CTL_ADD &&
      (FileAs<Epoll>(target) != nullptr || (events & ~kExclusiveAllows) != 0)) {
    return Errno(EINVAL);
  }
  return {};
}

// epoll_wait and its kin, once the mask and the time limit are set.
Result<int> WaitForEvents(Task& task, Fd epfd, UserPtr<abi::epoll_event> events,
                          int maxevents) {
  const FileRef file = TRY(task.GetFile(epfd));
  if (maxevents <= 0 ||
      maxevents > static_cast<int>(INT_MAX / sizeof(abi::epoll_event))) {
    return Errno(EINVAL);
  }
  const GuestAddr highest = task.mm->space().highest();
  const uint64_t length = maxevents * sizeof(abi::epoll_event);
  if (events.addr() > highest || length > highest - events.addr()) {
    return Errno(EFAULT);
  }
  Epoll* epoll = FileAs<Epoll>(*file);
  if (epoll == nullptr) return Errno(EINVAL);
  const int found = TRY(epoll->Collect(task, events, maxevents));
  if (found > 0 || task.DeadlinePassed()) return found;
  task.OnSignal(EINTR);
  task.WaitOn(*epoll->wait_queue());
  return task.Block();
}

std::optional<Nanos> Milliseconds(int timeout) {
  if (timeout < 0) return std::nullopt;
  return Nanos{timeout} * 1'000'000;
}

}  // namespace

// epoll_create(2).
Result<Fd> sys_epoll_create(Task& task, int size) {
  if (size <= 0) return Errno(EINVAL);
  return sys_epoll_create1(task, 0);
}

// epoll_create1(2).
Result<Fd> sys_epoll_create1(Task& task, int flags) {
  if (flags & ~EPOLL_CLOEXEC) return Errno(EINVAL);
  auto epoll =
      std::make_shared<Epoll>(task.kernel().subsystems().anonymous.NewPath(
          AnonymousKind::kInode, "[eventpoll]", 0600, *task.creds));
  return task.AddFd(std::move(epoll), (flags & EPOLL_CLOEXEC) != 0);
}

// epoll_ctl(2).
Result<> sys_epoll_ctl(Task& task, Fd epfd, int op, Fd fd,
                       UserPtr<const abi::epoll_event> event) {
  abi::epoll_event wanted = {};
  if (op != EPOLL_CTL_DEL) wanted = TRY(task.Read(event));
  const FileRef file = TRY(task.GetFile(epfd));
  const FileRef target = TRY(task.GetFile(fd));
  if (!target->pollable()) return Errno(EPERM);
  if (!task.creds->Has(CAP_BLOCK_SUSPEND)) wanted.events &= ~EPOLLWAKEUP;
  Epoll* epoll = FileAs<Epoll>(*file);
  if (epoll == nullptr || target == file) return Errno(EINVAL);
  TRY(CheckExclusive(op, wanted.events, *target));
  switch (op) {
    case EPOLL_CTL_ADD:
      return epoll->Add(task, fd.value, *target, wanted);
    case EPOLL_CTL_MOD:
      return epoll->Modify(task, fd.value, *target, wanted);
    case EPOLL_CTL_DEL:
      return epoll->Remove(fd.value, *target);
    default:
      return Errno(EINVAL);
  }
}

// epoll_wait(2).
Result<int> sys_epoll_wait(Task& task, Fd epfd,
                           UserPtr<abi::epoll_event> events, int maxevents,
                           int timeout) {
  LimitWait(task, Milliseconds(timeout));
  return WaitForEvents(task, epfd, events, maxevents);
}

// epoll_pwait(2).
Result<int> sys_epoll_pwait(Task& task, Fd epfd,
                            UserPtr<abi::epoll_event> events, int maxevents,
                            int timeout, UserPtr<const uint64_t> sigmask,
                            size_t sigsetsize) {
  TRY(UseMaskWhileWaiting(task, sigmask, sigsetsize));
  return sys_epoll_wait(task, epfd, events, maxevents, timeout);
}

// epoll_pwait2(2).
Result<int> sys_epoll_pwait2(Task& task, Fd epfd,
                             UserPtr<abi::epoll_event> events, int maxevents,
                             UserPtr<const abi::timespec> timeout,
                             UserPtr<const uint64_t> sigmask,
                             size_t sigsetsize) {
  const std::optional<Nanos> limit = TRY(ReadTimeout(task, timeout));
  TRY(UseMaskWhileWaiting(task, sigmask, sigsetsize));
  LimitWait(task, limit);
  return WaitForEvents(task, epfd, events, maxevents);
}

}  // namespace emu
