// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/host_stream.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <algorithm>

#include "kernel/fs/write_all.h"
#include "kernel/kernel.h"
#include "kernel/signal/send.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kChunk = 64 << 10;  // a pipe's capacity

}  // namespace

Result<FileRef> HostStreamInode::Open(Task&, const Path& path, int flags) {
  return FileRef(std::make_shared<HostStreamFile>(*this, path, flags));
}

Result<> HostStreamInode::Fill(Task& task) {
  if (buffered() > 0 || at_end_) return {};
  input_.resize(kChunk);
  taken_ = 0;
  for (;;) {
    const Result<size_t> n = kernel_.env().ReadInput(StdStream::kIn, absl::MakeSpan(input_));
    if (n.ok()) {
      input_.resize(*n);
      at_end_ = *n == 0;
      return {};
    }
    const bool wait = n.error() == Errno(EAGAIN) &&
                      !kernel_.clock().follows_host() && !HasSignal(task) &&
                      !kernel_.env().TimedOut();
    if (!wait) {
      input_.clear();
      return n.error();
    }
    kernel_.env().Wait({.input = true}, std::nullopt);
    kernel_.PollOutside();
  }
}

Result<size_t> HostStreamInode::Take(IovIter& to) {
  const size_t n = std::min<uint64_t>(buffered(), to.remaining());
  const size_t put = TRY(to.Put(input_.data() + taken_, n));
  taken_ += put;
  // The end of a terminal's or a file's input may be followed by more; a read
  // after it asks again.
  if (n == 0) at_end_ = false;
  return put;
}

Result<size_t> HostStreamFile::Read(Task& task, IovIter& to, uint64_t) {
  if (stream_.stream() != StdStream::kIn) return Errno(EBADF);
  if (to.remaining() == 0) return 0;
  TRY(stream_.Fill(task));
  return stream_.Take(to);
}

// Bytes that were copied from the guest once are not copied again, nor does a
// write end early: in how many parts the host takes them must not show.
Result<> HostStreamFile::WriteAll(Task& task, absl::Span<const char> bytes,
                                  size_t* written) {
  Kernel& kernel = stream_.kernel();
  while (*written < bytes.size()) {
    const Result<size_t> n = kernel.env().WriteOutput(
        stream_.stream(), bytes.subspan(*written));
    if (n.ok() && *n == 0) break;
    if (n.ok()) *written += *n;
    if (*written == bytes.size()) break;
    if (!n.ok() && n.error() != Errno(EAGAIN)) return n.error();
    // A signal of the host's came.
    kernel.PollOutside();
    if (HasSignal(task) || kernel.env().TimedOut()) return Errno(EAGAIN);
  }
  return {};
}

Result<size_t> HostStreamFile::Write(Task& task, IovIter& from, uint64_t) {
  if (stream_.stream() == StdStream::kIn) return Errno(EBADF);
  std::string chunk;
  const uint64_t start = from.done();
  while (from.remaining() > 0) {
    chunk.resize(std::min<uint64_t>(from.remaining(), kChunk));
    const uint64_t before = from.done();
    const Result<size_t> got = from.Get(chunk.data(), chunk.size());
    size_t written = 0;
    Result<> all;
    if (got.ok()) {
      all = WriteAll(task, absl::MakeConstSpan(chunk.data(), *got), &written);
    } else {
      all = got.error();
    }
    from.Rewind(before + written);
    if (all.ok() && written == chunk.size()) continue;
    if (all.ok() || from.done() > start) break;
    if (all.error() == Errno(EPIPE)) RaiseSigpipe(task);
    return all.error();
  }
  return from.done() - start;
}

Result<int64_t> HostStreamFile::Ioctl(Task& task, uint32_t request,
                                      GuestAddr arg) {
  if (request != FIONREAD) return Errno(ENOTTY);
  TRY(task.Write(UserPtr<int32_t>(arg),
                 static_cast<int32_t>(stream_.buffered())));
  return 0;
}

uint32_t HostStreamFile::Poll(Task& task) {
  if (stream_.stream() != StdStream::kIn) return POLLOUT | POLLWRNORM;
  const Result<> filled = stream_.Fill(task);
  if (filled.ok()) {
    return stream_.buffered() > 0 ? POLLIN | POLLRDNORM : POLLHUP;
  }
  return filled.error() == Errno(EAGAIN) ? 0 : POLLERR;
}

WaitQueue* HostStreamFile::wait_queue() {
  return &stream_.kernel().outside_input();
}

FileRef OpenHostStream(Kernel& kernel, const Credentials& creds,
                       StdStream stream) {
  AnonymousFileSystems& anonymous = kernel.subsystems().anonymous;
  Attributes attributes;
  attributes.mode = S_IFIFO | 0600;
  attributes.uid = creds.fsuid;
  attributes.gid = creds.fsgid;
  attributes.atime = attributes.mtime = attributes.ctime = attributes.btime =
      kernel.clock().realtime();
  auto inode = std::make_shared<HostStreamInode>(
      anonymous.file_system(AnonymousKind::kPipe), attributes, kernel, stream);
  const Path path = anonymous.PathOf(AnonymousKind::kPipe, "", inode);
  return std::make_shared<HostStreamFile>(
      *inode, path, stream == StdStream::kIn ? O_RDONLY : O_WRONLY);
}

}  // namespace emu
