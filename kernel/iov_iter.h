// SPDX-License-Identifier: Apache-2.0
//
// Where the bytes of a read go, or those of a write come from: a sequence of
// guest buffers, or one buffer of the kernel's own (sendfile, splice, exec).
// Moves forward as it is used. The counterpart of Linux's iov_iter.

#ifndef KERNEL_IOV_ITER_H_
#define KERNEL_IOV_ITER_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "absl/types/span.h"
#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class MemoryMap;

struct GuestBuffer {
  GuestAddr addr = 0;
  uint64_t length = 0;
};

class IovIter {
 public:
  // Over guest memory, in order. `memory` must outlive the iterator.
  IovIter(MemoryMap& memory, absl::Span<const GuestBuffer> buffers);
  IovIter(MemoryMap& memory, GuestAddr addr, uint64_t length);
  // Over the kernel's own memory. A const one is only read from.
  explicit IovIter(absl::Span<char> buffer);
  explicit IovIter(absl::Span<const char> buffer);

  bool over_guest() const { return memory_ != nullptr; }
  // Bytes from here to the end.
  uint64_t remaining() const { return remaining_; }
  // Bytes moved so far.
  uint64_t done() const { return done_; }

  // Copies `n` bytes (at most remaining()) to or from the memory and moves
  // behind them. A fault after some bytes gives the short count; before any,
  // EFAULT.
  Result<size_t> Put(const void* from, size_t n);
  Result<size_t> Get(void* to, size_t n);
  // Zeroes.
  Result<size_t> PutZeroes(size_t n);
  // Moves behind `n` bytes (at most remaining()) without touching them.
  void Skip(uint64_t n);
  // Back to `done` bytes moved.
  void Rewind(uint64_t done);
  // No more than `n` bytes from here on.
  void Truncate(uint64_t n);

 private:
  template <typename Copy>
  Result<size_t> Move(size_t n, Copy copy);

  MemoryMap* memory_ = nullptr;
  absl::InlinedVector<GuestBuffer, 2> buffers_;
  char* kernel_ = nullptr;  // the buffer, when not over guest memory
  size_t index_ = 0;        // buffer that the next byte is in
  uint64_t within_ = 0;     // and its place there
  uint64_t remaining_ = 0;
  uint64_t done_ = 0;
};

}  // namespace emu

#endif  // KERNEL_IOV_ITER_H_
