// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <sys/stat.h>

#include "kernel/fs/file_description.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

Result<> SyncFile(Task& task, Fd fd) {
  const FileRef file = TRY(task.GetFile(fd));
  const uint32_t type = file->inode().type();
  if (type != S_IFREG && type != S_IFDIR && type != S_IFBLK) {
    return Errno(EINVAL);
  }
  return file->inode().Sync();
}

}  // namespace

// sync(2). What a guest wrote is kept nowhere that it could get lost from.
Result<> sys_sync(Task&) { return {}; }

// syncfs(2).
Result<> sys_syncfs(Task& task, Fd fd) {
  TRY(task.GetFile(fd));
  return {};
}

// fsync(2).
Result<> sys_fsync(Task& task, Fd fd) { return SyncFile(task, fd); }

// fdatasync(2).
Result<> sys_fdatasync(Task& task, Fd fd) { return SyncFile(task, fd); }

// sync_file_range(2).
Result<> sys_sync_file_range(Task& task, Fd fd, int64_t offset, int64_t nbytes,
                             uint32_t flags) {
  constexpr uint32_t kKnown = SYNC_FILE_RANGE_WAIT_BEFORE |
                              SYNC_FILE_RANGE_WRITE |
                              SYNC_FILE_RANGE_WAIT_AFTER;
  const FileRef file = TRY(task.GetFile(fd));
  if ((flags & ~kKnown) != 0 || offset < 0 || nbytes < 0 ||
      nbytes > INT64_MAX - offset) {
    return Errno(EINVAL);
  }
  switch (file->inode().type()) {
    case S_IFREG:
    case S_IFBLK:
    case S_IFDIR:
    case S_IFLNK:
      return {};
    default:
      return Errno(ESPIPE);
  }
}

// readahead(2). Nothing is to be gained.
Result<> sys_readahead(Task& task, Fd fd, int64_t, size_t) {
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->readable()) return Errno(EBADF);
  const uint32_t type = file->inode().type();
  if (type != S_IFREG && type != S_IFBLK) return Errno(EINVAL);
  return {};
}

// fadvise64: posix_fadvise(2). Advice changes nothing.
Result<> sys_fadvise64(Task& task, Fd fd, int64_t, int64_t len, int advice) {
  const FileRef file = TRY(task.GetFile(fd));
  if (file->inode().type() == S_IFIFO) return Errno(ESPIPE);
  if (len < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE) {
    return Errno(EINVAL);
  }
  return {};
}

}  // namespace emu
