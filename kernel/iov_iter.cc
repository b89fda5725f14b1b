// SPDX-License-Identifier: Apache-2.0

#include "kernel/iov_iter.h"

#include <algorithm>
#include <cstring>

#include "kernel/mm/memory_map.h"

namespace emu {

IovIter::IovIter(MemoryMap& memory, absl::Span<const GuestBuffer> buffers)
    : memory_(&memory), buffers_(buffers.begin(), buffers.end()) {
  for (const GuestBuffer& b : buffers_) remaining_ += b.length;
}

IovIter::IovIter(MemoryMap& memory, GuestAddr addr, uint64_t length)
    : memory_(&memory), remaining_(length) {
  buffers_.push_back({addr, length});
}

IovIter::IovIter(absl::Span<char> buffer)
    : kernel_(buffer.data()), remaining_(buffer.size()) {
  buffers_.push_back({0, buffer.size()});
}

IovIter::IovIter(absl::Span<const char> buffer)
    : IovIter(absl::Span<char>(const_cast<char*>(buffer.data()),
                               buffer.size())) {}

// Calls copy(address or offset, place among the n bytes, length) for each piece
// until one comes out short.
template <typename Copy>
Result<size_t> IovIter::Move(size_t n, Copy copy) {
  n = std::min<uint64_t>(n, remaining_);
  size_t moved = 0;
  while (moved < n) {
    const GuestBuffer& buffer = buffers_[index_];
    const size_t piece =
        std::min<uint64_t>(n - moved, buffer.length - within_);
    const size_t copied =
        piece == 0 ? 0 : copy(buffer.addr + within_, moved, piece);
    moved += copied;
    within_ += copied;
    if (copied < piece) break;
    if (within_ == buffer.length && index_ + 1 < buffers_.size()) {
      ++index_;
      within_ = 0;
    }
  }
  remaining_ -= moved;
  done_ += moved;
  if (moved == 0 && n > 0) return Errno(EFAULT);
  return moved;
}

Result<size_t> IovIter::Put(const void* from, size_t n) {
  return Move(n, [&](GuestAddr addr, size_t at, size_t length) -> size_t {
    const char* bytes = static_cast<const char*>(from) + at;
    if (memory_ != nullptr) return memory_->CopyOutPartial(addr, bytes, length);
    memcpy(kernel_ + addr, bytes, length);
    return length;
  });
}

Result<size_t> IovIter::Get(void* to, size_t n) {
  return Move(n, [&](GuestAddr addr, size_t at, size_t length) -> size_t {
    char* bytes = static_cast<char*>(to) + at;
    if (memory_ != nullptr) return memory_->CopyInPartial(bytes, addr, length);
    memcpy(bytes, kernel_ + addr, length);
    return length;
  });
}

Result<size_t> IovIter::PutZeroes(size_t n) {
  static constexpr char kZeroes[64 * 1024] = {};
  size_t done = 0;
  while (done < n) {
    const size_t want = std::min(n - done, sizeof(kZeroes));
    Result<size_t> put = Put(kZeroes, want);
    if (!put.ok()) {
      if (done > 0) break;
      return put;
    }
    done += *put;
    if (*put < want) break;
  }
  return done;
}

void IovIter::Skip(uint64_t n) {
  (void)Move(n, [](GuestAddr, size_t, size_t length) { return length; });
}

void IovIter::Rewind(uint64_t done) {
  remaining_ += done_;
  done_ = 0;
  index_ = 0;
  within_ = 0;
  Skip(done);
}

void IovIter::Truncate(uint64_t n) { remaining_ = std::min(remaining_, n); }

}  // namespace emu
