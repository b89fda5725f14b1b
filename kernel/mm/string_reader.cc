// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/string_reader.h"

#include <cstring>
#include <utility>

#include "kernel/mm/memory_map.h"

namespace emu {

Result<const StringReader::Page*> StringReader::Get(GuestAddr addr) {
  const GuestAddr start = PageDown(addr);
  for (const auto& page : pages_) {
    if (page->start == start) return page.get();
  }
  auto page = std::make_unique<Page>();
  page->start = start;
  TRY(mm_.CopyIn(page->bytes.data(), start, kPageSize));
  if (pages_.size() < kPages) {
    pages_.push_back(std::move(page));
    return pages_.back().get();
  }
  pages_[oldest_] = std::move(page);
  const Page* read = pages_[oldest_].get();
  oldest_ = (oldest_ + 1) % kPages;
  return read;
}

Result<std::string> StringReader::Read(GuestAddr addr, size_t max) {
  std::string text;
  while (true) {
    const Page* page = TRY(Get(addr));
    const char* from = page->bytes.data() + addr % kPageSize;
    const size_t room = kPageSize - addr % kPageSize;
    const size_t length = strnlen(from, room);
    text.append(from, length);
    if (text.size() > max) return Errno(E2BIG);
    if (length < room) return text;
    addr += room;
  }
}

Result<uint64_t> StringReader::ReadWord(GuestAddr addr) {
  uint64_t word;
  const size_t within = addr % kPageSize;
  if (within > kPageSize - sizeof(word)) {
    TRY(mm_.CopyIn(&word, addr, sizeof(word)));
    return word;
  }
  const Page* page = TRY(Get(addr));
  memcpy(&word, page->bytes.data() + within, sizeof(word));
  return word;
}

}  // namespace emu
