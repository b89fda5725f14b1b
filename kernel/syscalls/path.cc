// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <utime.h>

#include <algorithm>
#include <optional>
#include <string>

#include "kernel/fs/access.h"
#include "kernel/fs/file_ops.h"
#include "kernel/fs/mount.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {

namespace abi {
struct utimbuf {
  int64_t actime;
  int64_t modtime;
};
}  // namespace abi

namespace {

Result<> MakeNode(Task& task, Fd dirfd, UserCString pathname, uint32_t mode,
                  uint32_t dev) {
  mode &= 0xffff;
  if ((mode & S_IFMT) == 0) mode |= S_IFREG;
  uint64_t rdev = 0;
  switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFIFO:
    case S_IFSOCK:
      break;
    case S_IFCHR:
    case S_IFBLK:
      // The call has the numbers as 8 bits of minor, 12 of major, 12 of minor.
      rdev = gnu_dev_makedev((dev >> 8) & 0xfff,
                             (dev & 0xff) | ((dev >> 12) & 0xfff00));
      if (!task.creds->Has(CAP_MKNOD) && !(S_ISCHR(mode) && dev == 0)) {
        return Errno(EPERM);
      }
      break;
    case S_IFDIR:
      return Errno(EPERM);
    default:
      return Errno(EINVAL);
  }
  const NameArgument name = TRY(ReadName(task, dirfd, pathname));
  TRY(CreateAt(task, name.at(), mode, rdev));
  return {};
}

Result<> MakeSymlink(Task& task, UserCString target, Fd dirfd,
                     UserCString linkpath) {
  const std::string text = TRY(task.ReadPath(target));
  if (text.empty()) return Errno(ENOENT);
  const NameArgument name = TRY(ReadName(task, dirfd, linkpath));
  TRY(CreateAt(task, name.at(), S_IFLNK | 0777, 0, text));
  return {};
}

Result<> MakeLink(Task& task, Fd olddirfd, UserCString oldpath, Fd newdirfd,
                  UserCString newpath, int flags) {
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
    return Errno(EINVAL);
  }
  const int how = (flags & AT_EMPTY_PATH) |
                  ((flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : AT_SYMLINK_NOFOLLOW);
  const Path from = TRY(ResolveArgument(task, olddirfd, oldpath, how));
  const NameArgument to = TRY(ReadName(task, newdirfd, newpath));
  return LinkAt(task, from, to.at());
}

Result<size_t> ReadLink(Task& task, Fd dirfd, UserCString pathname,
                        UserPtr<char> buf, int size) {
  if (size <= 0) return Errno(EINVAL);
  const NameArgument name =
      TRY(ReadName(task, dirfd, pathname, /*allow_empty=*/true));
  const Path path = TRY(Resolve(task, name.start, name.name,
                                {.follow_last = false, .allow_empty = true}))
                        .path;
  Inode& inode = path.inode();
  if (!inode.IsSymlink()) {
    return Errno(name.name.empty() ? ENOENT : EINVAL);
  }
  const std::string target = TRY(inode.ReadLink(&task));
  TouchAccessTime(task, *path.mount, inode);
  const size_t count = std::min<size_t>(target.size(), size);
  TRY(task.mm->CopyOut(buf.addr(), target.data(), count));
  return count;
}

Result<> Rename(Task& task, Fd olddirfd, UserCString oldpath, Fd newdirfd,
                UserCString newpath, uint32_t flags) {
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0) {
    return Errno(EINVAL);
  }
  if (flags == (RENAME_NOREPLACE | RENAME_EXCHANGE)) return Errno(EINVAL);
  const NameArgument from = TRY(ReadName(task, olddirfd, oldpath));
  const NameArgument to = TRY(ReadName(task, newdirfd, newpath));
  return RenameAt(task, from.at(), to.at(), flags);
}

Result<> ChangeModeAt(Task& task, Fd dirfd, UserCString pathname, uint32_t mode,
                      int flags) {
  const Path path = TRY(ResolveArgument(task, dirfd, pathname, flags));
  if (path.inode().IsSymlink()) return Errno(EOPNOTSUPP);
  return ChangeMode(task, path, mode);
}

Result<> ChangeOwnerAt(Task& task, Fd dirfd, UserCString pathname,
                       uint32_t owner, uint32_t group, int flags) {
  const Path path = TRY(ResolveArgument(task, dirfd, pathname, flags));
  return ChangeOwner(task, path, owner, group);
}

