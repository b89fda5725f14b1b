// SPDX-License-Identifier: Apache-2.0
//
// Memory mappings: mmap(2) and its kin.

#include <linux/memfd.h>
#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernel/fs/access.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/mm/shared_memory.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr GuestAddr kLowestMapping = 0x10000;  // vm.mmap_min_addr
constexpr int kProtMask = PROT_READ | PROT_WRITE | PROT_EXEC;
constexpr int kProtSem = 8;
constexpr int kMapSync = 0x80000;
// Those that MAP_SHARED_VALIDATE knows: the ones older than itself.
constexpr int kLegacyFlags =
    MAP_SHARED | MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE |
    MAP_EXECUTABLE | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE |
    MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB | MAP_32BIT | MAP_FIXED_NOREPLACE |
    (0x3f << MAP_HUGE_SHIFT);

// The map, with the limits of the caller.
MemoryMap& MapOf(Task& task) {
  task.mm->limits = MemoryLimits::Of(task.process());
  return *task.mm;
}

bool MayLockAnything(const Task& task) { return task.creds->Has(14); }

bool MayLock(const Task& task) {
  return MayLockAnything(task) || task.process().limit(RLIMIT_MEMLOCK) != 0;
}

// Whether `more` bytes may be locked beside those that are.
bool LockLimitAllows(const Task& task, uint64_t more) {
  if (MayLockAnything(task)) return true;
  return task.mm->locked_bytes() + more <= task.process().limit(RLIMIT_MEMLOCK);
}

// Huge pages are there by name, but none is free.
Errno HugePageError(int flags) {
  const int shift = (flags >> MAP_HUGE_SHIFT) & 0x3f;
  const bool known = shift == 0 || shift == 21 || shift == 30;
  return Errno(known ? ENOMEM : EINVAL);
}

// Where the mapping goes; for MAP_FIXED, whether it may go there.
Result<GuestAddr> Place(MemoryMap& mm, GuestAddr addr, uint64_t length,
                        int flags) {
  if (length > mm.space().highest()) return Errno(ENOMEM);
  if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
    addr = PageDown(addr);
    if (addr != 0) addr = std::max(addr, kLowestMapping);
    return mm.FindFree(addr, length);
  }
  if (addr > mm.space().highest() - length) return Errno(ENOMEM);
  if (addr % kPageSize != 0) return Errno(EINVAL);
  if (addr < kLowestMapping || !mm.InRange(addr, length)) return Errno(EPERM);
  if ((flags & MAP_FIXED_NOREPLACE) && mm.AnyMapped(addr, length)) {
    return Errno(EEXIST);
  }
  return addr;
}

// What a file's mapping may be by its description, and what it shows.
Result<> SetUpFile(Task& task, FileDescription& file, int flags, Area* area) {
  switch (flags & MAP_TYPE) {
    case MAP_SHARED_VALIDATE:
      if (flags & ~(kLegacyFlags | MAP_TYPE)) return Errno(EOPNOTSUPP);
      [[fallthrough]];
    case MAP_SHARED:
      if ((area->prot & PROT_WRITE) && !file.writable()) return Errno(EACCES);
      area->shared = true;
      area->may_write = file.writable();
      break;
    case MAP_PRIVATE:
      break;
    default:
      return Errno(EINVAL);
  }
  if (!file.readable()) return Errno(EACCES);
  if (file.path().mount->flags.noexec) {
    if (area->prot & PROT_EXEC) return Errno(EPERM);
    area->may_exec = false;
  }
  area->object = TRY(file.Map(task, area->prot, area->shared));
  if (area->grows_down) return Errno(EINVAL);
  area->file = file.shared_from_this();
  return {};
}

// Shared memory of its own, or private memory.
Result<> SetUpAnonymous(int flags, Area* area) {
  area->offset = 0;
  if ((flags & MAP_TYPE) == MAP_PRIVATE) return {};
  if ((flags & MAP_TYPE) != MAP_SHARED || area->grows_down) {
    return Errno(EINVAL);
  }
  area->shared = true;
  return {};
}

