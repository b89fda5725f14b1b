// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/inotify.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/write_all.h"
#include "kernel/iov_iter.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kMaxCount = INT32_MAX & ~4095;
constexpr size_t kChunk = 64 * 1024;
constexpr unsigned kSpliceFlags =
    SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT;

// One side of a transfer that is not a pipe: a file at its own offset, or at
// one in guest memory. The place moves with each step, so that a call that
// waited goes on where it was.
class Side {
 public:
  static Result<Side> Make(Task& task, const FileRef& file,
                           UserPtr<int64_t> offset, int not_seekable) {
    Side side(file, offset);
    if (!offset) {
      side.position_ = static_cast<int64_t>(file->offset);
      return side;
    }
    if (!file->seekable()) return Errno(not_seekable);
    side.position_ = TRY(task.Read(offset));
    if (side.position_ < 0) return Errno(EINVAL);
    return side;
  }

  FileDescription& file() const { return *file_; }
  uint64_t position() const { return static_cast<uint64_t>(position_); }
  Result<> Advance(Task& task, size_t by) {
    position_ += static_cast<int64_t>(by);
    if (offset_) return task.Write(offset_, position_);
    if (file_->seekable()) file_->offset = position();
    return {};
  }
  Result<size_t> Read(Task& task, absl::Span<char> to) {
    IovIter iter(to);
    return file_->Read(task, iter, position());
  }
  Result<size_t> Write(Task& task, absl::Span<const char> from) {
    IovIter iter(from);
    return file_->Write(task, iter, position());
  }

 private:
  Side(const FileRef& file, UserPtr<int64_t> offset)
      : file_(file), offset_(offset) {}
  FileRef file_;
  UserPtr<int64_t> offset_;
  int64_t position_ = 0;
};

// What a transfer says when it can go no further now.
Result<size_t> Stopped(size_t done, Errno error) {
  if (done > 0) return done;
  return error;
}

// sendfile(2) and copy_file_range(2) are a read and a write.
Result<size_t> CountTransfer(Task& task, const Result<size_t>& count) {
  task.io.CountRead(count);
  task.io.CountWrite(count);
  return count;
}

void NotifyTransfer(FileDescription& from, FileDescription& to,
                    const Result<size_t>& count) {
  if (!count.ok() || *count == 0) return;
  NotifyPath(IN_ACCESS, from.path());
  NotifyPath(IN_MODIFY, to.path());
}

// Pipes.

struct PipeSide {
  Pipe& pipe;
  bool wait;
};

// Waits for `pipe`, or says EAGAIN.
Errno WaitForPipe(Task& task, const PipeSide& side, uint32_t events) {
  if (!side.wait) return Errno(EAGAIN);
  task.WaitOn(side.pipe.wait_queue(), events);
  return task.Block();
}

Result<size_t> PipeToFile(Task& task, const PipeSide& from, Side& to,
                          size_t count) {
  size_t done = 0;
  while (done < count) {
    if (from.pipe.empty()) break;
    absl::Span<const char> bytes = from.pipe.Front();
    bytes = bytes.subspan(0, std::min(bytes.size(), count - done));
    const Result<size_t> written = to.Write(task, bytes);
    if (!written.ok()) {
      if (done == 0 && written.error() == Errno(EAGAIN) && from.wait &&
          !to.file().nonblocking() && to.file().wait_queue() != nullptr) {
        task.WaitOn(*to.file().wait_queue(), POLLOUT);
        return task.Block();
      }
      return Stopped(done, written.error());
    }
    from.pipe.Consume(*written);
    TRY(to.Advance(task, *written));
    done += *written;
    if (*written < bytes.size()) break;
  }
  if (done > 0 || from.pipe.writers() == 0) return done;
  return WaitForPipe(task, from, POLLIN);
}

Result<size_t> FileToPipe(Task& task, Side& from, const PipeSide& to,
                          size_t count) {
  if (to.pipe.readers() == 0) {
    RaiseSigpipe(task);
    return Errno(EPIPE);
  }
  if (to.pipe.full()) return WaitForPipe(task, to, POLLOUT);
  size_t done = 0;
  char buffer[kPageSize];
  while (done < count && !to.pipe.full()) {
    const size_t want = std::min(count - done, sizeof(buffer));
    const Result<size_t> got = from.Read(task, absl::MakeSpan(buffer, want));
    if (!got.ok()) {
      WaitQueue* queue = from.file().wait_queue();
      if (done == 0 && got.error() == Errno(EAGAIN) && to.wait &&
          !from.file().nonblocking() && queue != nullptr) {
        task.WaitOn(*queue, POLLIN);
        return task.Block();
      }
      return Stopped(done, got.error());
    }
    if (*got == 0) break;
    IovIter iter(absl::MakeConstSpan(buffer, *got));
    const size_t put =
        TRY(to.pipe.Write(iter, /*packet=*/false, /*merge=*/false));
    TRY(from.Advance(task, put));
    done += put;
    if (put < want) break;
  }
  return done;
}

