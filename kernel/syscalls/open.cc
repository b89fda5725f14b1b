// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <utility>

#include "arch/abi/fcntl.h"
#include "kernel/fs/file_ops.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

// What open(2) knows; it ignores other bits, openat2(2) refuses them.
constexpr int kOpenFlags =
    O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | O_NONBLOCK |
    O_DSYNC | O_SYNC | O_ASYNC | O_DIRECT | abi::kOLargeFile | O_DIRECTORY |
    O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | abi::kOTmpFileBit;
constexpr int kPathFlags = O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC;

// What rules out flags together, the same for both calls.
Result<> CheckFlags(int flags) {
  if ((flags & abi::kOTmpFileBit) != 0) {
    if ((flags & O_DIRECTORY) == 0 || (flags & O_CREAT) != 0) {
      return Errno(EINVAL);
    }
    if ((flags & O_ACCMODE) == O_RDONLY) return Errno(EINVAL);
  } else if ((flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT)) {
    return Errno(EINVAL);
  }
  return {};
}

Result<Fd> Open(Task& task, Fd dirfd, UserCString pathname, int flags,
                uint32_t mode, const ResolveFlags& how) {
  const std::string name = TRY(task.ReadPath(pathname));
  if (name.empty()) return Errno(ENOENT);
  if (task.files->Full(task.process().limit(RLIMIT_NOFILE))) {
    return Errno(EMFILE);
  }
  NameAt at{.start = Path(), .name = name};
  if (name[0] != '/' || how.in_root || how.beneath) {
    at.start = TRY(task.StartOf(dirfd));
  }
  FileRef file = TRY(OpenAt(task, at, flags, mode, how));
  return task.AddFd(std::move(file), (flags & O_CLOEXEC) != 0);
}

Result<Fd> OpenOld(Task& task, Fd dirfd, UserCString pathname, int flags,
                   uint32_t mode) {
  flags &= kOpenFlags;
  flags |= abi::kOLargeFile;
  if ((flags & O_PATH) != 0) flags &= kPathFlags;
  TRY(CheckFlags(flags));
  return Open(task, dirfd, pathname, flags, mode & 07777, {});
}

Result<abi::open_how> ReadHow(Task& task, UserPtr<const abi::open_how> from,
                              size_t size) {
  if (size < sizeof(abi::open_how)) return Errno(EINVAL);
  if (size > 4096) return Errno(E2BIG);
  const abi::open_how how = TRY(task.Read(from));
  // A longer struct of a later kernel: what this one does not know must be 0.
  const auto rest = TRY(task.ReadArray(
      UserPtr<const char>(from.addr() + sizeof(how)), size - sizeof(how)));
  if (std::any_of(rest.begin(), rest.end(), [](char c) { return c != 0; })) {
    return Errno(E2BIG);
  }
  return how;
}

Result<ResolveFlags> ScopeOf(uint64_t resolve) {
  constexpr uint64_t kKnown = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS |
                              RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH |
                              RESOLVE_IN_ROOT | RESOLVE_CACHED;
  if ((resolve & ~kKnown) != 0) return Errno(EINVAL);
  if ((resolve & RESOLVE_BENEATH) != 0 && (resolve & RESOLVE_IN_ROOT) != 0) {
    return Errno(EINVAL);
  }
  ResolveFlags how;
  how.no_xdev = (resolve & RESOLVE_NO_XDEV) != 0;
  how.no_automagic = (resolve & RESOLVE_NO_MAGICLINKS) != 0;
  how.no_symlinks = (resolve & RESOLVE_NO_SYMLINKS) != 0;
  how.beneath = (resolve & RESOLVE_BENEATH) != 0;
  how.in_root = (resolve & RESOLVE_IN_ROOT) != 0;
  return how;
}

}  // namespace

// open(2).
Result<Fd> sys_open(Task& task, UserCString pathname, int flags,
                    uint32_t mode) {
  return OpenOld(task, Fd{AT_FDCWD}, pathname, flags, mode);
}

// openat(2).
Result<Fd> sys_openat(Task& task, Fd dirfd, UserCString pathname, int flags,
                      uint32_t mode) {
  return OpenOld(task, dirfd, pathname, flags, mode);
}

// creat(2).
Result<Fd> sys_creat(Task& task, UserCString pathname, uint32_t mode) {
  return OpenOld(task, Fd{AT_FDCWD}, pathname, O_CREAT | O_WRONLY | O_TRUNC,
                 mode);
}

// openat2(2). RESOLVE_CACHED finds everything in memory.
Result<Fd> sys_openat2(Task& task, Fd dirfd, UserCString pathname,
                       UserPtr<const abi::open_how> from, size_t size) {
  const abi::open_how how = TRY(ReadHow(task, from, size));
  if ((how.flags & ~static_cast<uint64_t>(kOpenFlags)) != 0) {
    return Errno(EINVAL);
  }
  const int flags = static_cast<int>(how.flags);
  const ResolveFlags scope = TRY(ScopeOf(how.resolve));
  const bool creates = (flags & (O_CREAT | abi::kOTmpFileBit)) != 0;
  if (creates ? (how.mode & ~07777ull) != 0 : how.mode != 0) {
    return Errno(EINVAL);
  }
  if ((flags & O_PATH) != 0 && (flags & ~kPathFlags) != 0) {
    return Errno(EINVAL);
  }
  TRY(CheckFlags(flags));
  if ((how.resolve & RESOLVE_CACHED) != 0 &&
      (flags & (O_CREAT | O_TRUNC | abi::kOTmpFileBit)) != 0) {
    return Errno(EAGAIN);
  }
  return Open(task, dirfd, pathname, flags | abi::kOLargeFile,
              static_cast<uint32_t>(how.mode), scope);
}

}  // namespace emu
