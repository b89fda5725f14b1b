// SPDX-License-Identifier: Apache-2.0
//
// Bytes in a memfd, which guests can map: as large as is asked for, and taking
// memory only where something was written. Threads may use it at the same time,
// each its own range.

#ifndef ARCH_HOST_SPARSE_MEMORY_H_
#define ARCH_HOST_SPARSE_MEMORY_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/host/owned_fd.h"

namespace emu {

class SparseMemory {
 public:
  // `name` shows in the host's /proc.
  static absl::StatusOr<SparseMemory> Create(const char* name);
  SparseMemory(SparseMemory&& other) noexcept
      : fd_(std::move(other.fd_)), end_(other.end_.load()) {}

  int fd() const { return fd_.get(); }

  absl::Status Write(uint64_t offset, absl::Span<const char> bytes);
  // All of `out`; what was never written is zeroes.
  absl::Status Read(uint64_t offset, absl::Span<char> out) const;
  // Gives the memory back; the bytes are zeroes again.
  absl::Status Clear(uint64_t offset, uint64_t length);
  // Pages before `end` can be mapped and touched.
  absl::Status Extend(uint64_t end);

 private:
  explicit SparseMemory(OwnedFd fd) : fd_(std::move(fd)) {}

  // The file ends at `end` or behind it.
  void NoteEnd(uint64_t end);

  OwnedFd fd_;
  std::atomic<uint64_t> end_ = 0;
};

}  // namespace emu

#endif  // ARCH_HOST_SPARSE_MEMORY_H_