// splice and tee between pipes; `move` takes the bytes off the first.
Result<size_t> PipeToPipe(Task& task, const PipeSide& from, const PipeSide& to,
                          size_t count, bool move) {
  if (from.pipe.empty()) {
    if (from.pipe.writers() == 0) return size_t{0};
    return WaitForPipe(task, from, POLLIN);
  }
  const Result<size_t> moved = move ? to.pipe.MoveFrom(from.pipe, count)
                                    : to.pipe.CopyFrom(from.pipe, count);
  if (moved.ok()) return moved;
  if (moved.error() == Errno(EAGAIN)) return WaitForPipe(task, to, POLLOUT);
  if (moved.error() == Errno(EPIPE)) RaiseSigpipe(task);
  return moved;
}

bool Overlap(uint64_t a, uint64_t b, uint64_t count) {
  return a < b + count && b < a + count;
}

}  // namespace

// splice(2).
Result<size_t> sys_splice(Task& task, Fd fd_in, UserPtr<int64_t> off_in,
                          Fd fd_out, UserPtr<int64_t> off_out, size_t len,
                          uint32_t flags) {
  if (len == 0) return size_t{0};
  if ((flags & ~kSpliceFlags) != 0) return Errno(EINVAL);
  const FileRef in = TRY(task.GetFile(fd_in));
  const FileRef out = TRY(task.GetFile(fd_out));
  PipeEnd* from = FileAs<PipeEnd>(*in);
  PipeEnd* to = FileAs<PipeEnd>(*out);
  if ((from != nullptr && off_in) || (to != nullptr && off_out)) {
    return Errno(ESPIPE);
  }
  if (!in->readable() || !out->writable()) return Errno(EBADF);
  if (from == nullptr && to == nullptr) return Errno(EINVAL);
  const bool no_wait = (flags & SPLICE_F_NONBLOCK) != 0;
  const size_t count = std::min(len, kMaxCount);
  if (from != nullptr && to != nullptr) {
    if (&from->pipe() == &to->pipe()) return Errno(EINVAL);
    const bool wait = !no_wait && !in->nonblocking() && !out->nonblocking();
    return PipeToPipe(task, {from->pipe(), wait}, {to->pipe(), wait}, count,
                      /*move=*/true);
  }
  Result<size_t> moved(size_t{0});
  if (from != nullptr) {
    Side side = TRY(Side::Make(task, out, off_out, EINVAL));
    if ((out->flags() & O_APPEND) != 0) return Errno(EINVAL);
    moved = PipeToFile(task, {from->pipe(), !no_wait && !in->nonblocking()},
                       side, count);
  } else {
    Side side = TRY(Side::Make(task, in, off_in, EINVAL));
    if (in->inode().IsDirectory()) return Errno(EINVAL);
    moved = FileToPipe(task, side,
                       {to->pipe(), !no_wait && !out->nonblocking()}, count);
  }
  NotifyTransfer(*in, *out, moved);
  return moved;
}

// tee(2).
Result<size_t> sys_tee(Task& task, Fd fd_in, Fd fd_out, size_t len,
                       uint32_t flags) {
  if (len == 0) return size_t{0};
  if ((flags & ~kSpliceFlags) != 0) return Errno(EINVAL);
  const FileRef in = TRY(task.GetFile(fd_in));
  const FileRef out = TRY(task.GetFile(fd_out));
  if (!in->readable() || !out->writable()) return Errno(EBADF);
  PipeEnd* from = FileAs<PipeEnd>(*in);
  PipeEnd* to = FileAs<PipeEnd>(*out);
  if (from == nullptr || to == nullptr || &from->pipe() == &to->pipe()) {
    return Errno(EINVAL);
  }
  const bool wait = (flags & SPLICE_F_NONBLOCK) == 0 && !in->nonblocking() &&
                    !out->nonblocking();
  return PipeToPipe(task, {from->pipe(), wait}, {to->pipe(), wait},
                    std::min(len, kMaxCount), /*move=*/false);
}

// vmsplice(2). Pages are copied.
Result<size_t> sys_vmsplice(Task& task, Fd fd, UserPtr<const abi::iovec> iov,
                            size_t nr_segs, uint32_t flags) {
  if ((flags & ~kSpliceFlags) != 0) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  PipeEnd* end = FileAs<PipeEnd>(*file);
  if (end == nullptr) return Errno(EBADF);
  IovIter iter = TRY(task.ReadIov(iov.addr(), nr_segs));
  if (iter.remaining() == 0) return size_t{0};
  const PipeSide side = {
      end->pipe(), (flags & SPLICE_F_NONBLOCK) == 0 && !file->nonblocking()};
  const bool writes = file->writable();
  const Result<size_t> moved =
      writes ? side.pipe.Write(iter, /*packet=*/false, /*merge=*/false)
             : side.pipe.Read(iter);
  if (moved.ok()) return moved;
  if (moved.error() == Errno(EAGAIN)) {
    return WaitForPipe(task, side, writes ? POLLOUT : POLLIN);
  }
  if (moved.error() == Errno(EPIPE)) RaiseSigpipe(task);
  return moved;
}

