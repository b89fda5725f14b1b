// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/shared_segment.h"

#include <sys/shm.h>

namespace emu {

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
