// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/pipe.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "arch/base/check.h"
#include "kernel/fs/anonymous.h"
#include "kernel/fs/write_all.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {
constexpr uint32_t kReadable = POLLIN | POLLRDNORM;
constexpr uint32_t kWritable = POLLOUT | POLLWRNORM;
}  // namespace

uint64_t Pipe::bytes() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < used_; ++i) sum += At(i).length;
  return sum;
}

std::unique_ptr<Pipe::Page> Pipe::NewPage() {
  for (std::unique_ptr<Page>& page : spare_) {
    if (page != nullptr) return std::move(page);
  }
  return std::unique_ptr<Page>(new Page);  // not zeroed
}

void Pipe::Push(std::unique_ptr<Page> page, uint32_t length, bool packet) {
  Slot& slot = At(used_);
  slot.page = std::move(page);
  slot.offset = 0;
  slot.length = length;
  slot.packet = packet;
  ++used_;
}

void Pipe::PopFront() {
  Slot& slot = slots_[first_];
  for (std::unique_ptr<Page>& page : spare_) {
    if (page == nullptr) {
      page = std::move(slot.page);
      break;
    }
  }
  slot.page.reset();
  first_ = (first_ + 1) % slots_.size();
  --used_;
}

Result<size_t> Pipe::Read(IovIter& to) {
  if (empty()) {
    if (writers_ == 0) return 0;
    return Errno(EAGAIN);
  }
  const bool was_full = full();
  size_t moved = 0;
  while (used_ > 0 && to.remaining() > 0) {
    Slot& slot = slots_[first_];
    const size_t want = std::min<uint64_t>(slot.length, to.remaining());
    const Result<size_t> put = to.Put(slot.page->bytes + slot.offset, want);
    const size_t n = put.ok() ? *put : 0;
    slot.offset += n;
    slot.length -= n;
    moved += n;
    if (n < want) break;
    const bool packet = slot.packet;
    if (packet || slot.length == 0) PopFront();
    if (packet) break;
  }
  if (was_full && !full()) wait_.Wake(kWritable);
  if (moved == 0) return Errno(EFAULT);
  return moved;
}

Result<size_t> Pipe::Merge(IovIter& from) {
  const size_t odd = from.remaining() % kPageSize;
  if (odd == 0 || empty()) return 0;
  Slot& last = At(used_ - 1);
  const size_t end = last.offset + last.length;
  if (last.packet || end + odd > kPageSize) return 0;
  const size_t n = TRY(from.Get(last.page->bytes + end, odd));
  if (n < odd) return Errno(EFAULT);
  last.length += n;
  return n;
}

Result<> Pipe::CheckRoom() const {
  if (readers_ == 0) return Errno(EPIPE);
  if (full()) return Errno(EAGAIN);
  return {};
}

Result<size_t> Pipe::Write(IovIter& from, bool packet, bool merge) {
  if (from.remaining() == 0) return 0;
  if (readers_ == 0) return Errno(EPIPE);
  size_t moved = merge ? TRY(Merge(from)) : 0;
  bool fault = false;
  while (from.remaining() > 0 && !full() && !fault) {
    std::unique_ptr<Page> page = NewPage();
    const size_t want = std::min<uint64_t>(from.remaining(), kPageSize);
    const Result<size_t> got = from.Get(page->bytes, want);
    const size_t n = got.ok() ? *got : 0;
    fault = n < want;
    if (n > 0) Push(std::move(page), n, packet);
    moved += n;
  }
  if (moved == 0) return Errno(fault ? EFAULT : EAGAIN);
  wait_.Wake(kReadable);
  return moved;
}

absl::Span<const char> Pipe::Front() const {
  if (empty()) return {};
  const Slot& slot = slots_[first_];
  return {slot.page->bytes + slot.offset, slot.length};
}

void Pipe::Consume(size_t n) {
  const bool was_full = full();
  Slot& slot = slots_[first_];
  EMU_CHECK(used_ > 0 && n <= slot.length);
  slot.offset += n;
  slot.length -= n;
  if (slot.length == 0) PopFront();
  if (was_full && !full()) wait_.Wake(kWritable);
}

