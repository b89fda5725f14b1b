// SPDX-License-Identifier: Apache-2.0
//
// Where mappings are placed: the highest hole below the mmap base that fits, as
// Linux has it.

#include <algorithm>
#include <optional>

#include "kernel/mm/memory_map.h"

namespace emu {
namespace {

// The lowest address that a mapping may have: vm.mmap_min_addr.
constexpr GuestAddr kLowestMapping = 0x10000;

// Where the hole below an area ends.
GuestAddr HoleEnd(const Area& area) {
  if (!area.grows_down) return area.start;
  return area.start - std::min(area.start, MemoryMap::kStackGuardGap);
}

}  // namespace

Result<GuestAddr> MemoryMap::FindFree(GuestAddr hint, uint64_t length) {
  if (hint >= kLowestMapping && InRange(hint, length)) {
    const auto it = FirstEndingAfter(hint);
    if (it == areas_.end() ||
        (it->second.start > hint && hint + length <= HoleEnd(it->second))) {
      return hint;
    }
  }
  const GuestAddr base =
      layout.mmap_base != 0 ? layout.mmap_base : space_->highest();
  if (search_top_ == 0 || search_top_ > base || length <= largest_hole_) {
    search_top_ = base;
    largest_hole_ = 0;
  }
  if (auto found = SearchDown(search_top_, length, &largest_hole_)) {
    search_top_ = *found;
    return *found;
  }
  uint64_t ignored = 0;
  if (auto found = SearchDown(space_->highest(), length, &ignored)) {
    return *found;
  }
  return Errno(ENOMEM);
}

// The highest place below `top`. Notes the largest of the holes that were too
// small.
std::optional<GuestAddr> MemoryMap::SearchDown(GuestAddr top, uint64_t length,
                                               uint64_t* largest_hole) const {
  const GuestAddr lowest = std::max(kLowestMapping, space_->lowest());
  auto above = areas_.lower_bound(top);
  if (above != areas_.end()) top = std::min(top, HoleEnd(above->second));
  while (true) {
    const GuestAddr bottom =
        above == areas_.begin() ? lowest : std::prev(above)->second.end;
    if (bottom < top) {
      const uint64_t hole = top - bottom;
      if (hole >= length) return top - length;
      *largest_hole = std::max(*largest_hole, hole);
    }
    if (above == areas_.begin()) return std::nullopt;
    --above;
    top = std::min(top, HoleEnd(above->second));
  }
}

// [start, end) has become free: keeps what search_top_ and largest_hole_ say
// true.
void MemoryMap::NoteFree(GuestAddr start, GuestAddr end) {
  const auto next = areas_.lower_bound(start);
  if (next != areas_.end()) end = next->second.start;
  if (end <= search_top_) return;
  if (next != areas_.begin()) start = std::prev(next)->second.end;
  if (start <= search_top_) {
    search_top_ = end;  // FindFree knows what lies above the base
  } else {
    largest_hole_ = std::max(largest_hole_, end - start);
  }
}

}  // namespace emu