// sendfile(2).
Result<size_t> sys_sendfile(Task& task, Fd out_fd, Fd in_fd,
                            UserPtr<int64_t> offset, size_t count) {
  const FileRef in = TRY(task.GetFile(in_fd));
  if (!in->readable()) return Errno(EBADF);
  Side from = TRY(Side::Make(task, in, offset, ESPIPE));
  const FileRef out = TRY(task.GetFile(out_fd));
  if (!out->writable()) return Errno(EBADF);
  if (!in->seekable() || in->inode().IsDirectory() ||
      (out->flags() & O_APPEND) != 0) {
    return Errno(EINVAL);
  }
  if (static_cast<int64_t>(count) < 0) return Errno(EINVAL);
  count = std::min(count, kMaxCount);
  Side to = TRY(Side::Make(task, out, UserPtr<int64_t>(), EINVAL));
  PendingSyscall& call = task.pending();
  std::string buffer(std::min(count, kChunk), '\0');
  while (call.done < count) {
    const size_t want = std::min<size_t>(count - call.done, buffer.size());
    const Result<size_t> got =
        from.Read(task, absl::MakeSpan(&buffer[0], want));
    if (!got.ok()) return CountTransfer(task, Stopped(call.done, got.error()));
    if (*got == 0) break;
    const Result<size_t> put =
        to.Write(task, absl::MakeConstSpan(buffer.data(), *got));
    if (!put.ok()) {
      WaitQueue* queue = out->wait_queue();
      if (put.error() != Errno(EAGAIN) || out->nonblocking() ||
          queue == nullptr) {
        return CountTransfer(task, Stopped(call.done, put.error()));
      }
      if (call.done > 0) call.on_signal = static_cast<int64_t>(call.done);
      task.WaitOn(*queue, POLLOUT);
      return task.Block();
    }
    TRY(from.Advance(task, *put));
    TRY(to.Advance(task, *put));
    call.done += *put;
  }
  const Result<size_t> moved(size_t{call.done});
  NotifyTransfer(*in, *out, moved);
  return CountTransfer(task, moved);
}

// copy_file_range(2).
Result<size_t> sys_copy_file_range(Task& task, Fd fd_in,
                                   UserPtr<int64_t> off_in, Fd fd_out,
                                   UserPtr<int64_t> off_out, size_t len,
                                   uint32_t flags) {
  const FileRef in = TRY(task.GetFile(fd_in));
  const FileRef out = TRY(task.GetFile(fd_out));
  if (flags != 0) return Errno(EINVAL);
  for (const FileRef& file : {in, out}) {
    if (file->inode().IsDirectory()) return Errno(EISDIR);
    if (!file->inode().IsRegular()) return Errno(EINVAL);
  }
  Side from = TRY(Side::Make(task, in, off_in, ESPIPE));
  Side to = TRY(Side::Make(task, out, off_out, ESPIPE));
  if (!in->readable() || !out->writable() || (out->flags() & O_APPEND) != 0) {
    return Errno(EBADF);
  }
  if (&in->inode().fs() != &out->inode().fs()) return Errno(EXDEV);
  const size_t room =
      static_cast<size_t>(INT64_MAX - std::max(from.position(), to.position()));
  if (len > room) return Errno(EOVERFLOW);
  const size_t count = std::min(len, kMaxCount);
  if (&in->inode() == &out->inode() &&
      Overlap(from.position(), to.position(), count)) {
    return Errno(EINVAL);
  }
  size_t done = 0;
  std::string buffer(std::min(count, kChunk), '\0');
  while (done < count) {
    const size_t want = std::min(count - done, buffer.size());
    const Result<size_t> got =
        from.Read(task, absl::MakeSpan(&buffer[0], want));
    if (!got.ok()) return CountTransfer(task, Stopped(done, got.error()));
    if (*got == 0) break;
    const Result<size_t> put =
        to.Write(task, absl::MakeConstSpan(buffer.data(), *got));
    if (!put.ok()) return CountTransfer(task, Stopped(done, put.error()));
    TRY(from.Advance(task, *put));
    TRY(to.Advance(task, *put));
    done += *put;
    if (*put < *got) break;
  }
  const Result<size_t> moved(done);
  NotifyTransfer(*in, *out, moved);
  return CountTransfer(task, moved);
}

}  // namespace emu
