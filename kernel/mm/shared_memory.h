// SPDX-License-Identifier: Apache-2.0
//
// Shared memory without a file: mmap's MAP_SHARED | MAP_ANONYMOUS, /dev/zero
// mapped shared, and System V segments. Its pages live in the PageStore.

#ifndef KERNEL_MM_SHARED_MEMORY_H_
#define KERNEL_MM_SHARED_MEMORY_H_

#include <cstdint>
#include <memory>

#include "arch/page_store.h"
#include "kernel/mm/memory_account.h"
#include "kernel/mm/memory_object.h"

namespace emu {

class SharedMemory : public MemoryObject {
 public:
  // `length` bytes of zeroes, whole pages, as a T. With `reserve`, there must
  // be room for them. ENOMEM.
  template <typename T>
  static Result<std::shared_ptr<T>> Create(PageStore& pages,
                                           MemoryAccount& account,
                                           uint64_t length, bool reserve) {
    const uint64_t store = TRY(Reserve(pages, account, length, reserve));
    return std::make_shared<T>(pages, account, store, length,
                               reserve ? length : 0);
  }
  SharedMemory(PageStore& pages, MemoryAccount& account, uint64_t store,
               uint64_t length, uint64_t charged)
      : pages_(pages),
        account_(account),
        store_(store),
        length_(length),
        charged_(charged) {
    account_.Add(charged_);
  }
  ~SharedMemory() override;

  uint64_t length() const { return length_; }
  // madvise(2)'s MADV_REMOVE: the pages read as zeroes again.
  Result<> PunchHole(uint64_t offset, uint64_t length) override;
  // Bytes that were written.
  uint64_t Resident();

  std::optional<Piece> Locate(uint64_t offset, uint64_t length) override;
  Result<> BeforeMap(bool, bool) override { return {}; }
  bool IsResident(uint64_t offset) override;

 private:
  static Result<uint64_t> Reserve(PageStore& pages, MemoryAccount& account,
                                  uint64_t length, bool reserve);

  PageStore& pages_;
  MemoryAccount& account_;
  const uint64_t store_;
  const uint64_t length_;
  const uint64_t charged_;
};

}  // namespace emu

#endif  // KERNEL_MM_SHARED_MEMORY_H_
