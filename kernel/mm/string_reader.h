// SPDX-License-Identifier: Apache-2.0
//
// Reads many strings from guest memory, as an argument list has them: they lie
// close together, so that pages once copied serve for the next ones. For one
// call only: it does not see later changes.

#ifndef KERNEL_MM_STRING_READER_H_
#define KERNEL_MM_STRING_READER_H_

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "arch/page_store.h"
#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class MemoryMap;

class StringReader {
 public:
  explicit StringReader(MemoryMap& mm) : mm_(mm) {}

  // Up to `max` bytes without the NUL. EFAULT; E2BIG when it is longer.
  Result<std::string> Read(GuestAddr addr, size_t max);
  // An eight-byte word. EFAULT.
  Result<uint64_t> ReadWord(GuestAddr addr);

 private:
  static constexpr size_t kPages = 16;
  struct Page {
    GuestAddr start;
    std::array<char, kPageSize> bytes;
  };
  // The page that holds `addr`: EFAULT.
  Result<const Page*> Get(GuestAddr addr);

  MemoryMap& mm_;
  std::vector<std::unique_ptr<Page>> pages_;
  size_t oldest_ = 0;
};

}  // namespace emu

#endif  // KERNEL_MM_STRING_READER_H_
