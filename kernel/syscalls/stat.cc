// SPDX-License-Identifier: Apache-2.0

#include "arch/abi/stat.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/stat.h>
#include <unistd.h>

#include <utility>

#include "kernel/fs/access.h"
#include "kernel/fs/stat.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/task.h"

namespace emu {
namespace {

Result<> StatAt(Task& task, Fd dirfd, UserCString pathname, int flags,
                UserPtr<abi::stat> statbuf) {
  const Path path = TRY(ResolveArgument(task, dirfd, pathname, flags));
  return task.Write(statbuf, StatOf(path.inode()));
}

// access(2) asks for the real ids, with the capabilities these would have.
Credentials RealCredentials(const Credentials& creds) {
  Credentials real = creds;
  real.fsuid = creds.uid;
  real.fsgid = creds.gid;
  real.effective = creds.uid == 0 ? creds.permitted : 0;
  return real;
}

Result<> AccessAt(Task& task, Fd dirfd, UserCString pathname, int mode,
                  int flags) {
  if ((mode & ~(R_OK | W_OK | X_OK)) != 0) return Errno(EINVAL);
  constexpr int kKnown = AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  const bool effective = (flags & AT_EACCESS) != 0;
  const CredentialsRef before = task.creds;
  const Credentials& creds = *before;
  const bool same = creds.uid == creds.fsuid && creds.gid == creds.fsgid;
  // The walk is made with the same rights.
  if (!effective && !same) {
    task.creds = std::make_shared<Credentials>(RealCredentials(creds));
  }
  Result<Path> path = ResolveArgument(task, dirfd, pathname, flags);
  Result<> allowed;
  if (!path.ok()) {
    allowed = path.error();
  } else if (mode != 0) {
    allowed = CheckPathAccess(*task.creds, *path, mode);
    // A read-only mount comes last.
    if (!allowed.ok() && allowed.error() == Errno(EROFS)) {
      Result<> rights = CheckAccess(*task.creds, path->inode(), mode);
      if (!rights.ok()) allowed = rights;
    }
  }
  task.creds = before;
  return allowed;
}

}  // namespace

// stat(2).
Result<> sys_stat(Task& task, UserCString pathname,
                  UserPtr<abi::stat> statbuf) {
  return StatAt(task, Fd{AT_FDCWD}, pathname, 0, statbuf);
}

// lstat(2).
Result<> sys_lstat(Task& task, UserCString pathname,
                   UserPtr<abi::stat> statbuf) {
  return StatAt(task, Fd{AT_FDCWD}, pathname, AT_SYMLINK_NOFOLLOW, statbuf);
}

// fstat(2).
Result<> sys_fstat(Task& task, Fd fd, UserPtr<abi::stat> statbuf) {
  FileDescription* file = task.files->Peek(fd);
  if (file == nullptr) return Errno(EBADF);
  return task.Write(statbuf, StatOf(file->inode()));
}

// newfstatat: fstatat(2).
Result<> sys_newfstatat(Task& task, Fd dirfd, UserCString pathname,
                        UserPtr<abi::stat> statbuf, int flags) {
  constexpr int kKnown = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT;
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  return StatAt(task, dirfd, pathname, flags, statbuf);
}

// statx(2).
Result<> sys_statx(Task& task, Fd dirfd, UserCString pathname, int flags,
                   uint32_t mask, UserPtr<abi::statx> statxbuf) {
  constexpr int kKnown = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT |
                         AT_STATX_SYNC_TYPE;
  if ((mask & STATX__RESERVED) != 0) return Errno(EINVAL);
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  if ((flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE) return Errno(EINVAL);
  const Path path = TRY(ResolveArgument(task, dirfd, pathname, flags));
  return task.Write(statxbuf, StatxOf(path, mask));
}

// statfs(2).
Result<> sys_statfs(Task& task, UserCString name, UserPtr<abi::statfs> buf) {
  const Path path = TRY(ResolveArgument(task, Fd{AT_FDCWD}, name, 0));
  return task.Write(buf, StatfsOf(path));
}

// fstatfs(2).
Result<> sys_fstatfs(Task& task, Fd fd, UserPtr<abi::statfs> buf) {
  const FileRef file = TRY(task.GetAnyFile(fd));
  return task.Write(buf, StatfsOf(file->path()));
}

// access(2).
Result<> sys_access(Task& task, UserCString pathname, int mode) {
  return AccessAt(task, Fd{AT_FDCWD}, pathname, mode, 0);
}

// faccessat(2), as the kernel has it: without flags.
Result<> sys_faccessat(Task& task, Fd dirfd, UserCString pathname, int mode) {
  return AccessAt(task, dirfd, pathname, mode, 0);
}

// faccessat2(2).
Result<> sys_faccessat2(Task& task, Fd dirfd, UserCString pathname, int mode,
                        int flags) {
  return AccessAt(task, dirfd, pathname, mode, flags);
}

}  // namespace emu