Result<size_t> Pipe::MoveFrom(Pipe& from, size_t n) {
  TRY(CheckRoom());
  if (from.empty()) {
    if (from.writers_ == 0) return 0;
    return Errno(EAGAIN);
  }
  const bool was_full = from.full();
  size_t moved = 0;
  while (moved < n && !from.empty() && !full()) {
    Slot& slot = from.slots_[from.first_];
    const size_t want = std::min<size_t>(n - moved, slot.length);
    if (want == slot.length) {
      Slot& to = At(used_++);
      to = std::move(slot);
      from.PopFront();
    } else {
      std::unique_ptr<Page> page = NewPage();
      memcpy(page->bytes, slot.page->bytes + slot.offset, want);
      Push(std::move(page), want, slot.packet);
      slot.offset += want;
      slot.length -= want;
    }
    moved += want;
  }
  wait_.Wake(kReadable);
  if (was_full) from.wait_.Wake(kWritable);
  return moved;
}

Result<size_t> Pipe::CopyFrom(const Pipe& from, size_t n) {
  TRY(CheckRoom());
  if (from.empty()) {
    if (from.writers_ == 0) return 0;
    return Errno(EAGAIN);
  }
  size_t copied = 0;
  for (size_t i = 0; i < from.used_ && copied < n && !full(); ++i) {
    const Slot& slot = from.At(i);
    const size_t want = std::min<size_t>(n - copied, slot.length);
    std::unique_ptr<Page> page = NewPage();
    memcpy(page->bytes, slot.page->bytes + slot.offset, want);
    Push(std::move(page), want, slot.packet);
    copied += want;
  }
  wait_.Wake(kReadable);
  return copied;
}

Result<int64_t> Pipe::SetSize(Task& task, uint64_t size) {
  if (size > (uint64_t{1} << 31)) return Errno(EINVAL);
  const uint64_t rounded = std::bit_ceil(std::max(size, kPageSize));
  const size_t count = rounded / kPageSize;
  if (count > slots_.size() && rounded > kMaxSize &&
      !task.creds->Has(CAP_SYS_RESOURCE)) {
    return Errno(EPERM);
  }
  if (count < used_) return Errno(EBUSY);
  const bool was_full = full();
  std::vector<Slot> slots(count);
  for (size_t i = 0; i < used_; ++i) slots[i] = std::move(At(i));
  slots_ = std::move(slots);
  first_ = 0;
  if (was_full && !full()) wait_.Wake(kWritable);
  return this->size();
}

const char PipeEnd::kKind = 0;

PipeEnd::PipeEnd(std::shared_ptr<Pipe> pipe, Path path, int flags)
    : FileDescription(std::move(path), flags), pipe_(std::move(pipe)) {
  if (readable()) {
    ++pipe_->readers_;
    ++pipe_->readers_seen_;
  }
  if (writable()) {
    ++pipe_->writers_;
    ++pipe_->writers_seen_;
  }
}

PipeEnd::~PipeEnd() {
  if (readable()) --pipe_->readers_;
  if (writable()) --pipe_->writers_;
  if ((pipe_->readers_ == 0) != (pipe_->writers_ == 0)) pipe_->wait_.Wake();
}

Result<size_t> PipeEnd::Read(Task&, IovIter& to, uint64_t) {
  if (to.remaining() == 0) return 0;
  return pipe_->Read(to);
}

Result<size_t> PipeEnd::Write(Task& task, IovIter& from, uint64_t) {
  const bool packet = (flags() & O_DIRECT) != 0;
  bool merge = task.pending().done == 0;
  return WriteAll(task, from, !nonblocking(), [&](IovIter& rest) {
    Result<size_t> taken = pipe_->Write(rest, packet, merge);
    if (!taken.ok() && taken.error() == Errno(EPIPE)) RaiseSigpipe(task);
    merge = false;
    return taken;
  });
}

