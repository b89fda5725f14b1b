// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/memory_usage.h"

#include <sys/mman.h>

#include <algorithm>

#include "arch/page_store.h"
#include "kernel/fs/file_description.h"
#include "kernel/mm/memory_map.h"

namespace emu {
namespace {

// Of anonymous memory that is set aside in large pieces, most is not touched.
constexpr uint64_t kMostResident = 1 << 20;

}  // namespace

uint64_t ResidentIn(const Area& area) {
  if (area.prot == 0) return 0;
  if (area.file != nullptr) {
    const uint64_t size = PageUp(area.file->inode().Size());
    return std::min(area.length(), size - std::min(size, area.offset));
  }
  return std::min(area.length(), kMostResident);
}

MemoryUsage UsageOf(const MemoryMap* map) {
  MemoryUsage usage;
  if (map == nullptr) return usage;
  usage.size = map->mapped_bytes();
  for (const auto& [start, area] : map->areas()) {
    const uint64_t resident = ResidentIn(area);
    if (area.file != nullptr && !(area.prot & PROT_WRITE)) {
      usage.file += resident;
    } else if (area.shared) {
      usage.shared += resident;
    } else {
      usage.anonymous += resident;
    }
    if (area.locked) usage.locked += area.length();
    if (area.grows_down) {
      usage.stack += area.length();
    } else if (!area.shared && (area.prot & PROT_WRITE) != 0) {
      usage.data += area.length();
    }
    if (area.file != nullptr && (area.prot & PROT_EXEC) != 0) {
      usage.libraries += area.length();
    }
  }
  const MemoryMap::Layout& layout = map->layout;
  if (layout.code_end > layout.code_start) {
    usage.code = PageUp(layout.code_end) - PageDown(layout.code_start);
  }
  usage.libraries -= std::min(usage.libraries, usage.code);
  return usage;
}

}  // namespace emu
