// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <utility>

#include "arch/abi/fcntl.h"
#include "kernel/fs/access.h"
#include "kernel/fs/async_io.h"
#include "kernel/fs/fd_table.h"
#include "kernel/fs/inotify.h"
#include "kernel/fs/lease.h"
#include "kernel/fs/pipe.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/lock.h"
#include "kernel/syscalls/memfd.h"
#include "kernel/task.h"

namespace emu {
namespace {

Result<Fd> DupTo(Task& task, Fd oldfd, Fd newfd, bool cloexec) {
  FileRef file = TRY(task.GetAnyFile(oldfd));
  FileRef closed = TRY(task.files->Put(newfd, std::move(file), cloexec,
                                       task.process().limit(RLIMIT_NOFILE)));
  if (closed != nullptr) closed->OnClose(task);
  return newfd;
}

Result<Fd> DupFrom(Task& task, const FileRef& file, uint64_t lowest,
                   bool cloexec) {
  if (lowest >= task.process().limit(RLIMIT_NOFILE)) return Errno(EINVAL);
  return task.AddFd(file, cloexec, static_cast<int>(lowest));
}

Result<> SetStatusFlags(Task& task, FileDescription& file, Fd fd, int flags) {
  if ((flags & O_NOATIME) != 0 && (file.flags() & O_NOATIME) == 0 &&
      !OwnsOrCapable(*task.creds, file.inode())) {
    return Errno(EPERM);
  }
  if (((file.flags() ^ flags) & O_ASYNC) != 0) {
    SetAsync(task, file, fd, (flags & O_ASYNC) != 0);
  }
  file.set_status_flags(flags);
  return {};
}

// F_SETOWN_EX's types.
constexpr int kOwnerThread = 0;
constexpr int kOwnerProcess = 1;
constexpr int kOwnerGroup = 2;

Result<int64_t> SetOwnerEx(Task& task, FileDescription& file, GuestAddr arg) {
  const auto owner = TRY(task.Read(UserPtr<const abi::f_owner_ex>(arg)));
  if (owner.type < kOwnerThread || owner.type > kOwnerGroup) {
    return Errno(EINVAL);
  }
  if (owner.pid < 0) return Errno(ESRCH);
  TRY(SetFileOwner(task, file,
                   owner.type == kOwnerGroup ? -owner.pid : owner.pid,
                   owner.type == kOwnerThread));
  return int64_t{0};
}

Result<int64_t> GetOwnerEx(Task& task, FileDescription& file, GuestAddr arg) {
  abi::f_owner_ex owner{};
  owner.type = file.owner.id < 0   ? kOwnerGroup
               : file.owner.thread ? kOwnerThread
                                   : kOwnerProcess;
  owner.pid = std::abs(file.owner.id);
  TRY(task.Write(UserPtr<abi::f_owner_ex>(arg), owner));
  return int64_t{0};
}

Result<int64_t> PipeSize(Task& task, FileDescription& file, int cmd,
                         uint64_t arg) {
  PipeEnd* end = FileAs<PipeEnd>(file);
  if (end == nullptr) return Errno(EBADF);
  if (cmd == F_GETPIPE_SZ) return end->pipe().size();
  return end->pipe().SetSize(task, static_cast<uint32_t>(arg));
}

Result<int64_t> SetSignal(FileDescription& file, uint64_t arg) {
  if (arg > static_cast<uint64_t>(kSignals)) return Errno(EINVAL);
  file.owner.signal = static_cast<int>(arg);
  return int64_t{0};
}

}  // namespace

// close(2).
Result<> sys_close(Task& task, Fd fd) {
  const FileRef file = TRY(task.files->Remove(fd));
  if (!file->path_only()) file->OnClose(task);
  return {};
}

// close_range(2).
Result<> sys_close_range(Task& task, uint32_t first, uint32_t last,
                         uint32_t flags) {
  if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) != 0 ||
      first > last) {
    return Errno(EINVAL);
  }
  if ((flags & CLOSE_RANGE_UNSHARE) != 0 && task.files.use_count() > 1) {
    task.files = task.files->Copy();
  }
  const uint64_t end =
      std::min<uint64_t>(task.files->size(), uint64_t{last} + 1);
  for (uint64_t n = first; n < end; ++n) {
    const Fd fd{static_cast<int32_t>(n)};
    if (task.files->Peek(fd) == nullptr) continue;
    if ((flags & CLOSE_RANGE_CLOEXEC) != 0) {
      TRY(task.files->SetCloexec(fd, true));
    } else {
      TRY(sys_close(task, fd));
    }
  }
  return {};
}

