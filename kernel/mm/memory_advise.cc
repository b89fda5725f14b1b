// SPDX-License-Identifier: Apache-2.0
//
// madvise(2).

#include <sys/mman.h>

#include <algorithm>

#include "kernel/mm/memory_map.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED 24
#endif
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

namespace emu {
namespace {

// What takes contents away: of sealed memory that is only to be read, it is an
// attempt to change it.
bool IsDiscard(int advice) {
  switch (advice) {
    case MADV_FREE:
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
    case MADV_REMOVE:
    case MADV_DONTFORK:
    case MADV_WIPEONFORK:
    case MADV_GUARD_INSTALL:
      return true;
    default:
      return false;
  }
}

bool IsInheritance(int advice) {
  switch (advice) {
    case MADV_DONTFORK:
    case MADV_DOFORK:
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
    case MADV_DONTDUMP:
    case MADV_DODUMP:
      return true;
    default:
      return false;
  }
}

void SetAdvice(Area& area, int advice) {
  switch (advice) {
    case MADV_DONTFORK:
    case MADV_DOFORK:
      area.dont_fork = advice == MADV_DONTFORK;
      break;
    case MADV_WIPEONFORK:
    case MADV_KEEPONFORK:
      area.wipe_on_fork = advice == MADV_WIPEONFORK;
      break;
    default:
      area.dont_dump = advice == MADV_DONTDUMP;
  }
}

}  // namespace

bool MemoryMap::KnowsAdvice(int advice) {
  switch (advice) {
    case MADV_NORMAL:
    case MADV_RANDOM:
    case MADV_SEQUENTIAL:
    case MADV_WILLNEED:
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
    case MADV_FREE:
    case MADV_REMOVE:
    case MADV_COLD:
    case MADV_PAGEOUT:
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
    case MADV_MERGEABLE:
    case MADV_UNMERGEABLE:
    case MADV_HUGEPAGE:
    case MADV_NOHUGEPAGE:
    case MADV_COLLAPSE:
    case MADV_GUARD_INSTALL:
    case MADV_GUARD_REMOVE:
      return true;
    default:
      return IsInheritance(advice);
  }
}

Result<> MemoryMap::Advise(GuestAddr start, uint64_t length, int advice) {
  const GuestAddr end = start + length;
  GuestAddr at = start;
  bool hole = false;
  while (at < end) {
    const auto it = FirstEndingAfter(at);
    if (it == areas_.end() || it->second.start >= end) {
      hole = true;
      break;
    }
    if (it->second.start > at) hole = true;
    const GuestAddr from = std::max(at, it->second.start);
    const GuestAddr to = std::min(end, it->second.end);
    TRY(AdviseArea(it->second, from, to, advice));
    at = to;
  }
  if (hole) return Errno(ENOMEM);
  return {};
}

Result<> MemoryMap::AdviseArea(const Area& area, GuestAddr from, GuestAddr to,
                               int advice) {
  if (area.sealed && IsDiscard(advice) && !area.shared &&
      !(area.prot & PROT_WRITE)) {
    return Errno(EPERM);
  }
  switch (advice) {
    case MADV_GUARD_INSTALL:
    case MADV_GUARD_REMOVE:
      if (area.locked && advice == MADV_GUARD_INSTALL) return Errno(EINVAL);
      Guard(area, from, to, advice == MADV_GUARD_INSTALL);
      return {};
    case MADV_COLLAPSE:
      // There are no huge pages to be had.
      return Errno(EINVAL);
    case MADV_DONTNEED:
    case MADV_DONTNEED_LOCKED:
      if (area.locked && advice == MADV_DONTNEED) return Errno(EINVAL);
      DropPages(area, from, to);
      return {};
    case MADV_FREE:
      // Pages may be dropped at any time, so also at once.
      if (area.locked || area.object != nullptr) return Errno(EINVAL);
      DropPages(area, from, to);
      return {};
    case MADV_REMOVE:
      if (area.locked || area.object == nullptr) return Errno(EINVAL);
      if (!area.shared || !area.may_write) return Errno(EACCES);
      return area.object->PunchHole(area.OffsetOf(from), to - from);
    case MADV_COLD:
    case MADV_PAGEOUT:
      if (area.locked) return Errno(EINVAL);
      return {};
    case MADV_POPULATE_READ:
    case MADV_POPULATE_WRITE:
      // Pages that cannot be had: as a fault would find.
      if (!area.Allows(advice == MADV_POPULATE_WRITE, false)) {
        return Errno(EINVAL);
      }
      if (to > area.start + area.present ||
          guards_.Count({from / kPageSize, to / kPageSize}) > 0) {
        return Errno(EFAULT);
      }
      Populate(from, to - from);
      return {};
    case MADV_WIPEONFORK:
      if (area.shared || area.object != nullptr) return Errno(EINVAL);
      break;
    default:
      break;
  }
  if (!IsInheritance(advice)) return {};
  if (areas_.size() + 2 > kMaxAreas) return Errno(ENOMEM);
  ForEachIn(from, to, [advice](Area& part) { SetAdvice(part, advice); });
  return {};
}

// Private pages become what they were when they were mapped.
void MemoryMap::DropPages(const Area& area, GuestAddr from, GuestAddr to) {
  if (area.shared) return;
  if (area.object == nullptr) {
    space_->Discard(from, to - from);
  } else if (area.written && from < area.start + area.present) {
    // From the object as it is now: its pages may have moved since.
    Show(area, from, std::min(to, area.start + area.present));
  }
}

}  // namespace emu
