// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_page_store.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "arch/base/check.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

// Less would not hold a program's files.
constexpr uint64_t kLeastSize = uint64_t{1} << 26;

// Where address space is plenty, large reservations begin at a huge page.
constexpr uint64_t kHugePage = uint64_t{1} << 21;
constexpr uint64_t kPlenty = uint64_t{1} << 40;
constexpr uint64_t HugeDown(uint64_t n) { return n & ~(kHugePage - 1); }
constexpr uint64_t HugeUp(uint64_t n) { return HugeDown(n + kHugePage - 1); }

// Gathering costs as much as is saved by about as many copies.
constexpr int kCopiesToGather = 8;
constexpr int kGathered = -1;

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // since Linux 6.1
#endif

// Maps the file where its huge pages can be huge pages of memory.
void* MapAligned(int fd, uint64_t size) {
  void* room = mmap(nullptr, size + kHugePage, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return MAP_FAILED;
  char* const start = static_cast<char*>(room);
  char* const base =
      start + (HugeUp(reinterpret_cast<uintptr_t>(start)) -
               reinterpret_cast<uintptr_t>(start));
  if (base > start) munmap(start, base - start);
  munmap(base + size, start + kHugePage - base);
  void* const mapped = mmap(base, size, PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_NORESERVE | MAP_FIXED, fd, 0);
  if (mapped == MAP_FAILED) munmap(base, size);
  return mapped;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HostPageStore>> HostPageStore::Create(
    uint64_t size) {
  auto store = std::unique_ptr<HostPageStore>(new HostPageStore);
  store->fd_ = memfd_create("emu-pages", MFD_CLOEXEC);
  if (store->fd_ < 0) return HostError(errno, "memfd_create(\"emu-pages\")");
  for (size = PageUp(size);; size = PageUp(size / 2)) {
    if (ftruncate(store->fd_, static_cast<off_t>(size)) == 0) {
      void* base = MapAligned(store->fd_, size);
      if (base != MAP_FAILED) {
        store->base_ = static_cast<char*>(base);
        store->size_ = size;
        // It is emu's own: a guest's process never needs to inherit it.
        madvise(base, size, MADV_DONTFORK);
        madvise(base, size, MADV_DONTDUMP);
        return store;
      }
    }
    if (size <= kLeastSize) {
      // The limits that a user may have set.
      const char* hint = errno == EFBIG    ? "; raise ulimit -f"
                         : errno == ENOMEM ? "; raise ulimit -v"
                                           : "";
      return HostError(errno, absl::StrCat("room for guests' files (",
                                           size >> 20, " MiB", hint, ")"));
    }
  }
}

HostPageStore::~HostPageStore() {
  if (base_ != nullptr) munmap(base_, size_);
  if (fd_ >= 0) close(fd_);
}

std::optional<uint64_t> HostPageStore::OffsetOf(const void* bytes,
                                                size_t n) const {
  const uint64_t offset = reinterpret_cast<uintptr_t>(bytes) -
                          reinterpret_cast<uintptr_t>(base_);
  if (offset >= size_ || n > size_ - offset) return std::nullopt;
  return offset;
}

Result<uint64_t> HostPageStore::Reserve(uint64_t length) {
  EMU_CHECK(length % kPageSize == 0);
  const bool large = length >= kHugePage / 2 && size_ >= kPlenty;
  const uint64_t offset = large ? HugeUp(next_) : next_;
  if (offset > size_ || length > size_ - offset) return Errno(ENOSPC);
  next_ = offset + length;
  if (large) {
    large_[offset] = next_;
    next_ = std::min(HugeUp(next_), size_);
  }
  return offset;
}

bool HostPageStore::Gather(uint64_t offset, uint64_t length) {
  bool gathered = true;
  for (uint64_t start = HugeDown(offset); start < offset + length;
       start += kHugePage) {
    gathered = GatherBlock(start) && gathered;
  }
  return gathered;
}

// Pages without data would come to hold some: those of no reservation may.
bool HostPageStore::GatherBlock(uint64_t start) {
  int& copies = copies_[start];
  if (copies == kGathered) return true;
  if (++copies < kCopiesToGather) return false;
  copies = 0;
  auto reservation = large_.upper_bound(start);
  if (reservation == large_.begin()) return false;
  const uint64_t end =
      std::min(std::prev(reservation)->second, start + kHugePage);
  if (end < start + kHugePage / 2 || NextHole(start, end) < end) return false;
  if (madvise(base_ + start, kHugePage, MADV_COLLAPSE) != 0) return false;
  copies = kGathered;
  return true;
}

void HostPageStore::Free(uint64_t offset, uint64_t length) {
  const uint64_t start = PageUp(offset);
  const uint64_t end = PageDown(offset + length);
  if (start >= end) return;
  EMU_CHECK(end <= size_);
  copies_.erase(copies_.lower_bound(HugeDown(start)), copies_.lower_bound(end));
  // Where the host cannot punch holes (it can since Linux 3.5), zeroes do.
  if (fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(start),
                static_cast<off_t>(end - start)) != 0) {
    std::fill(At(start), At(end), 0);
  }
}

uint64_t HostPageStore::Seek(uint64_t offset, uint64_t end, int whence) {
  if (offset >= end) return end;
  const off_t found = lseek(fd_, static_cast<off_t>(offset), whence);
  if (found < 0) return end;  // ENXIO: nothing more
  return std::min(static_cast<uint64_t>(found), end);
}

uint64_t HostPageStore::NextData(uint64_t offset, uint64_t end) {
  return Seek(offset, end, SEEK_DATA);
}

uint64_t HostPageStore::NextHole(uint64_t offset, uint64_t end) {
  return Seek(offset, end, SEEK_HOLE);
}

}  // namespace emu