// dup(2).
Result<Fd> sys_dup(Task& task, Fd fd) {
  FileRef file = TRY(task.GetAnyFile(fd));
  return task.AddFd(std::move(file), false);
}

// dup2(2).
Result<Fd> sys_dup2(Task& task, Fd oldfd, Fd newfd) {
  if (oldfd == newfd) {
    TRY(task.GetAnyFile(oldfd));
    return newfd;
  }
  return DupTo(task, oldfd, newfd, false);
}

// dup3(2).
Result<Fd> sys_dup3(Task& task, Fd oldfd, Fd newfd, int flags) {
  if ((flags & ~O_CLOEXEC) != 0 || oldfd == newfd) return Errno(EINVAL);
  return DupTo(task, oldfd, newfd, (flags & O_CLOEXEC) != 0);
}

// fcntl(2).
Result<int64_t> sys_fcntl(Task& task, Fd fd, int cmd, uint64_t arg) {
  const FileRef file = TRY(task.GetAnyFile(fd));
  switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC: {
      const Fd made = TRY(DupFrom(task, file, static_cast<uint32_t>(arg),
                                  cmd == F_DUPFD_CLOEXEC));
      return int64_t{made.value};
    }
    case F_GETFD: {
      const bool cloexec = TRY(task.files->GetCloexec(fd));
      return int64_t{cloexec ? FD_CLOEXEC : 0};
    }
    case F_SETFD:
      TRY(task.files->SetCloexec(fd, (arg & FD_CLOEXEC) != 0));
      return int64_t{0};
    case F_GETFL:
      return int64_t{file->flags()};
    default:
      break;
  }
  if (file->path_only()) return Errno(EBADF);
  switch (cmd) {
    case F_SETFL:
      TRY(SetStatusFlags(task, *file, fd, static_cast<int>(arg)));
      return int64_t{0};
    case F_GETOWN:
      return int64_t{file->owner.id};
    case F_SETOWN:
      TRY(SetFileOwner(task, *file, static_cast<int32_t>(arg)));
      return int64_t{0};
    case F_GETOWN_EX:
      return GetOwnerEx(task, *file, arg);
    case F_SETOWN_EX:
      return SetOwnerEx(task, *file, arg);
    case F_GETSIG:
      return int64_t{file->owner.signal};
    case F_SETSIG:
      return SetSignal(*file, arg);
    case F_GETPIPE_SZ:
    case F_SETPIPE_SZ:
      return PipeSize(task, *file, cmd, arg);
    case F_SETLK:
    case F_SETLKW:
    case F_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case F_OFD_GETLK:
      return FcntlLock(task, fd, file, cmd, arg);
    case F_GET_SEALS:
      return GetSeals(*file);
    case F_ADD_SEALS:
      return AddSeals(*file, arg);
    case F_SETLEASE:
      TRY(SetLease(task, fd, *file, static_cast<int>(arg)));
      return int64_t{0};
    case F_GETLEASE:
      return int64_t{GetLease(task, *file)};
    case F_NOTIFY:
      TRY(SetDirectoryNotice(task, fd, *file, static_cast<uint32_t>(arg)));
      return int64_t{0};
    default:
      return Errno(EINVAL);
  }
}

// ioctl(2).
Result<int64_t> sys_ioctl(Task& task, Fd fd, uint32_t request, uint64_t arg) {
  const FileRef file = TRY(task.GetFile(fd));
  switch (request) {
    case FIOCLEX:
    case FIONCLEX:
      TRY(task.files->SetCloexec(fd, request == FIOCLEX));
      return int64_t{0};
    case FIONBIO:
    case FIOASYNC: {
      const int32_t on = TRY(task.Read(UserPtr<const int32_t>(arg)));
      const int flag = request == FIONBIO ? O_NONBLOCK : O_ASYNC;
      const int flags = file->flags();
      TRY(SetStatusFlags(task, *file, fd,
                         on != 0 ? flags | flag : flags & ~flag));
      return int64_t{0};
    }
    default:
      return file->Ioctl(task, request, arg);
  }
}

}  // namespace emu
