// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "arch/abi/fcntl.h"
#include "kernel/fs/access.h"
#include "kernel/fs/file_ops.h"
#include "kernel/fs/inotify.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/task.h"

namespace emu {
namespace {

// A listing is gathered before it is copied out; a guest may ask for more.
constexpr size_t kMostBytes = 1 << 20;

Result<> MakeDirectory(Task& task, Fd dirfd, UserCString pathname,
                       uint32_t mode) {
  const NameArgument name = TRY(ReadName(task, dirfd, pathname));
  TRY(CreateAt(task, name.at(), S_IFDIR | (mode & 01777)));
  return {};
}

// The two layouts of a record.
void AppendDirent64(std::string& out, const DirEntry& entry, size_t length) {
  abi::linux_dirent64 head{};
  head.d_ino = entry.ino;
  head.d_off = static_cast<int64_t>(entry.next);
  head.d_reclen = static_cast<uint16_t>(length);
  head.d_type = static_cast<uint8_t>(entry.mode >> 12);
  const size_t start = out.size();
  out.resize(start + length);
  memcpy(&out[start], &head, abi::kDirent64Name);
  memcpy(&out[start + abi::kDirent64Name], entry.name.data(),
         entry.name.size());
}

void AppendDirent(std::string& out, const DirEntry& entry, size_t length) {
  abi::linux_dirent head{};
  head.d_ino = entry.ino;
  head.d_off = entry.next;
  head.d_reclen = static_cast<uint16_t>(length);
  const size_t start = out.size();
  out.resize(start + length);
  memcpy(&out[start], &head, abi::kDirentName);
  memcpy(&out[start + abi::kDirentName], entry.name.data(), entry.name.size());
  out[start + length - 1] = static_cast<char>(entry.mode >> 12);
}

// getdents(2) and getdents64(2): `overhead` is a record's length beyond its
// name's.
template <typename Append>
Result<size_t> ListEntries(Task& task, Fd fd, GuestAddr to, uint32_t count,
                           size_t overhead, Append append) {
  const FileRef file = TRY(task.GetFile(fd));
  const size_t room = std::min<size_t>(count, kMostBytes);
  std::string bytes;
  bool full = false;
  uint64_t next = file->offset;
  TRY(file->List(task, [&](const DirEntry& entry) {
    const size_t length = (overhead + entry.name.size() + 7) & ~size_t{7};
    if (bytes.size() + length > room) {
      full = true;
      return false;
    }
    append(bytes, entry, length);
    next = entry.next;
    return true;
  }));
  if (bytes.empty() && full) return Errno(EINVAL);
  TRY(task.mm->CopyOut(to, bytes.data(), bytes.size()));
  file->offset = next;
  NotifyPath(IN_ACCESS, file->path());
  return bytes.size();
}

Result<> CheckEnter(Task& task, const Path& path) {
  if (!path.inode().IsDirectory()) return Errno(ENOTDIR);
  return CheckAccess(*task.creds, path.inode(), kMayExec);
}

}  // namespace

// mkdir(2).
Result<> sys_mkdir(Task& task, UserCString pathname, uint32_t mode) {
  return MakeDirectory(task, Fd{AT_FDCWD}, pathname, mode);
}

// mkdirat(2).
Result<> sys_mkdirat(Task& task, Fd dirfd, UserCString pathname,
                     uint32_t mode) {
  return MakeDirectory(task, dirfd, pathname, mode);
}

// rmdir(2).
Result<> sys_rmdir(Task& task, UserCString pathname) {
  const NameArgument name = TRY(ReadName(task, Fd{AT_FDCWD}, pathname));
  return RemoveDirectoryAt(task, name.at());
}

// getdents(2).
Result<size_t> sys_getdents(Task& task, Fd fd, UserPtr<char> dirp,
                            uint32_t count) {
  // The NUL and the type follow the name.
  return ListEntries(task, fd, dirp.addr(), count, abi::kDirentName + 2,
                     AppendDirent);
}

// getdents64(2).
Result<size_t> sys_getdents64(Task& task, Fd fd,
                              UserPtr<abi::linux_dirent64> dirp,
                              uint32_t count) {
  return ListEntries(task, fd, dirp.addr(), count, abi::kDirent64Name + 1,
                     AppendDirent64);
}

// getcwd(2).
Result<size_t> sys_getcwd(Task& task, UserPtr<char> buf, size_t size) {
  if (task.fs->cwd.dentry->deleted()) return Errno(ENOENT);
  const std::string name = PathName(task.fs->cwd, task.fs->root);
  if (name.size() + 1 > PATH_MAX) return Errno(ENAMETOOLONG);
  if (name.size() + 1 > size) return Errno(ERANGE);
  TRY(task.mm->CopyOut(buf.addr(), name.c_str(), name.size() + 1));
  return name.size() + 1;
}

// chdir(2).
Result<> sys_chdir(Task& task, UserCString name) {
  Path path = TRY(ResolveArgument(task, Fd{AT_FDCWD}, name, 0));
  TRY(CheckEnter(task, path));
  task.fs->cwd = std::move(path);
  return {};
}

// fchdir(2).
Result<> sys_fchdir(Task& task, Fd fd) {
  const FileRef file = TRY(task.GetAnyFile(fd));
  TRY(CheckEnter(task, file->path()));
  task.fs->cwd = file->path();
  return {};
}

// chroot(2).
Result<> sys_chroot(Task& task, UserCString name) {
  Path path = TRY(ResolveArgument(task, Fd{AT_FDCWD}, name, 0));
  TRY(CheckEnter(task, path));
  if (!task.creds->Has(CAP_SYS_CHROOT)) return Errno(EPERM);
  task.fs->root = std::move(path);
  return {};
}

// umask(2).
Result<uint32_t> sys_umask(Task& task, uint32_t mask) {
  return std::exchange(task.fs->umask, mask & 0777);
}

}  // namespace emu
