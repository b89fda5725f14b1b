// SPDX-License-Identifier: Apache-2.0
//
// The list of areas. Copies and faults are in memory_copy.cc, placement in
// memory_search.cc, mremap and madvise in files of their names.

#include "kernel/mm/memory_map.h"

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "arch/base/check.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"

namespace emu {

MemoryLimits MemoryLimits::Of(const Process& process) {
  return {.address_space = process.limit(RLIMIT_AS),
          .data = process.limit(RLIMIT_DATA),
          .stack = process.limit(RLIMIT_STACK),
          .locked = process.limit(RLIMIT_MEMLOCK)};
}

MemoryMap::MemoryMap(Kernel& kernel, std::shared_ptr<AddressSpace> space)
    : MemoryMap(kernel.subsystems().memory, std::move(space),
                &kernel.data_digest()) {}

MemoryMap::MemoryMap(MemoryAccount& account,
                     std::shared_ptr<AddressSpace> space, DataDigest* digest)
    : account_(account), space_(std::move(space)), digest_(digest) {
  account_.AddSpace(*space_);
}

MemoryMap::~MemoryMap() {
  for (auto& [start, area] : areas_) Account(area, false);
  account_.RemoveSpace(*space_);
  (void)SetExecutable(nullptr).ok();
}

Result<> MemoryMap::SetExecutable(FileRef file) {
  if (file != nullptr) {
    if (file->inode().write_count > 0) return Errno(ETXTBSY);
    --file->inode().write_count;
  }
  if (layout.executable != nullptr) ++layout.executable->inode().write_count;
  layout.executable = std::move(file);
  return {};
}

void MemoryMap::Account(const Area& area, bool add) {
  const uint64_t sign = add ? 1 : -uint64_t{1};
  const uint64_t bytes = area.length() * sign;
  mapped_bytes_ += bytes;
  if (!area.shared && (area.prot & PROT_WRITE) && !area.grows_down) {
    data_bytes_ += bytes;
  }
  if (area.locked) locked_bytes_ += bytes;
  if (!area.shared && area.written && !area.no_reserve) {
    charged_bytes_ += bytes;
    add ? account_.Add(area.length()) : account_.Remove(area.length());
  }
  if (area.object == nullptr) return;
  add ? area.object->AddMap(*this) : area.object->RemoveMap(*this);
}

void MemoryMap::ChangeArea(Areas::iterator it,
                           absl::FunctionRef<void(Area&)> change) {
  const Area before = it->second;
  change(it->second);
  Area& area = it->second;
  if (!area.shared && (area.prot & PROT_WRITE)) area.written = true;
  Account(area, true);
  Account(before, false);
}

MemoryMap::Areas::iterator MemoryMap::FirstEndingAfter(GuestAddr addr) {
  auto it = areas_.upper_bound(addr);
  if (it == areas_.begin()) return it;
  const auto below = std::prev(it);
  return below->second.end > addr ? below : it;
}

const Area* MemoryMap::Find(GuestAddr addr) const {
  if (last_ != nullptr && addr >= last_->start && addr < last_->end) {
    return last_;
  }
  auto it = const_cast<Areas&>(areas_).upper_bound(addr);
  if (it == areas_.begin()) return nullptr;
  Area& area = std::prev(it)->second;
  if (addr >= area.end) return nullptr;
  last_ = &area;
  return &area;
}

bool MemoryMap::InRange(GuestAddr start, uint64_t length) const {
  return start >= space_->lowest() && start <= space_->highest() &&
         length <= space_->highest() - start;
}

const Area* MemoryMap::FirstAreaAfter(GuestAddr addr) const {
  const auto it = const_cast<MemoryMap*>(this)->FirstEndingAfter(addr);
  return it == areas_.end() ? nullptr : &it->second;
}

bool MemoryMap::AnyMapped(GuestAddr start, uint64_t length) const {
  const Area* area = FirstAreaAfter(start);
  return area != nullptr && area->start < start + length;
}

bool MemoryMap::AllMapped(GuestAddr start, uint64_t length) const {
  GuestAddr at = start;
  auto it = const_cast<MemoryMap*>(this)->FirstEndingAfter(start);
  while (at < start + length) {
    if (it == areas_.end() || it->second.start > at) return false;
    at = it->second.end;
    ++it;
  }
  return true;
}

void MemoryMap::SplitAt(GuestAddr addr) {
  const auto it = FirstEndingAfter(addr);
  if (it == areas_.end() || it->second.start >= addr) return;
  Area& low = it->second;
  Area high = low;
  const uint64_t cut = addr - low.start;
  low.end = addr;
  low.present = std::min(low.present, cut);
  high.start = addr;
  high.offset += cut;
  high.present = high.present > cut ? high.present - cut : 0;
  if (high.object != nullptr) high.object->AddMap(*this);
  areas_.emplace_hint(std::next(it), addr, std::move(high));
}

bool MemoryMap::Mergeable(const Area& low, const Area& high) {
  return low.end == high.start && low.prot == high.prot &&
         low.shared == high.shared && low.grows_down == high.grows_down &&
         low.locked == high.locked && low.dont_fork == high.dont_fork &&
         low.wipe_on_fork == high.wipe_on_fork &&
         low.dont_dump == high.dont_dump && low.no_reserve == high.no_reserve &&
         low.sealed == high.sealed &&
         low.memory_policy == high.memory_policy &&
         low.memory_policy_node == high.memory_policy_node &&
         low.may_write == high.may_write && low.may_exec == high.may_exec &&
         low.written == high.written && low.object == high.object &&
         (low.object == nullptr || low.offset + low.length() == high.offset) &&
         (low.present == low.length() || high.present == 0) &&
         low.file == high.file && low.name == high.name;
}

MemoryMap::Areas::iterator MemoryMap::MergeAround(Areas::iterator it) {
  const auto join = [this](Areas::iterator low, Areas::iterator high) {
    low->second.end = high->second.end;
    low->second.present += high->second.present;
    if (low->second.object != nullptr) low->second.object->RemoveMap(*this);
    last_ = nullptr;
    areas_.erase(high);
    return low;
  };
  const auto next = std::next(it);
  if (next != areas_.end() && Mergeable(it->second, next->second)) {
    join(it, next);
  }
  if (it != areas_.begin()) {
    const auto previous = std::prev(it);
    if (Mergeable(previous->second, it->second)) it = join(previous, it);
  }
  return it;
}

MemoryMap::Areas::iterator MemoryMap::Insert(Area area) {
  area.written = area.written || (!area.shared && (area.prot & PROT_WRITE));
  Account(area, true);
  const GuestAddr start = area.start;
  const auto it = areas_.emplace(start, std::move(area)).first;
  return MergeAround(it);
}

void MemoryMap::Erase(GuestAddr start, GuestAddr end) {
  SplitAt(start);
  SplitAt(end);
  last_ = nullptr;
  guards_.Remove({start / kPageSize, end / kPageSize});
  auto it = areas_.lower_bound(start);
  if (it == areas_.end() || it->second.start >= end) return;
  while (it != areas_.end() && it->second.start < end) {
    Account(it->second, false);
    it = areas_.erase(it);
  }
  NoteFree(start, end);
}

GuestAddr MemoryMap::Show(const Area& area, GuestAddr from, GuestAddr to) {
  if (from >= to) return to;
  const GuestAddr start = from;
  Mapping mapping;
  mapping.prot = area.prot;
  mapping.shared = area.shared;
  if (area.object == nullptr) {
    mapping.start = from;
    mapping.length = to - from;
    space_->Map(mapping);
    ShowGuards(start, to);
    return to;
  }
  while (from < to) {
    const auto piece = area.object->Locate(area.OffsetOf(from), to - from);
    if (!piece) break;
    mapping.start = from;
    mapping.length = std::min(piece->length, to - from);
    EMU_CHECK(mapping.length > 0 && mapping.length % kPageSize == 0);
    mapping.backing = piece->backing;
    space_->Map(mapping);
    from += mapping.length;
  }
  ShowGuards(start, from);
  return from;
}

Result<> MemoryMap::CheckRoom(const Area& area) {
  if (areas_.size() >= kMaxAreas) return Errno(ENOMEM);
  uint64_t replaced = 0;
  uint64_t replaced_data = 0;
  for (auto it = FirstEndingAfter(area.start);
       it != areas_.end() && it->second.start < area.end; ++it) {
    const Area& old = it->second;
    const uint64_t bytes =
        std::min(old.end, area.end) - std::max(old.start, area.start);
    replaced += bytes;
    if (!old.shared && (old.prot & PROT_WRITE) && !old.grows_down) {
      replaced_data += bytes;
    }
  }
  const uint64_t length = area.length();
  if (mapped_bytes_ - replaced + length > limits.address_space) {
    return Errno(ENOMEM);
  }
  if (area.shared || !(area.prot & PROT_WRITE)) return {};
  if (!area.grows_down && data_bytes_ - replaced_data + length > limits.data) {
    return Errno(ENOMEM);
  }
  if (!area.no_reserve && !account_.HasRoomFor(length)) return Errno(ENOMEM);
  return {};
}

Result<> MemoryMap::MapAt(Area area) {
  EMU_CHECK(area.start < area.end && InRange(area.start, area.length()) &&
            area.start % kPageSize == 0 && area.end % kPageSize == 0);
  const bool replaces = AnyMapped(area.start, area.length());
  if (replaces && AnySealed(area.start, area.length())) return Errno(EPERM);
  if (replaces) Erase(area.start, area.end);
  const GuestAddr shown = Show(area, area.start, area.end);
  area.present = shown - area.start;
  if (replaces && shown < area.end) space_->Unmap(shown, area.end - shown);
  Insert(std::move(area));
  return {};
}

Result<> MemoryMap::Unmap(GuestAddr start, uint64_t length) {
  if (!AnyMapped(start, length)) return {};
  if (AnySealed(start, length)) return Errno(EPERM);
  const auto it = FirstEndingAfter(start);
  if (areas_.size() >= kMaxAreas && it->second.start < start &&
      it->second.end > start + length) {
    return Errno(ENOMEM);
  }
  const GuestAddr end = start + length;
  Erase(start, end);
  // Nothing is mapped below the lowest address; the machine knows none there.
  start = std::max(start, space_->lowest());
  space_->Unmap(start, end - start);
  return {};
}

Result<> MemoryMap::Protect(GuestAddr start, uint64_t length, int prot) {
  const GuestAddr end = start + length;
  GuestAddr at = start;
  // What the machine is still to be told, as one range.
  GuestAddr told_from = start, told_to = start;
  const auto tell = [&] {
    if (told_from < told_to) {
      space_->Protect(told_from, told_to - told_from, prot);
      ShowGuards(told_from, told_to);
    }
  };
  Result<> result;
  while (at < end) {
    auto it = FirstEndingAfter(at);
    result = CheckProtect(it, at, end, prot);
    if (!result.ok()) break;
    const GuestAddr to = std::min(end, it->second.end);
    if (it->second.prot != prot) {
      SplitAt(at);
      SplitAt(to);
      it = areas_.find(at);
      ChangeArea(it, [prot](Area& area) { area.prot = prot; });
      const GuestAddr present = at + it->second.present;
      if (told_to != at) {
        tell();
        told_from = at;
      }
      told_to = present;
      MergeAround(it);
    }
    at = to;
  }
  tell();
  // The last area changed may have become like the one behind it.
  const auto last = FirstEndingAfter(at);
  if (last != areas_.end() && last->second.start <= at) MergeAround(last);
  return result;
}

Result<> MemoryMap::CheckProtect(Areas::const_iterator it, GuestAddr at,
                                 GuestAddr end, int prot) const {
  if (it == areas_.end() || it->second.start > at) return Errno(ENOMEM);
  const Area& area = it->second;
  if (area.sealed) return Errno(EPERM);
  if ((prot & PROT_WRITE) && !area.may_write) return Errno(EACCES);
  if ((prot & PROT_EXEC) && !area.may_exec) return Errno(EACCES);
  const GuestAddr to = std::min(end, area.end);
  if (areas_.size() + (area.start < at) + (to < area.end) > kMaxAreas) {
    return Errno(ENOMEM);
  }
  if (area.shared || !(prot & PROT_WRITE) || (area.prot & PROT_WRITE)) {
    return {};
  }
  if (!area.grows_down && data_bytes_ + (to - at) > limits.data) {
    return Errno(ENOMEM);
  }
  if (!area.written && !area.no_reserve && !account_.HasRoomFor(to - at)) {
    return Errno(ENOMEM);
  }
  return {};
}

bool MemoryMap::ForEachIn(GuestAddr start, GuestAddr end,
                          absl::FunctionRef<void(Area&)> change) {
  SplitAt(start);
  SplitAt(end);
  bool whole = true;
  GuestAddr at = start;
  while (at < end) {
    auto it = areas_.lower_bound(at);
    if (it == areas_.end() || it->second.start >= end) return false;
    if (it->second.start > at) whole = false;
    ChangeArea(it, change);
    at = MergeAround(it)->second.end;
  }
  const auto last = areas_.find(end);
  if (last != areas_.end()) MergeAround(last);
  return whole;
}

Result<> MemoryMap::Lock(GuestAddr start, uint64_t length, bool lock) {
  const bool whole = ForEachIn(start, start + length,
                               [lock](Area& area) { area.locked = lock; });
  if (!whole) return Errno(ENOMEM);
  return {};
}

void MemoryMap::LockAll(bool lock) {
  (void)Lock(space_->lowest(), space_->highest() - space_->lowest(), lock);
}

uint64_t MemoryMap::LockedIn(GuestAddr start, uint64_t length) const {
  const GuestAddr end = start + length;
  uint64_t locked = 0;
  for (auto it = const_cast<MemoryMap*>(this)->FirstEndingAfter(start);
       it != areas_.end() && it->second.start < end; ++it) {
    const Area& area = it->second;
    if (!area.locked) continue;
    locked += std::min(area.end, end) - std::max(area.start, start);
  }
  return locked;
}

std::unique_ptr<MemoryMap> MemoryMap::Fork(std::shared_ptr<AddressSpace> copy) {
  auto child = std::make_unique<MemoryMap>(account_, std::move(copy));
  child->layout = layout;
  child->layout.executable = nullptr;
  (void)child->SetExecutable(layout.executable).ok();
  child->limits = limits;
  child->guards_ = guards_;
  child->search_top_ = search_top_;
  child->largest_hole_ = largest_hole_;
  for (const auto& [start, area] : areas_) {
    if (area.dont_fork) {
      child->space_->Unmap(start, area.length());
      child->guards_.Remove({start / kPageSize, area.end / kPageSize});
      continue;
    }
    if (area.wipe_on_fork) {
      child->space_->Discard(start, area.length());
      if (child->guards_.count() > 0) {
        child->guards_.Remove({start / kPageSize, area.end / kPageSize});
        child->space_->Protect(start, area.length(), area.prot);
      }
    }
    Area inherited = area;
    inherited.locked = false;
    child->Account(inherited, true);
    child->areas_.emplace_hint(child->areas_.end(), start,
                               std::move(inherited));
  }
  for (const auto& [start, area] : areas_) {
    if (area.dont_fork) child->NoteFree(start, area.end);
  }
  return child;
}

void MemoryMap::Refresh(MemoryObject& object, uint64_t offset,
                        uint64_t length) {
  const uint64_t end = length > ~offset ? ~uint64_t{0} : offset + length;
  for (auto& [start, area] : areas_) {
    if (area.object.get() != &object) continue;
    const uint64_t area_end = area.offset + area.length();
    const uint64_t from = std::max(PageDown(offset), area.offset);
    const uint64_t to = std::min(end, area_end);
    if (from >= to) continue;
    RefreshArea(area, area.start + (from - area.offset),
                std::min(area.end, PageUp(area.start + (to - area.offset))));
  }
}

// Private pages that the guest may have written are its own and stay, as long
// as the object reaches that far.
void MemoryMap::RefreshArea(Area& area, GuestAddr from, GuestAddr to) {
  const GuestAddr old_end = area.start + area.present;
  from = std::min(from, old_end);
  GuestAddr shown;
  if (area.shared || !area.written) {
    shown = Show(area, from, to);
  } else {
    shown = from;
    while (shown < to) {
      const auto piece = area.object->Locate(area.OffsetOf(shown), to - shown);
      if (!piece) break;
      shown += std::min(piece->length, to - shown);
    }
    if (shown > old_end) Show(area, old_end, shown);
  }
  if (shown < to) {
    if (shown < old_end) space_->Unmap(shown, old_end - shown);
    area.present = shown - area.start;
  } else {
    area.present = std::max(area.present, shown - area.start);
  }
}

}  // namespace emu
