// SPDX-License-Identifier: Apache-2.0

#include "arch/host/sparse_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {

absl::StatusOr<SparseMemory> SparseMemory::Create(const char* name) {
  OwnedFd fd(memfd_create(name, MFD_CLOEXEC));
  if (!fd.valid()) {
    return HostError(errno, absl::StrCat("memfd_create(\"", name, "\")"));
  }
  return SparseMemory(std::move(fd));
}

absl::Status SparseMemory::Write(uint64_t offset,
                                 absl::Span<const char> bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t n = pwrite(fd_.get(), bytes.data() + done,
                             bytes.size() - done,
                             static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      return HostError(errno, absl::StrCat("pwrite(memfd, ", bytes.size(),
                                           " bytes at ", offset, ")"));
    }
    done += n;
  }
  NoteEnd(offset + bytes.size());
  return absl::OkStatus();
}

void SparseMemory::NoteEnd(uint64_t end) {
  uint64_t known = end_;
  while (known < end && !end_.compare_exchange_weak(known, end)) {
  }
}

absl::Status SparseMemory::Read(uint64_t offset, absl::Span<char> out) const {
  size_t done = 0;
  while (done < out.size()) {
    const ssize_t n = pread(fd_.get(), out.data() + done, out.size() - done,
                            static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      return HostError(errno, absl::StrCat("pread(memfd, ", out.size(),
                                           " bytes at ", offset, ")"));
    }
    if (n == 0) break;
    done += n;
  }
  std::memset(out.data() + done, 0, out.size() - done);
  return absl::OkStatus();
}

absl::Status SparseMemory::Clear(uint64_t offset, uint64_t length) {
  if (length == 0 ||
      fallocate(fd_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(offset),
                static_cast<off_t>(length)) == 0) {
    return absl::OkStatus();
  }
  return HostError(errno, absl::StrCat("fallocate(memfd, PUNCH_HOLE, ", offset,
                                       ", ", length, ")"));
}

absl::Status SparseMemory::Extend(uint64_t end) {
  if (end <= end_) return absl::OkStatus();
  // Nothing was written there. Others may write behind it at this moment, which
  // ftruncate would cut off.
  const char zero = 0;
  return Write(end - 1, absl::MakeConstSpan(&zero, 1));
}

}  // namespace emu
