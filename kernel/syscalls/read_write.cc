// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <limits.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "arch/abi/uio.h"
#include "arch/page_store.h"
#include "kernel/fs/access.h"
#include "kernel/fs/file_ops.h"
#include "kernel/fs/inotify.h"
#include "kernel/iov_iter.h"
#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

// A call moves at most this much.
constexpr uint64_t kMaxCount = INT32_MAX & ~(kPageSize - 1);

// One buffer of the guest's. EFAULT.
Result<IovIter> Buffer(Task& task, GuestAddr buf, size_t count) {
  const GuestAddr highest = task.mm->space().highest();
  if (buf > highest || count > highest - buf) return Errno(EFAULT);
  return IovIter(*task.mm, buf, std::min(count, kMaxCount));
}

// Where a transfer happens.
struct At {
  std::optional<int64_t> offset;  // none: at the description's own
  bool append = false;            // or by O_APPEND
  bool no_append = false;         // though the description has O_APPEND
  bool no_wait = false;
};

Result<> CheckAt(FileDescription& file, const At& at, uint64_t count) {
  if (!at.offset) return {};
  if (*at.offset < 0) return Errno(EINVAL);
  if (!file.seekable()) return Errno(ESPIPE);
  if (count > static_cast<uint64_t>(INT64_MAX - *at.offset)) {
    return Errno(EINVAL);
  }
  return {};
}

Result<size_t> ReadFile(Task& task, FileDescription& file, IovIter& to,
                        const At& at) {
  if (!file.readable()) return Errno(EBADF);
  TRY(CheckAt(file, at, to.remaining()));
  const uint64_t offset = at.offset ? *at.offset : file.offset;
  Result<size_t> count = task.Await(
      file, POLLIN, [&] { return file.Read(task, to, offset); }, at.no_wait);
  task.io.CountRead(count);
  if (!count.ok()) return count;
  if (!at.offset && file.seekable()) file.offset = offset + *count;
  if (*count > 0) NotifyPath(IN_ACCESS, file.path());
  return count;
}

Result<size_t> WriteFile(Task& task, FileDescription& file, IovIter& from,
                         const At& at) {
  if (!file.writable()) return Errno(EBADF);
  TRY(CheckAt(file, at, from.remaining()));
  uint64_t offset = at.offset ? *at.offset : file.offset;
  const bool seekable = file.seekable();
  const bool appends = (file.flags() & O_APPEND) != 0 && !at.no_append;
  if (seekable && (appends || at.append)) offset = file.inode().Size();
  Result<size_t> count = task.Await(
      file, POLLOUT, [&] { return file.Write(task, from, offset); },
      at.no_wait);
  task.io.CountWrite(count);
  if (!count.ok()) return count;
  if (!at.offset && seekable) file.offset = offset + *count;
  if (*count > 0) NotifyPath(IN_MODIFY, file.path());
  return count;
}

// RWF_* of preadv2(2) and pwritev2(2): those of Linux 6.12, but for the ones
// that a file system must offer (RWF_ATOMIC).
Result<At> AtOf(int64_t offset, int flags) {
  constexpr int kNoAppend = 0x20;  // RWF_NOAPPEND
  constexpr int kServed =
      RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | kNoAppend;
  if ((flags & ~kServed) != 0) return Errno(EOPNOTSUPP);
  if ((flags & RWF_APPEND) != 0 && (flags & kNoAppend) != 0) {
    return Errno(EINVAL);
  }
  At at;
  if (offset != -1) at.offset = offset;
  at.append = (flags & RWF_APPEND) != 0;
  at.no_append = (flags & kNoAppend) != 0;
  at.no_wait = (flags & RWF_NOWAIT) != 0;
  return at;
}

}  // namespace

// read(2).
Result<size_t> sys_read(Task& task, Fd fd, UserPtr<char> buf, size_t count) {
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->readable()) return Errno(EBADF);
  IovIter to = TRY(Buffer(task, buf.addr(), count));
  return ReadFile(task, *file, to, {});
}

// write(2).
Result<size_t> sys_write(Task& task, Fd fd, UserPtr<const char> buf,
                         size_t count) {
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->writable()) return Errno(EBADF);
  IovIter from = TRY(Buffer(task, buf.addr(), count));
  return WriteFile(task, *file, from, {});
}

// pread64(2).
Result<size_t> sys_pread64(Task& task, Fd fd, UserPtr<char> buf, size_t count,
                           int64_t offset) {
  if (offset < 0) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->seekable()) return Errno(ESPIPE);
  if (!file->readable()) return Errno(EBADF);
  IovIter to = TRY(Buffer(task, buf.addr(), count));
  return ReadFile(task, *file, to, {.offset = offset});
}

// pwrite64(2).
Result<size_t> sys_pwrite64(Task& task, Fd fd, UserPtr<const char> buf,
                            size_t count, int64_t offset) {
  if (offset < 0) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->seekable()) return Errno(ESPIPE);
  if (!file->writable()) return Errno(EBADF);
  IovIter from = TRY(Buffer(task, buf.addr(), count));
  return WriteFile(task, *file, from, {.offset = offset});
}

