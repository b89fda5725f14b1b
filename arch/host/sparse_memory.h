// SPDX-License-Identifier: Apache-2.0
//
// Bytes in a memfd, which guests can map: as large as is asked for, and taking
// memory only where something was written.

#ifndef ARCH_HOST_SPARSE_MEMORY_H_
#define ARCH_HOST_SPARSE_MEMORY_H_

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

  OwnedFd fd_;
  uint64_t end_ = 0;
};

}  // namespace emu

#endif  // ARCH_HOST_SPARSE_MEMORY_H_