Result<> CreateShared(Task& task, Area* area) {
  Kernel& kernel = task.kernel();
  area->object =
      TRY(SharedMemory::Create<SharedMemory>(kernel.pages(), kernel.subsystems().memory,
                               area->length(), !area->no_reserve));
  area->name = "/dev/zero (deleted)";
  return {};
}

Result<GuestAddr> Map(Task& task, GuestAddr addr, uint64_t length, int prot,
                      int flags, FileDescription* file, uint64_t offset) {
  MemoryMap& mm = MapOf(task);
  if (length == 0) return Errno(EINVAL);
  length = PageUp(length);
  if (length == 0) return Errno(ENOMEM);
  if (offset + length < offset) return Errno(EOVERFLOW);
  if (mm.areas().size() >= MemoryMap::kMaxAreas) return Errno(ENOMEM);
  Area area{.prot = prot & kProtMask,
            .grows_down = (flags & MAP_GROWSDOWN) != 0,
            .locked = (flags & MAP_LOCKED) || mm.lock_future,
            .no_reserve = (flags & MAP_NORESERVE) != 0,
            .offset = offset};
  area.start = TRY(Place(mm, addr, length, flags));
  area.end = area.start + length;
  if ((flags & MAP_LOCKED) && !MayLock(task)) return Errno(EPERM);
  if (area.locked && !LockLimitAllows(task, length)) return Errno(EAGAIN);
  if (file != nullptr) {
    // File offsets are signed.
    if (offset + length > uint64_t{INT64_MAX}) return Errno(EOVERFLOW);
    TRY(SetUpFile(task, *file, flags, &area));
  } else {
    TRY(SetUpAnonymous(flags, &area));
  }
  TRY(mm.CheckRoom(area));
  if (area.object != nullptr) {
    TRY(area.object->BeforeMap(area.shared, area.shared && area.may_write));
  } else if (area.shared) {
    TRY(CreateShared(task, &area));
  }
  const GuestAddr start = area.start;
  const bool populate =
      area.locked || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
  TRY(mm.MapAt(std::move(area)));
  if (populate) mm.Populate(start, length);
  return start;
}

// The range of mprotect(2) and those like it.
Result<uint64_t> CheckRange(GuestAddr start, uint64_t length) {
  if (start % kPageSize != 0) return Errno(EINVAL);
  const uint64_t rounded = PageUp(length);
  if (rounded < length) return Errno(EINVAL);
  if (start + rounded < start) return Errno(EINVAL);
  return rounded;
}

Result<> Protect(Task& task, GuestAddr start, uint64_t length, int prot) {
  const int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
  if (grows == (PROT_GROWSDOWN | PROT_GROWSUP)) return Errno(EINVAL);
  if (start % kPageSize != 0) return Errno(EINVAL);
  if (length == 0) return {};
  length = PageUp(length);
  if (length == 0 || start + length <= start) return Errno(ENOMEM);
  if (prot & ~(kProtMask | kProtSem | PROT_GROWSDOWN | PROT_GROWSUP)) {
    return Errno(EINVAL);
  }
  MemoryMap& mm = MapOf(task);
  if (!mm.InRange(start, length)) return Errno(ENOMEM);
  if (grows != 0) {
    const Area* area = mm.Find(start);
    if (area == nullptr) return Errno(ENOMEM);
    if (grows == PROT_GROWSUP || !area->grows_down) return Errno(EINVAL);
    length += start - area->start;
    start = area->start;
  }
  return mm.Protect(start, length, prot & kProtMask);
}

Result<> Lock(Task& task, GuestAddr start, uint64_t length, bool populate) {
  if (!MayLock(task)) return Errno(EPERM);
  length = PageUp(length + start % kPageSize);
  start = PageDown(start);
  MemoryMap& mm = MapOf(task);
  uint64_t more = length;
  if (mm.InRange(start, length)) more -= mm.LockedIn(start, length);
  if (!LockLimitAllows(task, more)) return Errno(ENOMEM);
  if (start + length < start) return Errno(EINVAL);
  if (length == 0) return {};
  if (!mm.InRange(start, length)) return Errno(ENOMEM);
  TRY(mm.Lock(start, length, true));
  if (populate) mm.Populate(start, length);
  return {};
}

}  // namespace

