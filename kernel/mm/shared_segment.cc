// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/shared_segment.h"

#include <sys/shm.h>

#include "absl/functional/function_ref.h"
#include "kernel/mm/memory_map.h"

namespace emu {
namespace {

void ForEachIn(const SharedSegments& segments, const MemoryMap& map,
               absl::FunctionRef<void(SharedSegment&)> note) {
  if (segments.count() == 0) return;
  for (const auto& [start, area] : map.areas()) {
    if (!area.name.starts_with("/SYSV")) continue;
    auto& memory = static_cast<SegmentMemory&>(*area.object);
    if (memory.segment != nullptr) note(*memory.segment);
  }
}

}  // namespace

void NoteAttached(const SharedSegments& segments, const MemoryMap& map, Pid pid,
                  Nanos now) {
  ForEachIn(segments, map, [&](SharedSegment& segment) {
    segment.atime = now;
    segment.last = pid;
  });
}

void NoteDetached(const SharedSegments& segments, const MemoryMap& map, Pid pid,
                  Nanos now) {
  ForEachIn(segments, map, [&](SharedSegment& segment) {
    segment.dtime = now;
    segment.last = pid;
  });
}

void SegmentMemory::OnUnmapped() {
  if (segment != nullptr && segment->removed()) {
    segment->table_.IpcTable::Remove(*segment);
  }
}

bool SharedSegment::removed() const { return (mode & SHM_DEST) != 0; }

void SharedSegment::Remove() {
  mode |= SHM_DEST;
  if (attachments() == 0) {
    table_.IpcTable::Remove(*this);
  } else {
    table_.HideKey(*this);
  }
}

}  // namespace emu
