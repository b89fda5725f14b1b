// SPDX-License-Identifier: Apache-2.0
//
// mremap(2).

#include <sys/mman.h>

#include <algorithm>
#include <utility>

#include "kernel/mm/memory_map.h"

namespace emu {

Result<GuestAddr> MemoryMap::Remap(const RemapRequest& request) {
  const Area* area = Find(request.from);
  const GuestAddr old_end = request.from + request.old_length;
  if (area == nullptr || old_end > area->end) return Errno(EFAULT);
  if (request.old_length == 0 && !area->shared) return Errno(EINVAL);
  const bool elsewhere = request.flags & (MREMAP_FIXED | MREMAP_DONTUNMAP);
  if (request.old_length >= request.new_length && !elsewhere &&
      request.old_length > 0) {
    if (request.old_length > request.new_length) {
      TRY(Unmap(request.from + request.new_length,
                request.old_length - request.new_length));
    }
    return request.from;
  }
  TRY(CheckGrowth(*area, request));
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
  return MoveArea(request, to);
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