// mmap(2).
Result<GuestAddr> sys_mmap(Task& task, GuestAddr addr, size_t length, int prot,
                           int flags, Fd fd, uint64_t offset) {
  if (offset % kPageSize != 0) return Errno(EINVAL);
  if (!(flags & MAP_ANONYMOUS)) {
    const FileRef file = TRY(task.GetFile(fd));
    if (flags & MAP_HUGETLB) return Errno(EINVAL);
    return Map(task, addr, length, prot, flags, file.get(), offset);
  }
  if (flags & MAP_HUGETLB) return HugePageError(flags);
  return Map(task, addr, length, prot, flags, nullptr, offset);
}

// munmap(2).
Result<> sys_munmap(Task& task, GuestAddr addr, size_t length) {
  MemoryMap& mm = MapOf(task);
  const GuestAddr top = mm.space().highest();
  if (addr % kPageSize != 0 || addr > top || length > top - addr) {
    return Errno(EINVAL);
  }
  length = PageUp(length);
  if (length == 0) return Errno(EINVAL);
  return mm.Unmap(addr, length);
}

// mprotect(2).
Result<> sys_mprotect(Task& task, GuestAddr addr, size_t length, int prot) {
  return Protect(task, addr, length, prot);
}

// pkey_mprotect(2), as on a CPU without protection keys.
Result<> sys_pkey_mprotect(Task& task, GuestAddr addr, size_t length, int prot,
                           int pkey) {
  if (pkey != -1) return Errno(EINVAL);
  return Protect(task, addr, length, prot);
}

// pkey_alloc(2).
Result<int> sys_pkey_alloc(Task&, uint64_t flags, uint64_t rights) {
  if (flags != 0 || (rights & ~uint64_t{3}) != 0) return Errno(EINVAL);
  return Errno(ENOSPC);
}

// pkey_free(2).
Result<> sys_pkey_free(Task&, int) { return Errno(EINVAL); }

// brk(2).
Result<GuestAddr> sys_brk(Task& task, GuestAddr brk) {
  return MapOf(task).SetBrk(brk);
}

