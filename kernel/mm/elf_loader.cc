// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/elf_loader.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

namespace emu {
namespace {

// vm.mmap_min_addr, which programs of fixed addresses keep to.
constexpr GuestAddr kLowestMapping = 0x10000;

Result<uint64_t> ChooseBias(MemoryMap& mm, const ElfFile& elf, GuestAddr base) {
  if (!elf.relocatable) return 0;
  const uint64_t alignment = std::max(elf.alignment, kPageSize);
  const uint64_t size = elf.highest() - elf.lowest();
  if (base == 0) {
    if (alignment > mm.space().highest()) return Errno(ENOMEM);
    base = TRY(mm.FindFree(0, size + alignment - kPageSize));
    base += alignment - 1;
  }
  return (base & ~(alignment - 1)) - elf.lowest();
}

Result<> MapArea(MemoryMap& mm, Area area) {
  if (area.start < kLowestMapping || area.end <= area.start ||
      !mm.InRange(area.start, area.length())) {
    return Errno(EINVAL);
  }
  TRY(mm.CheckRoom(area));
  return mm.MapAt(std::move(area));
}

// The file's part of the segment, then zeroes: the rest of its last page (all
// of it: the C library's start-up code uses what is left) and anonymous pages.
Result<> LoadSegment(MemoryMap& mm, const Loadable& loadable,
                     const ElfSegment& segment, uint64_t bias) {
  const GuestAddr start = segment.vaddr + bias;
  const GuestAddr file_end = start + segment.file_size;
  const GuestAddr end = start + segment.memory_size;
  GuestAddr zero_from = PageDown(start);
  if (segment.file_size > 0) {
    zero_from = PageUp(file_end);
    TRY(MapArea(mm, {.start = PageDown(start),
                     .end = zero_from,
                     .prot = segment.prot,
                     .object = loadable.object,
                     .offset = PageDown(segment.offset),
                     .file = loadable.file}));
  }
  if (segment.memory_size == segment.file_size) return {};
  if (segment.file_size > 0 && file_end % kPageSize != 0 &&
      (segment.prot & PROT_WRITE)) {
    static constexpr char kZeroes[kPageSize] = {};
    if (!mm.CopyOut(file_end, kZeroes, zero_from - file_end).ok()) {
      return Errno(EINVAL);
    }
  }
  if (PageUp(end) <= zero_from) return {};
  return MapArea(mm, {.start = zero_from,
                      .end = PageUp(end),
                      .prot = segment.prot | PROT_READ | PROT_WRITE});
}

}  // namespace

Result<LoadedElf> LoadElf(MemoryMap& mm, const Loadable& loadable,
                          GuestAddr base) {
  const ElfFile& elf = loadable.elf;
  LoadedElf loaded;
  loaded.bias = TRY(ChooseBias(mm, elf, base));
  loaded.entry = elf.entry + loaded.bias;
  for (const ElfSegment& segment : elf.segments) {
    TRY(LoadSegment(mm, loadable, segment, loaded.bias));
  }
  return loaded;
}

}  // namespace emu
