// SPDX-License-Identifier: Apache-2.0
//
// System V shared memory.

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>

#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "arch/abi/shm.h"
#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/mm/shared_segment.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

namespace emu {
namespace {

constexpr uint64_t kLargest = ~uint64_t{0} - (1 << 24);  // SHMMAX, SHMALL
constexpr int kMostSegments = 4096;                      // SHMMNI

using SegmentRef = std::shared_ptr<SharedSegment>;

SharedSegments& SegmentsOf(Task& task) {
  return task.kernel().subsystems().segments;
}

Result<std::shared_ptr<IpcObject>> NewSegment(Task& task, size_t size,
                                              int flags) {
  if (size == 0 || size > kLargest) return Errno(EINVAL);
  if (flags & SHM_HUGETLB) return Errno(ENOMEM);
  Kernel& kernel = task.kernel();
  const auto memory = TRY(SharedMemory::Create<SegmentMemory>(
      kernel.pages(), kernel.subsystems().memory, PageUp(size),
      (flags & SHM_NORESERVE) == 0));
  auto segment =
      std::make_shared<SharedSegment>(SegmentsOf(task), memory, size);
  segment->creator = task.process().pid();
  segment->ctime = task.clock().realtime();
  return std::shared_ptr<IpcObject>(std::move(segment));
}

abi::shmid64_ds Describe(const SharedSegment& segment) {
  abi::shmid64_ds ds = {};
  ds.perm = segment.Perm();
  ds.segsz = segment.size;
  ds.atime = segment.atime / kNanosPerSecond;
  ds.dtime = segment.dtime / kNanosPerSecond;
  ds.ctime = segment.ctime / kNanosPerSecond;
  ds.cpid = segment.creator;
  ds.lpid = segment.last;
  ds.nattch = segment.attachments();
  return ds;
}

Result<int> Info(Task& task, GuestAddr buf) {
  abi::shminfo64 info = {};
  info.shmmax = kLargest;
  info.shmmin = 1;
  info.shmmni = info.shmseg = kMostSegments;
  info.shmall = kLargest;
  TRY(task.Write(UserPtr<abi::shminfo64>(buf), info));
  return SegmentsOf(task).highest_index();
}

Result<int> Usage(Task& task, GuestAddr buf) {
  const SharedSegments& all = SegmentsOf(task);
  abi::shm_info info = {};
  info.used_ids = all.count();
  for (const auto& [index, object] : all.objects()) {
    SegmentMemory& memory = *static_cast<SharedSegment&>(*object).memory();
    info.shm_tot += memory.length() / kPageSize;
    info.shm_rss += memory.Resident() / kPageSize;
  }
  TRY(task.Write(UserPtr<abi::shm_info>(buf), info));
  return all.highest_index();
}

Result<int> Stat(Task& task, int id, int command, GuestAddr buf) {
  const SharedSegments& all = SegmentsOf(task);
  const SegmentRef segment =
      TRY(command == IPC_STAT ? all.Find(id) : all.FindAt(id));
  if (command != SHM_STAT_ANY) TRY(segment->CheckAccess(*task.creds, 0444));
  TRY(task.Write(UserPtr<abi::shmid64_ds>(buf), Describe(*segment)));
  return command == IPC_STAT ? 0 : segment->id();
}

Result<int> Set(Task& task, int id, GuestAddr buf) {
  const auto ds = TRY(task.Read(UserPtr<const abi::shmid64_ds>(buf)));
  const SegmentRef segment = TRY(SegmentsOf(task).Find(id));
  TRY(segment->CheckOwner(*task.creds));
  TRY(segment->SetPerm(ds.perm));
  segment->ctime = task.clock().realtime();
  return 0;
}

Result<int> Lock(Task& task, int id, bool lock) {
  const SegmentRef segment = TRY(SegmentsOf(task).Find(id));
  const Credentials& creds = *task.creds;
  if (!creds.Has(CAP_IPC_LOCK)) {
    if (creds.euid != segment->uid && creds.euid != segment->cuid) {
      return Errno(EPERM);
    }
    if (lock && task.process().limit(RLIMIT_MEMLOCK) == 0) return Errno(EPERM);
  }
  segment->mode &= ~uint32_t{SHM_LOCKED};
  if (lock) segment->mode |= SHM_LOCKED;
  return 0;
}

// Where the segment is attached.
Result<GuestAddr> Place(MemoryMap& mm, GuestAddr addr, uint64_t length,
                        int flags) {
  if (addr == 0) {
    if (flags & SHM_REMAP) return Errno(EINVAL);
    return mm.FindFree(0, length);
  }
  if (addr % kPageSize != 0) {
    if (!(flags & SHM_RND)) return Errno(EINVAL);
    addr = PageDown(addr);
    if (addr == 0 && (flags & SHM_REMAP)) return Errno(EINVAL);
  }
  if (!mm.InRange(addr, length)) return Errno(EINVAL);
  if (!(flags & SHM_REMAP) && mm.AnyMapped(addr, length)) {
    return Errno(EINVAL);
  }
  return addr;
}

}  // namespace

// shmget(2).
Result<int> sys_shmget(Task& task, int32_t key, size_t size, int flags) {
  return SegmentsOf(task).Get(
      *task.creds, key, flags, [&] { return NewSegment(task, size, flags); },
      [&](IpcObject& object) -> Result<> {
        if (size > static_cast<SharedSegment&>(object).size) {
          return Errno(EINVAL);
        }
        return {};
      });
}

// shmat(2).
Result<GuestAddr> sys_shmat(Task& task, int id, GuestAddr addr, int flags) {
  if (id < 0) return Errno(EINVAL);
  MemoryMap& mm = *task.mm;
  mm.limits = MemoryLimits::Of(task.process());
  if (addr % kPageSize != 0 && !(flags & SHM_RND)) return Errno(EINVAL);
  const SegmentRef segment = TRY(SegmentsOf(task).Find(id));
  const bool read_only = (flags & SHM_RDONLY) != 0;
  Area area{.prot = PROT_READ,
            .shared = true,
            .may_write = !read_only,
            .object = segment->memory(),
            .name = absl::StrFormat("/SYSV%08x (deleted)", segment->key())};
  uint32_t access = 0444;
  if (!read_only) {
    area.prot |= PROT_WRITE;
    access |= 0222;
  }
  if (flags & SHM_EXEC) {
    area.prot |= PROT_EXEC;
    access |= 0111;
  }
  TRY(segment->CheckAccess(*task.creds, access));
  const uint64_t length = segment->memory()->length();
  area.start = TRY(Place(mm, addr, length, flags));
  area.end = area.start + length;
  TRY(mm.CheckRoom(area));
  const GuestAddr start = area.start;
  TRY(mm.MapAt(std::move(area)));
  segment->atime = task.clock().realtime();
  segment->last = task.process().pid();
  return start;
}

// shmdt(2).
Result<> sys_shmdt(Task& task, GuestAddr addr) {
  if (addr % kPageSize != 0) return Errno(EINVAL);
  MemoryMap& mm = *task.mm;
  // The attachment's first area that is left; others of it follow.
  const Area* area = mm.FirstAreaAfter(addr);
  while (area != nullptr && !(area->name.starts_with("/SYSV") &&
                              area->start - addr == area->offset)) {
    area = mm.FirstAreaAfter(area->end);
  }
  if (area == nullptr) return Errno(EINVAL);
  const auto memory = std::static_pointer_cast<SegmentMemory>(area->object);
  if (SharedSegment* segment = memory->segment) {
    segment->dtime = task.clock().realtime();
    segment->last = task.process().pid();
  }
  const GuestAddr end = addr + memory->length();
  while (area != nullptr && area->start < end) {
    const GuestAddr next = area->end;
    if (area->object == memory && area->start - addr == area->offset) {
      TRY(mm.Unmap(area->start, area->length()));
    }
    area = mm.FirstAreaAfter(next);
  }
  return {};
}

// shmctl(2).
Result<int> sys_shmctl(Task& task, int id, int command, GuestAddr buf) {
  if (id < 0 || command < 0) return Errno(EINVAL);
  switch (command) {
    case IPC_INFO:
      return Info(task, buf);
    case SHM_INFO:
      return Usage(task, buf);
    case IPC_STAT:
    case SHM_STAT:
    case SHM_STAT_ANY:
      return Stat(task, id, command, buf);
    case IPC_SET:
      return Set(task, id, buf);
    case IPC_RMID: {
      const SegmentRef segment = TRY(SegmentsOf(task).Find(id));
      TRY(segment->CheckOwner(*task.creds));
      segment->Remove();
      return 0;
    }
    case SHM_LOCK:
    case SHM_UNLOCK:
      return Lock(task, id, command == SHM_LOCK);
    default:
      return Errno(EINVAL);
  }
}

}  // namespace emu
