// SPDX-License-Identifier: Apache-2.0
//
// DOOR: where the bytes of files live. A PageStore is one very large sparse
// array of pages, all zero at first, that the kernel reads and writes as
// memory and that guests can map: a write through either is seen by both.
// Address space in it is never reused, so that an offset names the same file's
// bytes for ever; pages are given back with Free.
//
// arch/host backs it with one memfd mapped once; tests with the heap.

#ifndef ARCH_PAGE_STORE_H_
#define ARCH_PAGE_STORE_H_

#include <cstddef>
#include <cstdint>

#include "arch/result.h"

namespace emu {

inline constexpr uint64_t kPageSize = 4096;
constexpr uint64_t PageDown(uint64_t n) { return n & ~(kPageSize - 1); }
constexpr uint64_t PageUp(uint64_t n) { return PageDown(n + kPageSize - 1); }

class PageStore {
 public:
  virtual ~PageStore() = default;

  // Reserves `length` bytes (whole pages) of zeroes, using no memory until they
  // are written. ENOSPC when the store's address space is used up.
  virtual Result<uint64_t> Reserve(uint64_t length) = 0;

  // The bytes at `offset` of the store, valid for the length of the reservation
  // it lies in. Reading a page that was never written may allocate it: see
  // NextData.
  virtual char* At(uint64_t offset) = 0;

  // Gives back the whole pages in [offset, offset+length): they read as zero
  // afterwards, in guests that have them mapped too.
  virtual void Free(uint64_t offset, uint64_t length) = 0;

  // The first offset in [offset, end) whose page holds data, and likewise the
  // first that does not; `end` if there is none.
  virtual uint64_t NextData(uint64_t offset, uint64_t end) = 0;
  virtual uint64_t NextHole(uint64_t offset, uint64_t end) = 0;
};

}  // namespace emu

#endif  // ARCH_PAGE_STORE_H_
