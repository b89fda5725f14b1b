// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/shared_memory.h"

#include <algorithm>

namespace emu {

Result<uint64_t> SharedMemory::Reserve(PageStore& pages, MemoryAccount& account,
                                       uint64_t length, bool reserve) {
  if (reserve && !account.HasRoomFor(length)) return Errno(ENOMEM);
  const Result<uint64_t> store = pages.Reserve(length);
  if (!store.ok()) return Errno(ENOMEM);
  return store;
}

SharedMemory::~SharedMemory() {
  pages_.Free(store_, length_);
  account_.Remove(charged_);
}

std::optional<MemoryObject::Piece> SharedMemory::Locate(uint64_t offset,
                                                        uint64_t length) {
  if (offset >= length_) return std::nullopt;
  Piece piece;
  piece.backing.kind = Backing::Kind::kPages;
  piece.backing.offset = store_ + offset;
  piece.length = std::min(length, length_ - offset);
  return piece;
}

Result<> SharedMemory::PunchHole(uint64_t offset, uint64_t length) {
  if (offset >= length_) return {};
  pages_.Free(store_ + offset, std::min(length, length_ - offset));
  return {};
}

bool SharedMemory::IsResident(uint64_t offset) {
  const uint64_t page = store_ + offset;
  return pages_.NextData(page, page + kPageSize) == page;
}

uint64_t SharedMemory::Resident() {
  uint64_t bytes = 0;
  const uint64_t end = store_ + length_;
  uint64_t at = pages_.NextData(store_, end);
  while (at < end) {
    const uint64_t hole = pages_.NextHole(at, end);
    bytes += hole - at;
    at = pages_.NextData(hole, end);
  }
  return bytes;
}

}  // namespace emu
