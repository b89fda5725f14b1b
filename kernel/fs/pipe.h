// SPDX-License-Identifier: Apache-2.0
//
// Pipes and FIFOs, as in pipe(7): a Pipe is a ring of slots of at most one page
// each, as Linux counts them (so that PIPE_BUF writes are atomic and POLLOUT
// means a free slot); PipeEnds are the descriptions that read and write it. A
// pipe is owned by its ends; a FIFO's inode only refers to it.

#ifndef KERNEL_FS_PIPE_H_
#define KERNEL_FS_PIPE_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "arch/page_store.h"
#include "arch/result.h"
#include "kernel/fs/file_description.h"
#include "kernel/wait_queue.h"

namespace emu {

class Pipe {
 public:
  static constexpr size_t kDefaultSlots = 16;
  // /proc/sys/fs/pipe-max-size
  static constexpr uint64_t kMaxSize = 1 << 20;

  Pipe() : slots_(kDefaultSlots) {}
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  bool empty() const { return used_ == 0; }
  bool full() const { return used_ == slots_.size(); }
  size_t slot_count() const { return slots_.size(); }
  uint64_t bytes() const;  // FIONREAD's
  int readers() const { return readers_; }
  int writers() const { return writers_; }

  // Moves what is there, or there is room for. EAGAIN: nothing now; EPIPE: no
  // reader. At the end of data without a writer a read returns 0. `packet`
  // (O_DIRECT): each slot is a message of its own. `merge`: the odd bytes may
  // join the last slot.
  Result<size_t> Read(IovIter& to);
  Result<size_t> Write(IovIter& from, bool packet, bool merge = true);

  // For splice(2) and its kin. The first slot's bytes (none when empty), and
  // taking `n` (at most that many) off.
  absl::Span<const char> Front() const;
  void Consume(size_t n);
  // Up to `n` bytes of `from` go to this pipe's end: moved, or copied (tee).
  // EAGAIN when there is nothing or no room; EPIPE.
  Result<size_t> MoveFrom(Pipe& from, size_t n);
  Result<size_t> CopyFrom(const Pipe& from, size_t n);

  // F_SETPIPE_SZ: the size it has now. EINVAL, EPERM, EBUSY.
  Result<int64_t> SetSize(Task& task, uint64_t size);
  int64_t size() const { return slots_.size() * kPageSize; }

  WaitQueue& wait_queue() { return wait_; }

 private:
  friend class PipeEnd;
  friend class FifoOpening;
  struct Page {
    char bytes[kPageSize];
  };
  struct Slot {
    std::unique_ptr<Page> page;
    uint32_t offset = 0;
    uint32_t length = 0;
    bool packet = false;
  };
  Slot& At(size_t index) { return slots_[(first_ + index) % slots_.size()]; }
  const Slot& At(size_t index) const {
    return slots_[(first_ + index) % slots_.size()];
  }
  std::unique_ptr<Page> NewPage();
  // A new last slot; `page` holds `length` bytes.
  void Push(std::unique_ptr<Page> page, uint32_t length, bool packet);
  void PopFront();
  // Copies bytes behind the last slot's, as far as its page has room.
  Result<size_t> Merge(IovIter& from);
  Result<> CheckRoom() const;

  std::vector<Slot> slots_;
  size_t first_ = 0;
  size_t used_ = 0;
  // Pages that were emptied last, for the next writes.
  std::array<std::unique_ptr<Page>, 2> spare_;

  int readers_ = 0, writers_ = 0;
  // Ends ever opened: a FIFO's open(2) waits for one to come, even if it is
  // gone again.
  uint64_t readers_seen_ = 0, writers_seen_ = 0;
  WaitQueue wait_;
};

class PipeEnd : public FileDescription {
 public:
  static const char kKind;

  PipeEnd(std::shared_ptr<Pipe> pipe, Path path, int flags);
  ~PipeEnd() override;

  Pipe& pipe() { return *pipe_; }
  // A FIFO opened without a writer has not hung up until one came and went.
  void ExpectWriter() { writers_seen_ = pipe_->writers_seen_; }

  const void* kind() const override { return &kKind; }
  Result<size_t> Read(Task& task, IovIter& to, uint64_t offset) override;
  Result<size_t> Write(Task& task, IovIter& from, uint64_t offset) override;
  Result<int64_t> Ioctl(Task& task, uint32_t request, GuestAddr arg) override;
  uint32_t Poll(Task& task) override;
  WaitQueue* wait_queue() override { return &pipe_->wait_; }

 private:
  friend class FifoOpening;
  std::shared_ptr<Pipe> pipe_;
  uint64_t writers_seen_ = 0;
};

// A new pipe's two ends. `flags` are pipe2(2)'s, checked.
struct PipeEnds {
  FileRef read;
  FileRef write;
};
PipeEnds NewPipe(Task& task, int flags);

// open(2) of a FIFO: waits for the other end unless O_NONBLOCK. ENXIO,
// kBlocked.
Result<FileRef> OpenFifo(Task& task, const Path& path, int flags);
// open(2) of a pipe by its link in /proc/self/fd: one more end, at once.
Result<FileRef> ReopenPipe(const Path& path, int flags);

}  // namespace emu

#endif  // KERNEL_FS_PIPE_H_