// readv(2).
Result<size_t> sys_readv(Task& task, Fd fd, UserPtr<const abi::iovec> iov,
                         size_t iovcnt) {
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->readable()) return Errno(EBADF);
  IovIter to = TRY(task.ReadIov(iov.addr(), iovcnt));
  return ReadFile(task, *file, to, {});
}

// writev(2).
Result<size_t> sys_writev(Task& task, Fd fd, UserPtr<const abi::iovec> iov,
                          size_t iovcnt) {
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->writable()) return Errno(EBADF);
  IovIter from = TRY(task.ReadIov(iov.addr(), iovcnt));
  return WriteFile(task, *file, from, {});
}

// preadv(2).
Result<size_t> sys_preadv(Task& task, Fd fd, UserPtr<const abi::iovec> iov,
                          size_t iovcnt, int64_t offset) {
  if (offset < 0) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->seekable()) return Errno(ESPIPE);
  if (!file->readable()) return Errno(EBADF);
  IovIter to = TRY(task.ReadIov(iov.addr(), iovcnt));
  return ReadFile(task, *file, to, {.offset = offset});
}

// pwritev(2).
Result<size_t> sys_pwritev(Task& task, Fd fd, UserPtr<const abi::iovec> iov,
                           size_t iovcnt, int64_t offset) {
  if (offset < 0) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->seekable()) return Errno(ESPIPE);
  if (!file->writable()) return Errno(EBADF);
  IovIter from = TRY(task.ReadIov(iov.addr(), iovcnt));
  return WriteFile(task, *file, from, {.offset = offset});
}

// preadv2(2). The offset is whole in its first word on 64-bit machines.
Result<size_t> sys_preadv2(Task& task, Fd fd, UserPtr<const abi::iovec> iov,
                           size_t iovcnt, int64_t offset, uint64_t, int flags) {
  if (offset < -1) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if (offset != -1 && !file->seekable()) return Errno(ESPIPE);
  if (!file->readable()) return Errno(EBADF);
  IovIter to = TRY(task.ReadIov(iov.addr(), iovcnt));
  if (to.remaining() == 0) return size_t{0};
  const At at = TRY(AtOf(offset, flags));
  return ReadFile(task, *file, to, at);
}

// pwritev2(2).
Result<size_t> sys_pwritev2(Task& task, Fd fd, UserPtr<const abi::iovec> iov,
                            size_t iovcnt, int64_t offset, uint64_t,
                            int flags) {
  if (offset < -1) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if (offset != -1 && !file->seekable()) return Errno(ESPIPE);
  if (!file->writable()) return Errno(EBADF);
  IovIter from = TRY(task.ReadIov(iov.addr(), iovcnt));
  if (from.remaining() == 0) return size_t{0};
  const At at = TRY(AtOf(offset, flags));
  return WriteFile(task, *file, from, at);
}

// lseek(2).
Result<uint64_t> sys_lseek(Task& task, Fd fd, int64_t offset, int whence) {
  const FileRef file = TRY(task.GetFile(fd));
  if (whence < SEEK_SET || whence > SEEK_HOLE) return Errno(EINVAL);
  const uint64_t position = TRY(file->Seek(task, offset, whence));
  file->offset = position;
  return position;
}

// truncate(2).
Result<> sys_truncate(Task& task, UserCString path, int64_t length) {
  if (length < 0) return Errno(EINVAL);
  const std::string name = TRY(task.ReadPath(path));
  const Resolved at = TRY(Resolve(task, Path(), name, {}));
  return TruncatePath(task, at.path, length);
}

// ftruncate(2).
Result<> sys_ftruncate(Task& task, Fd fd, int64_t length) {
  if (length < 0) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if (!file->inode().IsRegular() || !file->writable()) return Errno(EINVAL);
  return ResizeFile(task, file->path(), length);
}

// fallocate(2).
Result<> sys_fallocate(Task& task, Fd fd, int mode, int64_t offset,
                       int64_t length) {
  const FileRef file = TRY(task.GetFile(fd));
  if (offset < 0 || length <= 0) return Errno(EINVAL);
  constexpr int kKnown = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
                         FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
                         FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
  if ((mode & ~kKnown) != 0) return Errno(EOPNOTSUPP);
  if ((mode & FALLOC_FL_PUNCH_HOLE) != 0 && (mode & FALLOC_FL_KEEP_SIZE) == 0) {
    return Errno(EOPNOTSUPP);
  }
  if (!file->writable()) return Errno(EBADF);
  Inode& inode = file->inode();
  if (inode.type() == S_IFIFO) return Errno(ESPIPE);
  if (inode.IsDirectory()) return Errno(EISDIR);
  if (!inode.IsRegular()) return Errno(ENODEV);
  if (length > INT64_MAX - offset) return Errno(EFBIG);
  const uint64_t end = offset + length;
  if ((mode & FALLOC_FL_KEEP_SIZE) == 0 && end > inode.Size() &&
      end > task.process().limit(RLIMIT_FSIZE)) {
    SendKernelSignal(task.process(), SIGXFSZ);
    return Errno(EFBIG);
  }
  TRY(inode.Allocate(mode, offset, length));
  TRY(NoteModified(task, inode));
  NotifyPath(IN_MODIFY, file->path());
  return {};
}

}  // namespace emu
