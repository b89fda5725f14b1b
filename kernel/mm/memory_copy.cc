// SPDX-License-Identifier: Apache-2.0
//
// Copies between the kernel and a guest, and faults: the two ways that memory
// is touched.

#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "kernel/mm/memory_map.h"

namespace emu {
namespace {

// A stack grows by this much at a time where it may, so that deep recursion
// does not fault at each page.
constexpr uint64_t kStackStep = 128 << 10;

}  // namespace

// The area above `addr` is made to reach down to it, if it is one that grows
// and the limits and the gap below allow it.
Area* MemoryMap::GrowTo(GuestAddr addr) {
  auto it = areas_.upper_bound(addr);
  if (it == areas_.end() || !it->second.grows_down) return nullptr;
  Area& area = it->second;
  const GuestAddr wanted = PageDown(addr);
  GuestAddr lowest = space_->lowest();
  if (area.end - lowest > limits.stack) {
    lowest = area.end - PageDown(limits.stack);
  }
  if (it != areas_.begin()) {
    const Area& below = std::prev(it)->second;
    const bool gap = below.prot != PROT_NONE && !below.grows_down;
    lowest = std::max(lowest, below.end + (gap ? kStackGuardGap : 0));
  }
  if (wanted < lowest) return nullptr;
  if (mapped_bytes_ + (area.start - wanted) > limits.address_space) {
    return nullptr;
  }
  GuestAddr start = wanted;
  if (area.name == "[stack]" && limits.address_space == ~0ull) {
    start = std::min(wanted, std::max(lowest, area.start - kStackStep));
  }
  Account(area, false);
  Area grown = area;
  grown.start = start;
  Show(grown, start, area.start);
  auto node = areas_.extract(it);
  Area& same = node.mapped();
  same.present += same.start - start;
  same.start = start;
  node.key() = start;
  areas_.insert(std::move(node));
  Account(same, true);
  return &same;
}

Area* MemoryMap::FindAccessible(GuestAddr addr, bool write) {
  Area* area = const_cast<Area*>(Find(addr));
  if (area == nullptr) area = GrowTo(addr);
  return area != nullptr && area->Allows(write, false) ? area : nullptr;
}

// The object has grown so that it holds `addr` now: shows what came to be.
bool MemoryMap::ShowGrown(Area& area, GuestAddr addr) {
  const GuestAddr old_end = area.start + area.present;
  if (area.object == nullptr || addr < old_end) return false;
  const GuestAddr shown = Show(area, old_end, area.end);
  area.present = shown - area.start;
  return addr < shown;
}

// Calls copy(address, place among the n bytes, length) for each stretch of
// accessible memory; it says how many bytes it copied.
template <typename Copy>
size_t MemoryMap::CopyPieces(GuestAddr addr, size_t n, bool write, Copy copy) {
  if (!InRange(addr, n)) return 0;
  const GuestAddr goal = addr + n;
  size_t done = 0;
  while (done < n) {
    const GuestAddr at = addr + done;
    Area* area = FindAccessible(at, write);
    if (area == nullptr) break;
    GuestAddr end = area->end;
    if (end < goal) {
      auto next = areas_.find(end);
      while (end < goal && next != areas_.end() && next->second.start == end &&
             next->second.Allows(write, false)) {
        end = next->second.end;
        ++next;
      }
    }
    if (guards_.count() > 0) {
      const PageSet::Run run = guards_.RunAt(at / kPageSize);
      if (run.in_set) break;
      if (run.end < end / kPageSize) end = run.end * kPageSize;
    }
    const size_t length = std::min(goal, end) - at;
    const size_t copied = copy(at, done, length);
    done += copied;
    if (copied == length) continue;
    area = const_cast<Area*>(Find(at + copied));
    if (area == nullptr || !ShowGrown(*area, at + copied)) break;
  }
  return done;
}

size_t MemoryMap::CopyInUntold(void* to, GuestAddr from, size_t n) {
  return CopyPieces(
      from, n, false, [&](GuestAddr at, size_t done, size_t len) {
        return space_->CopyIn(static_cast<char*>(to) + done, at, len);
      });
}

size_t MemoryMap::CopyInPartial(void* to, GuestAddr from, size_t n) {
  const size_t copied = CopyInUntold(to, from, n);
  Tell(from, to, copied, copied);
  return copied;
}

size_t MemoryMap::CopyOutPartial(GuestAddr to, const void* from, size_t n) {
  const size_t copied =
      CopyPieces(to, n, true, [&](GuestAddr at, size_t done, size_t len) {
        return space_->CopyOut(at, static_cast<const char*>(from) + done, len);
      });
  Tell(to, from, copied, copied);
  return copied;
}

Result<> MemoryMap::CopyIn(void* to, GuestAddr from, size_t n) {
  if (CopyInPartial(to, from, n) != n) return Errno(EFAULT);
  return {};
}

Result<> MemoryMap::CopyOut(GuestAddr to, const void* from, size_t n) {
  if (CopyOutPartial(to, from, n) != n) return Errno(EFAULT);
  return {};
}

Result<std::string> MemoryMap::CopyString(GuestAddr from, size_t max) {
  // A short stretch first: most strings are short, and copies cost by length.
  constexpr size_t kFirst = 256;
  std::string text;
  char bytes[kPageSize];
  while (text.size() <= max) {
    const GuestAddr at = from + text.size();
    const size_t to_page_end = kPageSize - at % kPageSize;
    size_t want = std::min(to_page_end, max + 1 - text.size());
    if (text.empty()) want = std::min(want, kFirst);
    const size_t copied = CopyInUntold(bytes, at, want);
    const auto* nul = static_cast<const char*>(memchr(bytes, 0, copied));
    const size_t length = nul != nullptr ? nul - bytes : copied;
    Tell(at, bytes, copied, nul != nullptr ? length + 1 : length);
    if (copied == 0) return Errno(EFAULT);
    text.append(bytes, length);
    if (nul != nullptr) return text;
  }
  return Errno(ENAMETOOLONG);
}

bool MemoryMap::HandleFault(GuestAddr addr, bool write, bool exec,
                            FaultInfo* fault) {
  Area* area = const_cast<Area*>(Find(addr));
  const bool grown = area == nullptr;
  if (grown) area = InRange(addr, 1) ? GrowTo(addr) : nullptr;
  if (area == nullptr) {
    // Outside of what a guest may map, the machine knows best.
    if (addr != 0 && !InRange(addr, 1)) return false;
    fault->signo = SIGSEGV;
    fault->code = SEGV_MAPERR;
    return false;
  }
  if (IsGuarded(addr)) {
    fault->signo = SIGSEGV;
    fault->code = SEGV_MAPERR;
    return false;
  }
  if (!area->Allows(write, exec)) {
    fault->signo = SIGSEGV;
    fault->code = SEGV_ACCERR;
    return false;
  }
  if (grown || ShowGrown(*area, addr)) return true;
  if (area->object != nullptr && addr >= area->start + area->present) {
    fault->signo = SIGBUS;
    fault->code = BUS_ADRERR;
  }
  return false;
}

}  // namespace emu
