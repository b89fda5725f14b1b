// SPDX-License-Identifier: Apache-2.0
//
// brk(2).

#include <sys/mman.h>

#include "kernel/mm/memory_map.h"

namespace emu {

GuestAddr MemoryMap::SetBrk(GuestAddr brk) {
  if (brk < layout.brk_start || !InRange(brk, 0)) return layout.brk;
  const GuestAddr old_end = PageUp(layout.brk);
  const GuestAddr new_end = PageUp(brk);
  if (new_end > old_end) {
    const uint64_t data = layout.data_end - layout.data_start;
    if (brk - layout.brk_start + data > limits.data) return layout.brk;
    // A stack above keeps its gap, anything else a page.
    const auto next = FirstEndingAfter(old_end);
    if (next != areas_.end()) {
      const uint64_t gap = next->second.grows_down ? kStackGuardGap : kPageSize;
      if (new_end + gap > next->second.start) return layout.brk;
    }
    Area heap{.start = old_end,
              .end = new_end,
              .prot = PROT_READ | PROT_WRITE,
              .locked = lock_future,
              .name = "[heap]"};
    if (!InRange(heap.start, heap.length())) return layout.brk;
    if (!CheckRoom(heap).ok()) return layout.brk;
    if (lock_future && locked_bytes_ + heap.length() > limits.locked) {
      return layout.brk;
    }
    if (!MapAt(heap).ok()) return layout.brk;
  } else if (new_end < old_end) {
    if (!Unmap(new_end, old_end - new_end).ok()) return layout.brk;
  }
  layout.brk = brk;
  return brk;
}

}  // namespace emu
