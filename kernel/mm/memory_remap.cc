// SPDX-License-Identifier: Apache-2.0
//
// mremap(2).

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "kernel/mm/memory_map.h"

namespace emu {
namespace {

// The guarded pages in [from, from+length), as they will lie at `to`.
std::vector<PageRange> MovedGuards(const PageSet& guards, GuestAddr from,
                                   GuestAddr to, uint64_t length) {
  std::vector<PageRange> moved;
  if (guards.count() == 0) return moved;
  const uint64_t end = (from + length) / kPageSize;
  for (uint64_t page = from / kPageSize; page < end;) {
    const PageSet::Run run = guards.RunAt(page);
    const uint64_t to_page = page - from / kPageSize + to / kPageSize;
    const uint64_t run_end = std::min(run.end, end);
    if (run.in_set) moved.push_back({to_page, to_page + (run_end - page)});
    page = run_end;
  }
  return moved;
}

}  // namespace

Result<GuestAddr> MemoryMap::Remap(const RemapRequest& request) {
  if ((request.flags & MREMAP_FIXED) &&
      request.old_length == request.new_length) {
    return MoveAreas(request);
  }
  const Area* area = Find(request.from);
  if (area == nullptr) return Errno(EFAULT);
  if (area->sealed) return Errno(EPERM);
  const bool elsewhere = request.flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
  // What is only cut off may lie in several areas.
  if (!elsewhere && request.old_length >= request.new_length) {
    if (request.old_length > request.new_length) {
      TRY(Unmap(request.from + request.new_length,
                request.old_length - request.new_length));
    }
    return request.from;
  }
  if (request.old_length == 0 && !area->shared) return Errno(EINVAL);
  if (std::min(request.old_length, request.new_length) >
      area->end - request.from) {
    return Errno(EFAULT);
  }
  TRY(CheckGrowth(*area, request));
  const GuestAddr old_end = request.from + request.old_length;
  if (!elsewhere && request.old_length > 0 && old_end == area->end) {
    const uint64_t more = request.new_length - request.old_length;
    if (InRange(old_end, more) && !AnyMapped(old_end, more)) {
      Area tail = *area;
      tail.start = old_end;
      tail.end = old_end + more;
      tail.offset = area->OffsetOf(old_end);
      TRY(MapAt(std::move(tail)));
      return request.from;
    }
  }
  if (!(request.flags & MREMAP_MAYMOVE)) return Errno(ENOMEM);
  if (areas_.size() + 3 > kMaxAreas) return Errno(ENOMEM);
  GuestAddr to = request.to;
  if (!(request.flags & MREMAP_FIXED)) {
    to = TRY(FindFree(PageDown(to), request.new_length));
  }
  RemapRequest move = request;
  if (move.old_length > move.new_length) {
    // It is cut before it moves, over the end of its area if need be.
    if (AnySealed(to, move.new_length)) return Errno(EPERM);
    TRY(Unmap(to, move.new_length));
    TRY(Unmap(move.from + move.new_length, move.old_length - move.new_length));
    move.old_length = move.new_length;
  }
  return MoveArea(move, to);
}

// Without a change of length to a place that is given, all areas in the range
// move, and the holes between them stay as large.
Result<GuestAddr> MemoryMap::MoveAreas(const RemapRequest& request) {
  const GuestAddr end = request.from + request.old_length;
  GuestAddr at = request.from;
  do {
    const Area* area = FirstAreaAfter(at);
    if (area == nullptr || (area->start >= end && at != request.from)) break;
    if (at == request.from && area->start > at) return Errno(EFAULT);
    if (area->sealed) return Errno(EPERM);
    if (areas_.size() + 3 > kMaxAreas) return Errno(ENOMEM);
    RemapRequest part = request;
    part.from = std::max(at, area->start);
    part.old_length = part.new_length = std::min(end, area->end) - part.from;
    const GuestAddr next = area->end;
    TRY(CheckGrowth(*area, part));
    TRY(MoveArea(part, request.to + (part.from - request.from)));
    at = next;
  } while (at < end);
  if (at == request.from) return Errno(EFAULT);
  return request.to;
}

Result<> MemoryMap::CheckGrowth(const Area& area,
                                const RemapRequest& request) const {
  const bool keeps = request.flags & MREMAP_DONTUNMAP;
  const uint64_t old_length = keeps ? 0 : request.old_length;
  if (request.new_length <= old_length) return {};
  const uint64_t more = request.new_length - old_length;
  if (area.locked && locked_bytes_ + more > limits.locked) {
    return Errno(EAGAIN);
  }
  if (mapped_bytes_ + more > limits.address_space) return Errno(ENOMEM);
  if (area.shared || !(area.prot & PROT_WRITE)) return {};
  if (data_bytes_ + more > limits.data) return Errno(ENOMEM);
  if (!area.no_reserve && !account_.HasRoomFor(more)) return Errno(ENOMEM);
  return {};
}

// The pages at request.from go to `to`, where the area then has its new length.
Result<GuestAddr> MemoryMap::MoveArea(const RemapRequest& request,
                                      GuestAddr to) {
  if (AnyMapped(to, request.new_length)) {
    TRY(Unmap(to, request.new_length));
  }
  // The target may have been a part of the same area.
  const Area* area = Find(request.from);
  Area moved = *area;
  moved.offset = area->OffsetOf(request.from);
  moved.start = to;
  moved.end = to + request.new_length;
  const uint64_t kept = std::min(request.old_length, request.new_length);
  const std::vector<PageRange> guards =
      MovedGuards(guards_, request.from, to, kept);
  const GuestAddr present_end = area->start + area->present;
  moved.present =
      std::min(present_end - std::min(present_end, request.from), kept);
  if (moved.present > 0) space_->Move(request.from, to, moved.present);
  Area left = *area;
  left.offset = moved.offset;
  left.start = request.from;
  left.end = request.from + request.old_length;
  // An object that the area alone holds must outlive the change of place.
  const std::shared_ptr<MemoryObject> object = moved.object;
  if (request.old_length > 0) Erase(left.start, left.end);
  if (moved.present == kept && kept < request.new_length) {
    moved.present = Show(moved, to + kept, moved.end) - to;
  }
  for (const PageRange& pages : guards) guards_.Add(pages);
  Insert(std::move(moved));
  if (request.old_length == 0) return to;
  if (request.flags & MREMAP_DONTUNMAP) {
    left.locked = false;
    left.present = Show(left, left.start, left.end) - left.start;
    Insert(std::move(left));
  } else if (request.old_length > kept) {
    space_->Unmap(request.from + kept, request.old_length - kept);
  }
  return to;
}

}  // namespace emu