// One of utimensat(2)'s two times.
Result<std::optional<Nanos>> TimeOf(Task& task, const abi::timespec& t) {
  if (t.tv_nsec == UTIME_OMIT) return std::optional<Nanos>();
  if (t.tv_nsec == UTIME_NOW) {
    return std::optional<Nanos>(task.clock().realtime());
  }
  if (t.tv_nsec < 0 || t.tv_nsec >= kNanosPerSecond) return Errno(EINVAL);
  const int64_t most = kNever / kNanosPerSecond - 1;
  return std::optional<Nanos>(
      std::clamp(t.tv_sec, -most, most) * kNanosPerSecond + t.tv_nsec);
}

// `from` is utimensat(2)'s pair, or null.
Result<NewTimes> ReadTimes(Task& task, UserPtr<const abi::timespec> from) {
  if (!from) return NewTimes{.now = true};
  const auto pair = TRY(task.ReadArray(from, 2));
  NewTimes times;
  times.atime = TRY(TimeOf(task, pair[0]));
  times.mtime = TRY(TimeOf(task, pair[1]));
  times.now = pair[0].tv_nsec == UTIME_NOW && pair[1].tv_nsec == UTIME_NOW;
  return times;
}

Result<> SetTimevals(Task& task, Fd dirfd, UserCString pathname,
                     UserPtr<const abi::timeval> from) {
  NewTimes times{.now = true};
  if (from) {
    const auto pair = TRY(task.ReadArray(from, 2));
    for (const abi::timeval& t : pair) {
      if (t.tv_usec < 0 || t.tv_usec >= 1'000'000) return Errno(EINVAL);
    }
    times.now = false;
    times.atime = TRY(TimeOf(task, {pair[0].tv_sec, pair[0].tv_usec * 1000}));
    times.mtime = TRY(TimeOf(task, {pair[1].tv_sec, pair[1].tv_usec * 1000}));
  }
  Path path;
  if (!pathname && dirfd.value != AT_FDCWD) {
    path = TRY(task.GetFile(dirfd))->path();
  } else {
    path = TRY(ResolveArgument(task, dirfd, pathname, 0));
  }
  return ChangeTimes(task, path, times);
}

}  // namespace

// mknod(2).
Result<> sys_mknod(Task& task, UserCString pathname, uint32_t mode,
                   uint32_t dev) {
  return MakeNode(task, Fd{AT_FDCWD}, pathname, mode, dev);
}

// mknodat(2).
Result<> sys_mknodat(Task& task, Fd dirfd, UserCString pathname, uint32_t mode,
                     uint32_t dev) {
  return MakeNode(task, dirfd, pathname, mode, dev);
}

// link(2).
Result<> sys_link(Task& task, UserCString oldpath, UserCString newpath) {
  return MakeLink(task, Fd{AT_FDCWD}, oldpath, Fd{AT_FDCWD}, newpath, 0);
}

// linkat(2).
Result<> sys_linkat(Task& task, Fd olddirfd, UserCString oldpath, Fd newdirfd,
                    UserCString newpath, int flags) {
  return MakeLink(task, olddirfd, oldpath, newdirfd, newpath, flags);
}

// symlink(2).
Result<> sys_symlink(Task& task, UserCString target, UserCString linkpath) {
  return MakeSymlink(task, target, Fd{AT_FDCWD}, linkpath);
}

// symlinkat(2).
Result<> sys_symlinkat(Task& task, UserCString target, Fd newdirfd,
                       UserCString linkpath) {
  return MakeSymlink(task, target, newdirfd, linkpath);
}

// readlink(2).
Result<size_t> sys_readlink(Task& task, UserCString pathname, UserPtr<char> buf,
                            int bufsiz) {
  return ReadLink(task, Fd{AT_FDCWD}, pathname, buf, bufsiz);
}

// readlinkat(2).
Result<size_t> sys_readlinkat(Task& task, Fd dirfd, UserCString pathname,
                              UserPtr<char> buf, int bufsiz) {
  return ReadLink(task, dirfd, pathname, buf, bufsiz);
}

// unlink(2).
Result<> sys_unlink(Task& task, UserCString pathname) {
  const NameArgument name = TRY(ReadName(task, Fd{AT_FDCWD}, pathname));
  return UnlinkAt(task, name.at());
}

// unlinkat(2).
Result<> sys_unlinkat(Task& task, Fd dirfd, UserCString pathname, int flags) {
  if ((flags & ~AT_REMOVEDIR) != 0) return Errno(EINVAL);
  const NameArgument name = TRY(ReadName(task, dirfd, pathname));
  if ((flags & AT_REMOVEDIR) != 0) return RemoveDirectoryAt(task, name.at());
  return UnlinkAt(task, name.at());
}