// mremap(2).
Result<GuestAddr> sys_mremap(Task& task, GuestAddr from, size_t old_length,
                             size_t new_length, int flags, GuestAddr to) {
  if (flags & ~(MREMAP_FIXED | MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) {
    return Errno(EINVAL);
  }
  const bool fixed = flags & MREMAP_FIXED;
  const bool keep = flags & MREMAP_DONTUNMAP;
  if ((fixed || keep) && !(flags & MREMAP_MAYMOVE)) return Errno(EINVAL);
  if (keep && old_length != new_length) return Errno(EINVAL);
  if (from % kPageSize != 0) return Errno(EINVAL);
  old_length = PageUp(old_length);
  new_length = PageUp(new_length);
  if (new_length == 0) return Errno(EINVAL);
  MemoryMap& mm = MapOf(task);
  if (fixed || keep) {
    if (to % kPageSize != 0 || new_length > mm.space().highest() ||
        to > mm.space().highest() - new_length) {
      return Errno(EINVAL);
    }
    if (to + new_length > from && from + old_length > to) return Errno(EINVAL);
    if (fixed && to < kLowestMapping) return Errno(EPERM);
  }
  if (!mm.InRange(from, old_length)) return Errno(EFAULT);
  return mm.Remap({.from = from,
                   .old_length = old_length,
                   .new_length = new_length,
                   .flags = flags,
                   .to = fixed || keep ? to : 0});
}

// madvise(2).
Result<> sys_madvise(Task& task, GuestAddr addr, size_t length, int advice) {
  if (!MemoryMap::KnowsAdvice(advice)) return Errno(EINVAL);
  length = TRY(CheckRange(addr, length));
  if (length == 0) return {};
  MemoryMap& mm = MapOf(task);
  if (!mm.InRange(addr, length)) return Errno(ENOMEM);
  return mm.Advise(addr, length, advice);
}

// mincore(2).
Result<> sys_mincore(Task& task, GuestAddr addr, size_t length,
                     UserPtr<char> vec) {
  if (addr % kPageSize != 0) return Errno(EINVAL);
  MemoryMap& mm = *task.mm;
  if (length == 0) return {};
  if (!mm.InRange(addr, length)) return Errno(ENOMEM);
  constexpr size_t kMost = 16 << 10;
  // What others have read of a file is for those to know who may change it.
  const auto asks = [&task](const Area& area) {
    Inode& inode = area.file->inode();
    return OwnsOrCapable(*task.creds, inode) ||
           CheckAccess(*task.creds, inode, kMayWrite).ok();
  };
  size_t pages = PageUp(length) / kPageSize;
  while (pages > 0) {
    const size_t count = std::min(pages, kMost);
    if (!mm.AllMapped(addr, count * kPageSize)) return Errno(ENOMEM);
    const std::vector<bool> resident = mm.Residency(addr, count, asks);
    const std::string bytes(resident.begin(), resident.end());
    TRY(mm.CopyOut(vec.addr(), bytes.data(), count));
    vec = vec.At(count);
    addr += count * kPageSize;
    pages -= count;
  }
  return {};
}

// mseal(2).
Result<> sys_mseal(Task& task, GuestAddr addr, size_t length, uint64_t flags) {
  if (flags != 0) return Errno(EINVAL);
  length = TRY(CheckRange(addr, length));
  if (length == 0) return {};
  if (!task.mm->InRange(addr, length)) return Errno(ENOMEM);
  return task.mm->Seal(addr, length);
}

// msync(2).
Result<> sys_msync(Task& task, GuestAddr addr, size_t length, int flags) {
  if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) return Errno(EINVAL);
  if (addr % kPageSize != 0) return Errno(EINVAL);
  if ((flags & MS_ASYNC) && (flags & MS_SYNC)) return Errno(EINVAL);
  length = PageUp(length);
  const GuestAddr end = addr + length;
  if (end < addr) return Errno(ENOMEM);
  if (end == addr) return {};
  MemoryMap& mm = *task.mm;
  if (!mm.InRange(addr, length)) return Errno(ENOMEM);
  bool hole = false;
  while (addr < end) {
    const Area* area = mm.FirstAreaAfter(addr);
    if (area == nullptr || area->start >= end) return Errno(ENOMEM);
    if (area->start > addr) hole = true;
    if ((flags & MS_INVALIDATE) && area->locked) return Errno(EBUSY);
    addr = area->end;
    if ((flags & MS_SYNC) && area->shared && area->file != nullptr) {
      TRY(area->file->inode().Sync());
    }
  }
  if (hole) return Errno(ENOMEM);
  return {};
}

// mlock(2).
Result<> sys_mlock(Task& task, GuestAddr addr, size_t length) {
  return Lock(task, addr, length, /*populate=*/true);
}

// mlock2(2).
Result<> sys_mlock2(Task& task, GuestAddr addr, size_t length, int flags) {
  if (flags & ~MLOCK_ONFAULT) return Errno(EINVAL);
  return Lock(task, addr, length, (flags & MLOCK_ONFAULT) == 0);
}

// munlock(2).
Result<> sys_munlock(Task& task, GuestAddr addr, size_t length) {
  length = PageUp(length + addr % kPageSize);
  addr = PageDown(addr);
  if (addr + length < addr) return Errno(EINVAL);
  if (length == 0) return {};
  if (!task.mm->InRange(addr, length)) return Errno(ENOMEM);
  return task.mm->Lock(addr, length, false);
}

// mlockall(2).
Result<> sys_mlockall(Task& task, int flags) {
  if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
      flags == MCL_ONFAULT) {
    return Errno(EINVAL);
  }
  if (!MayLock(task)) return Errno(EPERM);
  MemoryMap& mm = *task.mm;
  if ((flags & MCL_CURRENT) && !MayLockAnything(task) &&
      mm.mapped_bytes() > task.process().limit(RLIMIT_MEMLOCK)) {
    return Errno(ENOMEM);
  }
  mm.lock_future = (flags & MCL_FUTURE) != 0;
  if ((flags & MCL_CURRENT) == 0) return {};
  mm.LockAll(true);
  if (flags & MCL_ONFAULT) return {};
  for (const auto& [start, area] : mm.areas()) {
    mm.Populate(start, area.length());
  }
  return {};
}

// munlockall(2).
Result<> sys_munlockall(Task& task) {
  task.mm->lock_future = false;
  task.mm->LockAll(false);
  return {};
}

}  // namespace emu
