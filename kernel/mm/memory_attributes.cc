// SPDX-License-Identifier: Apache-2.0
//
// What areas are told beside their protection (seals, names, policies), guarded
// pages, and which pages are in memory.

#include <sys/mman.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kernel/mm/memory_map.h"

namespace emu {
namespace {

constexpr size_t kPopulateStep = 256 << 10;
constexpr char kSharedName[] = "/dev/zero (deleted)";

// Memory without a file, be it shared: but not System V's.
bool CanBeNamed(const Area& area) {
  return area.file == nullptr &&
         (area.name == kSharedName || !absl::StartsWith(area.name, "/"));
}

// What has a name of the kernel's, such as the stack, keeps it.
void GiveName(Area& area, const std::string& name) {
  const bool named = absl::StartsWith(area.name, "[anon");
  if (area.shared) {
    area.name = name.empty() ? kSharedName
                             : absl::StrCat("[anon_shmem:", name, "]");
  } else if (named || area.name.empty()) {
    area.name = name.empty() ? "" : absl::StrCat("[anon:", name, "]");
  }
}

}  // namespace

Result<> MemoryMap::Seal(GuestAddr start, uint64_t length) {
  if (!AllMapped(start, length)) return Errno(ENOMEM);
  if (areas_.size() + 2 > kMaxAreas) return Errno(ENOMEM);
  ForEachIn(start, start + length, [](Area& area) { area.sealed = true; });
  return {};
}

bool MemoryMap::AnySealed(GuestAddr start, uint64_t length) const {
  const Area* area = FirstAreaAfter(start);
  while (area != nullptr && area->start < start + length) {
    if (area->sealed) return true;
    area = FirstAreaAfter(area->end);
  }
  return false;
}

Result<> MemoryMap::SetName(GuestAddr start, uint64_t length,
                            const std::string& name) {
  const GuestAddr end = start + length;
  GuestAddr at = start;
  bool hole = false;
  while (at < end) {
    const Area* area = FirstAreaAfter(at);
    if (area == nullptr || area->start >= end) return Errno(ENOMEM);
    if (area->start > at) hole = true;
    if (!CanBeNamed(*area)) return Errno(EBADF);
    if (areas_.size() + 2 > kMaxAreas) return Errno(ENOMEM);
    const GuestAddr to = std::min(end, area->end);
    ForEachIn(std::max(at, area->start), to,
              [&name](Area& part) { GiveName(part, name); });
    at = to;
  }
  if (hole) return Errno(ENOMEM);
  return {};
}

void MemoryMap::Populate(GuestAddr start, uint64_t length) {
  std::vector<char> bytes(kPopulateStep);
  uint64_t left = std::min(length, account_.limit());
  while (left > 0) {
    const size_t step = std::min<uint64_t>(left, bytes.size());
    // What cannot be read is passed over by the page.
    const size_t read = PageDown(CopyInPartial(bytes.data(), start, step));
    const size_t done = read == 0 ? std::min<size_t>(step, kPageSize) : read;
    start += done;
    left -= done;
  }
}

void MemoryMap::SetPolicy(GuestAddr start, uint64_t length, int mode,
                          bool node) {
  ForEachIn(start, start + length, [mode, node](Area& area) {
    area.memory_policy = mode;
    area.memory_policy_node = node;
  });
}

void MemoryMap::ShowGuards(GuestAddr start, GuestAddr end) {
  if (guards_.count() == 0) return;
  uint64_t page = start / kPageSize;
  while (page < end / kPageSize) {
    const PageSet::Run run = guards_.RunAt(page);
    const uint64_t to = std::min(run.end, end / kPageSize);
    if (run.in_set) {
      space_->Protect(page * kPageSize, (to - page) * kPageSize, PROT_NONE);
    }
    page = to;
  }
}

// Guarded pages lose what private contents they had.
void MemoryMap::Guard(const Area& area, GuestAddr from, GuestAddr to,
                      bool install) {
  const PageRange pages = {from / kPageSize, to / kPageSize};
  if (install) {
    DropPages(area, from, to);
    guards_.Add(pages);
    ShowGuards(from, to);
  } else if (guards_.Count(pages) > 0) {
    guards_.Remove(pages);
    const GuestAddr present = std::min(to, area.start + area.present);
    if (from < present) space_->Protect(from, present - from, area.prot);
  }
}

std::vector<bool> MemoryMap::Residency(
    GuestAddr start, size_t pages,
    absl::FunctionRef<bool(const Area&)> asks_files) const {
  std::vector<bool> resident;
  resident.reserve(pages);
  while (resident.size() < pages) {
    const GuestAddr at = start + resident.size() * kPageSize;
    const Area& area = *Find(at);
    const size_t count = std::min<size_t>(pages - resident.size(),
                                          (area.end - at) / kPageSize);
    if (!area.shared && area.object == nullptr) {
      const std::vector<bool> touched = space_->Touched(at, count);
      resident.insert(resident.end(), touched.begin(), touched.end());
      continue;
    }
    const bool asks = area.file == nullptr || asks_files(area);
    for (size_t i = 0; i < count; ++i) {
      const GuestAddr page = at + i * kPageSize;
      resident.push_back(!asks ||
                         (page < area.start + area.present &&
                          area.object->IsResident(area.OffsetOf(page))));
    }
  }
  return resident;
}

}  // namespace emu