// rename(2).
Result<> sys_rename(Task& task, UserCString oldpath, UserCString newpath) {
  return Rename(task, Fd{AT_FDCWD}, oldpath, Fd{AT_FDCWD}, newpath, 0);
}

// renameat(2).
Result<> sys_renameat(Task& task, Fd olddirfd, UserCString oldpath, Fd newdirfd,
                      UserCString newpath) {
  return Rename(task, olddirfd, oldpath, newdirfd, newpath, 0);
}

// renameat2(2). Differs: no RENAME_WHITEOUT.
Result<> sys_renameat2(Task& task, Fd olddirfd, UserCString oldpath,
                       Fd newdirfd, UserCString newpath, uint32_t flags) {
  return Rename(task, olddirfd, oldpath, newdirfd, newpath, flags);
}

// chmod(2).
Result<> sys_chmod(Task& task, UserCString pathname, uint32_t mode) {
  return ChangeModeAt(task, Fd{AT_FDCWD}, pathname, mode, 0);
}

// fchmod(2).
Result<> sys_fchmod(Task& task, Fd fd, uint32_t mode) {
  const FileRef file = TRY(task.GetFile(fd));
  return ChangeMode(task, file->path(), mode);
}

// fchmodat(2), as the kernel has it: without flags.
Result<> sys_fchmodat(Task& task, Fd dirfd, UserCString pathname,
                      uint32_t mode) {
  return ChangeModeAt(task, dirfd, pathname, mode, 0);
}

// fchmodat2(2).
Result<> sys_fchmodat2(Task& task, Fd dirfd, UserCString pathname,
                       uint32_t mode, uint32_t flags) {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
    return Errno(EINVAL);
  }
  return ChangeModeAt(task, dirfd, pathname, mode, static_cast<int>(flags));
}

// chown(2).
Result<> sys_chown(Task& task, UserCString pathname, uint32_t owner,
                   uint32_t group) {
  return ChangeOwnerAt(task, Fd{AT_FDCWD}, pathname, owner, group, 0);
}

// lchown(2).
Result<> sys_lchown(Task& task, UserCString pathname, uint32_t owner,
                    uint32_t group) {
  return ChangeOwnerAt(task, Fd{AT_FDCWD}, pathname, owner, group,
                       AT_SYMLINK_NOFOLLOW);
}

// fchown(2).
Result<> sys_fchown(Task& task, Fd fd, uint32_t owner, uint32_t group) {
  const FileRef file = TRY(task.GetFile(fd));
  return ChangeOwner(task, file->path(), owner, group);
}

// fchownat(2).
Result<> sys_fchownat(Task& task, Fd dirfd, UserCString pathname,
                      uint32_t owner, uint32_t group, int flags) {
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
    return Errno(EINVAL);
  }
  return ChangeOwnerAt(task, dirfd, pathname, owner, group, flags);
}

// utime(2).
Result<> sys_utime(Task& task, UserCString filename,
                   UserPtr<const abi::utimbuf> from) {
  NewTimes times{.now = true};
  if (from) {
    const abi::utimbuf pair = TRY(task.Read(from));
    times.now = false;
    times.atime = TRY(TimeOf(task, {pair.actime, 0}));
    times.mtime = TRY(TimeOf(task, {pair.modtime, 0}));
  }
  const Path path = TRY(ResolveArgument(task, Fd{AT_FDCWD}, filename, 0));
  return ChangeTimes(task, path, times);
}

// utimes(2).
Result<> sys_utimes(Task& task, UserCString filename,
                    UserPtr<const abi::timeval> times) {
  return SetTimevals(task, Fd{AT_FDCWD}, filename, times);
}

// futimesat(2).
Result<> sys_futimesat(Task& task, Fd dirfd, UserCString pathname,
                       UserPtr<const abi::timeval> times) {
  return SetTimevals(task, dirfd, pathname, times);
}

// utimensat(2).
Result<> sys_utimensat(Task& task, Fd dirfd, UserCString pathname,
                       UserPtr<const abi::timespec> from, int flags) {
  const NewTimes times = TRY(ReadTimes(task, from));
  if (from && !times.atime && !times.mtime) return {};
  if (!pathname && dirfd.value != AT_FDCWD) {
    if (flags != 0) return Errno(EINVAL);
    const FileRef file = TRY(task.GetFile(dirfd));
    return ChangeTimes(task, file->path(), times);
  }
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
    return Errno(EINVAL);
  }
  if (!pathname) return Errno(EFAULT);
  const Path path = TRY(ResolveArgument(task, dirfd, pathname, flags));
  return ChangeTimes(task, path, times);
}

}  // namespace emu
