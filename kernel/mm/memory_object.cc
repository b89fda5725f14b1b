// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/memory_object.h"

#include <algorithm>

#include "arch/base/check.h"
#include "kernel/mm/memory_map.h"

namespace emu {

void MemoryObject::AddMap(MemoryMap& map) {
  ++mappings_;
  for (Entry& entry : maps_) {
    if (entry.map == &map) {
      ++entry.count;
      return;
    }
  }
  maps_.push_back({&map, 1});
}

void MemoryObject::RemoveMap(MemoryMap& map) {
  const auto entry =
      std::find_if(maps_.begin(), maps_.end(),
                   [&](const Entry& e) { return e.map == &map; });
  EMU_CHECK(entry != maps_.end());
  --mappings_;
  if (--entry->count == 0) maps_.erase(entry);
  if (mappings_ == 0) OnUnmapped();
}

bool MemoryObject::HasSharedWritableMapping() const {
  for (const Entry& entry : maps_) {
    for (const auto& [start, area] : entry.map->areas()) {
      if (area.object.get() == this && area.shared && area.may_write) {
        return true;
      }
    }
  }
  return false;
}

void MemoryObject::Changed(uint64_t offset, uint64_t length) {
  const std::vector<Entry> maps = maps_;
  for (const Entry& entry : maps) entry.map->Refresh(*this, offset, length);
}

}  // namespace emu
