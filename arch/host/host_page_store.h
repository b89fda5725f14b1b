// SPDX-License-Identifier: Apache-2.0
//
// PageStore by one sparse memory file, mapped into emu as a whole. Nothing of
// it takes memory before it is written.

#ifndef ARCH_HOST_HOST_PAGE_STORE_H_
#define ARCH_HOST_HOST_PAGE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "arch/page_store.h"

namespace emu {

class HostPageStore final : public PageStore {
 public:
  static constexpr uint64_t kDefaultSize = uint64_t{1} << 44;

  // A store of `size` bytes, or of what the host lets a process map, halving
  // until it does. To be made before a guest machine: see HostMachineOptions.
  // Expects SIGXFSZ to be ignored.
  static absl::StatusOr<std::unique_ptr<HostPageStore>> Create(
      uint64_t size = kDefaultSize);
  ~HostPageStore() override;
  HostPageStore(const HostPageStore&) = delete;
  HostPageStore& operator=(const HostPageStore&) = delete;

  // The memory file, which guests map by offset.
  int fd() const { return fd_; }
  uint64_t size() const { return size_; }
  // Where in it these `n` bytes of emu's memory lie, if they do.
  std::optional<uint64_t> OffsetOf(const void* bytes, size_t n) const;

  // Of a large range that is about to be copied: whether the host has it in huge
  // pages, from which it copies as fast as memory goes. What is full of data and
  // copied often is gathered into such, where the host can; nothing but its
  // place changes.
  bool Gather(uint64_t offset, uint64_t length);

  Result<uint64_t> Reserve(uint64_t length) override;
  char* At(uint64_t offset) override { return base_ + offset; }
  void Free(uint64_t offset, uint64_t length) override;
  uint64_t NextData(uint64_t offset, uint64_t end) override;
  uint64_t NextHole(uint64_t offset, uint64_t end) override;

 private:
  HostPageStore() = default;
  bool GatherBlock(uint64_t start);
  uint64_t Seek(uint64_t offset, uint64_t end, int whence);

  int fd_ = -1;
  char* base_ = nullptr;
  uint64_t size_ = 0;
  uint64_t next_ = 0;  // where nothing is reserved yet
  // Large reservations, from start to end: each has its huge pages to itself.
  std::map<uint64_t, uint64_t> large_;
  // By the start of a huge page: how often it was copied, or kGathered.
  std::map<uint64_t, int> copies_;
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_PAGE_STORE_H_