Result<int64_t> PipeEnd::Ioctl(Task& task, uint32_t request, GuestAddr arg) {
  if (request != FIONREAD) return Errno(ENOTTY);
  TRY(task.Write(UserPtr<int32_t>(arg), static_cast<int32_t>(pipe_->bytes())));
  return 0;
}

uint32_t PipeEnd::Poll(Task&) {
  uint32_t events = 0;
  if (readable()) {
    if (!pipe_->empty()) events |= kReadable;
    if (pipe_->writers_ == 0 && pipe_->writers_seen_ != writers_seen_) {
      events |= POLLHUP;
    }
  }
  if (writable()) {
    if (!pipe_->full()) events |= kWritable;
    if (pipe_->readers_ == 0) events |= POLLERR;
  }
  return events;
}

PipeEnds NewPipe(Task& task, int flags) {
  auto pipe = std::make_shared<Pipe>();
  const Path path = task.kernel().subsystems().anonymous.NewPath(
      AnonymousKind::kPipe, "", S_IFIFO | 0600, *task.creds);
  path.inode().meeting = pipe;  // opened again through /proc/self/fd
  return {.read = std::make_shared<PipeEnd>(pipe, path,
                                            O_RDONLY | (flags & O_NONBLOCK)),
          .write = std::make_shared<PipeEnd>(
              pipe, path, O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)))};
}

// An open that waits for the other end: it is an end already meanwhile.
class FifoOpening : public CallScratch {
 public:
  explicit FifoOpening(std::shared_ptr<PipeEnd> end)
      : end_(std::move(end)),
        readers_(pipe().readers_seen_),
        writers_(pipe().writers_seen_) {}

  const std::shared_ptr<PipeEnd>& end() const { return end_; }
  Pipe& pipe() const { return *end_->pipe_; }
  // The other end is there, or was.
  bool Met() const {
    return end_->readable()
               ? pipe().writers_ > 0 || pipe().writers_seen_ != writers_
               : pipe().readers_ > 0 || pipe().readers_seen_ != readers_;
  }

 private:
  std::shared_ptr<PipeEnd> end_;
  const uint64_t readers_;
  const uint64_t writers_;
};

namespace {

std::shared_ptr<Pipe> PipeOfFifo(Inode& inode) {
  auto pipe = std::static_pointer_cast<Pipe>(inode.meeting.lock());
  if (pipe == nullptr) {
    pipe = std::make_shared<Pipe>();
    inode.meeting = pipe;
  }
  return pipe;
}

}  // namespace

Result<FileRef> ReopenPipe(const Path& path, int flags) {
  if ((flags & O_ACCMODE) == O_ACCMODE) return Errno(EINVAL);
  std::shared_ptr<Pipe> pipe = PipeOfFifo(path.inode());
  auto end = std::make_shared<PipeEnd>(pipe, path, flags);
  pipe->wait_queue().Wake();
  return FileRef(std::move(end));
}

Result<FileRef> OpenFifo(Task& task, const Path& path, int flags) {
  PendingSyscall& call = task.pending();
  if (call.rerun && call.scratch != nullptr) {
    auto& opening = static_cast<FifoOpening&>(*call.scratch);
    if (opening.Met()) return FileRef(opening.end());
    task.WaitOn(opening.pipe().wait_queue());
    return task.Block();
  }
  const int access = flags & O_ACCMODE;
  if (access == O_ACCMODE) return Errno(EINVAL);
  std::shared_ptr<Pipe> pipe = PipeOfFifo(path.inode());
  if (access == O_WRONLY && (flags & O_NONBLOCK) && pipe->readers() == 0) {
    return Errno(ENXIO);
  }
  auto end = std::make_shared<PipeEnd>(pipe, path, flags);
  pipe->wait_queue().Wake();  // those who wait for this end to come
  auto opening = std::make_unique<FifoOpening>(end);
  if (access == O_RDWR || opening->Met()) return FileRef(std::move(end));
  if (flags & O_NONBLOCK) {
    end->ExpectWriter();
    return FileRef(std::move(end));
  }
  call.scratch = std::move(opening);
  task.WaitOn(pipe->wait_queue());
  return task.Block();
}

}  // namespace emu
