// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "arch/abi/file_attributes.h"
#include "arch/page_store.h"
#include "kernel/fs/access.h"
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

// Pages in [from, end) that hold data.
uint64_t CountDataPages(Inode& inode, uint64_t from, uint64_t end) {
  uint64_t pages = 0;
  while (from < end) {
    const Result<uint64_t> data = inode.SeekData(from, /*hole=*/false);
    if (!data.ok() || *data >= end) break;
    const Result<uint64_t> hole = inode.SeekData(*data, /*hole=*/true);
    const uint64_t to = hole.ok() ? std::min(*hole, end) : end;
    if (to <= *data) break;
    pages += (PageUp(to) - PageDown(*data)) / kPageSize;
    from = PageUp(to);
  }
  return pages;
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

// cachestat(2). What holds data is in the page cache, and all of it is where it
// belongs: nothing is to be written back.
Result<> sys_cachestat(Task& task, Fd fd,
                       UserPtr<const abi::cachestat_range> urange,
                       UserPtr<abi::cachestat> stat, uint32_t flags) {
  const FileRef file = TRY(task.GetFile(fd));
  const abi::cachestat_range range = TRY(task.Read(urange));
  Inode& inode = file->inode();
  if (!file->writable() && !OwnsOrCapable(*task.creds, inode) &&
      !CheckAccess(*task.creds, inode, kMayWrite).ok()) {
    return Errno(EPERM);
  }
  if (flags != 0) return Errno(EINVAL);
  abi::cachestat found = {};
  if (inode.IsRegular()) {
    const uint64_t size = inode.Size();
    const bool whole = range.len == 0 || range.len > size;
    const uint64_t from = std::min(PageDown(range.off), size);
    const uint64_t end = whole ? size : std::min(size, range.off + range.len);
    found.nr_cache = CountDataPages(inode, from, end);
  }
  return task.Write(stat, found);
}

}  // namespace emu
