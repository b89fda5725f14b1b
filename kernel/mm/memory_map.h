// SPDX-License-Identifier: Apache-2.0
//
// What a guest thinks is mapped: an ordered list of areas (Linux's VMAs) over
// one AddressSpace of the machine. Owns that address space; shared by tasks
// with CLONE_VM. Every copy between the kernel and a guest goes through here
// and is checked against the list, so that protections hold whatever way the
// machine copies.
//
// The machine has mapped exactly what the areas say, but for pages behind the
// end of an area's object: those are mapped when the object has grown.

#ifndef KERNEL_MM_MEMORY_MAP_H_
#define KERNEL_MM_MEMORY_MAP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "arch/machine.h"
#include "arch/page_store.h"
#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/data_digest.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/page_set.h"
#include "kernel/mm/futex.h"
#include "kernel/mm/memory_account.h"
#include "kernel/mm/memory_object.h"

namespace emu {

class Kernel;
class Process;

// A mapped area: [start, end), whole pages. Neighbours that could be one are.
struct Area {
  GuestAddr start = 0;
  GuestAddr end = 0;
  int prot = 0;         // PROT_*
  bool shared = false;  // MAP_SHARED
  bool grows_down = false;
  bool locked = false;        // mlock
  bool dont_fork = false;     // MADV_DONTFORK
  bool wipe_on_fork = false;  // MADV_WIPEONFORK
  bool dont_dump = false;     // MADV_DONTDUMP: shown, and of no effect
  bool no_reserve = false;    // MAP_NORESERVE
  bool sealed = false;        // mseal(2)
  // mbind(2)'s policy: its mode, and whether it names the one node.
  int memory_policy = 0;
  bool memory_policy_node = false;
  // May be made writable by mprotect (a shared mapping of a read-only
  // descriptor may not).
  bool may_write = true;
  bool may_exec = true;
  // It was writable at some time, so that private pages may differ from the
  // object's, and memory is charged for them. Kept by MemoryMap.
  bool written = false;
  // What it shows from `offset` on; null for private anonymous memory.
  std::shared_ptr<MemoryObject> object = nullptr;
  uint64_t offset = 0;
  // Bytes from the start on that the machine has mapped: fewer than length()
  // where the object ends. Kept by MemoryMap.
  uint64_t present = 0;
  FileRef file = nullptr;  // for /proc/self/maps; null when anonymous
  // "[heap]", "[stack]", "[anon:NAME]" (PR_SET_VMA_ANON_NAME), or empty.
  std::string name = "";

  uint64_t length() const { return end - start; }
  uint64_t OffsetOf(GuestAddr addr) const { return offset + (addr - start); }
  // x86 pages that can be written or executed can be read.
  bool Allows(bool write, bool exec) const {
    if (write) return prot & 2;
    return exec ? prot & 4 : prot != 0;
  }
};

// Limits of the process that a mapping is made for.
struct MemoryLimits {
  uint64_t address_space = ~0ull;  // RLIMIT_AS
  uint64_t data = ~0ull;           // RLIMIT_DATA
  uint64_t stack = 8 << 20;        // RLIMIT_STACK
  uint64_t locked = ~0ull;         // RLIMIT_MEMLOCK

  static MemoryLimits Of(const Process& process);
};

class MemoryMap {
 public:
  // Linux's, less some: the host counts a few mappings more than the guest.
  static constexpr size_t kMaxAreas = 65530 - 1024;
  // What stays free below an area that grows down.
  static constexpr uint64_t kStackGuardGap = 256 * kPageSize;

  MemoryMap(Kernel& kernel, std::shared_ptr<AddressSpace> space);
  // `digest`, if there is one, is told of all bytes that are copied.
  MemoryMap(MemoryAccount& account, std::shared_ptr<AddressSpace> space,
            DataDigest* digest = nullptr);
  MemoryMap(const MemoryMap&) = delete;
  MemoryMap& operator=(const MemoryMap&) = delete;
  ~MemoryMap();

  AddressSpace& space() { return *space_; }
  const std::shared_ptr<AddressSpace>& space_ref() const { return space_; }

  // All-or-nothing copies: EFAULT.
  Result<> CopyIn(void* to, GuestAddr from, size_t n);
  Result<> CopyOut(GuestAddr to, const void* from, size_t n);
  // Bytes copied before the first that is not there.
  size_t CopyInPartial(void* to, GuestAddr from, size_t n);
  size_t CopyOutPartial(GuestAddr to, const void* from, size_t n);
  // Up to `max` bytes without the NUL: EFAULT, ENAMETOOLONG when there is no
  // NUL among the first `max` + 1 bytes.
  Result<std::string> CopyString(GuestAddr from, size_t max);

  // A touch of `addr` by the guest (or for it) that the machine refused. True:
  // it is mended (the stack grew, pages came to be) and may be tried again.
  // Otherwise `fault` says what signal it is.
  bool HandleFault(GuestAddr addr, bool write, bool exec, FaultInfo* fault);

  // Whether `area` may be made by the limits: ENOMEM. What it would replace is
  // taken into account.
  Result<> CheckRoom(const Area& area);
  // Makes `area` (its name, object and protections) at area.start, replacing
  // what is there. The caller has checked limits.
  Result<> MapAt(Area area);
  // A free place for `length` bytes, at `hint` if that is free: ENOMEM.
  Result<GuestAddr> FindFree(GuestAddr hint, uint64_t length);
  Result<> Unmap(GuestAddr start, uint64_t length);
  // mprotect(2), area by area: EACCES and ENOMEM leave what lies before done.
  Result<> Protect(GuestAddr start, uint64_t length, int prot);

  // mremap(2) once its arguments make sense.
  struct RemapRequest {
    GuestAddr from = 0;
    uint64_t old_length = 0;
    uint64_t new_length = 0;
    int flags = 0;     // MREMAP_*
    GuestAddr to = 0;  // with MREMAP_FIXED; a hint with MREMAP_DONTUNMAP
  };
  Result<GuestAddr> Remap(const RemapRequest& request);
  // madvise(2); holes are ENOMEM at the end.
  static bool KnowsAdvice(int advice);
  Result<> Advise(GuestAddr start, uint64_t length, int advice);
  // mseal(2): ENOMEM where something is not mapped.
  Result<> Seal(GuestAddr start, uint64_t length);
  bool AnySealed(GuestAddr start, uint64_t length) const;
  // prctl(2)'s PR_SET_VMA_ANON_NAME (empty: none): ENOMEM at the end where there
  // are holes, EBADF for files.
  Result<> SetName(GuestAddr start, uint64_t length, const std::string& name);
  // Brings the pages of the range in that can be read, as far as there is
  // memory for them.
  void Populate(GuestAddr start, uint64_t length);
  // mbind(2).
  void SetPolicy(GuestAddr start, uint64_t length, int mode, bool node);
  // mincore(2): of `pages` pages from `start` on, which are in memory.
  // `asks_files`: whether the page cache of a file may be looked at.
  std::vector<bool> Residency(
      GuestAddr start, size_t pages,
      absl::FunctionRef<bool(const Area&)> asks_files) const;
  // MADV_GUARD_INSTALL: a touch of the page is SIGSEGV, whatever its area says.
  bool IsGuarded(GuestAddr addr) const {
    return guards_.count() > 0 && guards_.RunAt(addr / kPageSize).in_set;
  }
  // mlock(2) and munlock(2): ENOMEM where something is not mapped. The caller
  // has checked the limit.
  Result<> Lock(GuestAddr start, uint64_t length, bool lock);
  void LockAll(bool lock);
  uint64_t LockedIn(GuestAddr start, uint64_t length) const;
  // brk(2): the new end, or the old one when it cannot be changed.
  GuestAddr SetBrk(GuestAddr brk);

  // The area that holds `addr`; null if none.
  const Area* Find(GuestAddr addr) const;
  // That area, or the first above it; null if none.
  const Area* FirstAreaAfter(GuestAddr addr) const;
  // Whether any, or all, of [start, start+length) is mapped.
  bool AnyMapped(GuestAddr start, uint64_t length) const;
  bool AllMapped(GuestAddr start, uint64_t length) const;
  bool InRange(GuestAddr start, uint64_t length) const;
  const std::map<GuestAddr, Area>& areas() const { return areas_; }
  uint64_t mapped_bytes() const { return mapped_bytes_; }
  uint64_t locked_bytes() const { return locked_bytes_; }
  uint64_t data_bytes() const { return data_bytes_; }

  // For fork: the list of this map over a copied address space.
  std::unique_ptr<MemoryMap> Fork(std::shared_ptr<AddressSpace> copy);

  // The program that runs here; nobody can write to it meanwhile. ETXTBSY.
  Result<> SetExecutable(FileRef file);

  // The object's pages in the range changed: see MemoryObject::Changed.
  void Refresh(MemoryObject& object, uint64_t offset, uint64_t length);

  // Set by exec, read by procfs and brk.
  struct Layout {
    GuestAddr code_start = 0, code_end = 0, data_start = 0, data_end = 0;
    GuestAddr brk_start = 0, brk = 0;
    GuestAddr stack_start = 0;
    GuestAddr mmap_base = 0;  // mappings are placed from here downwards
    GuestAddr args_start = 0, args_end = 0, env_start = 0, env_end = 0;
    std::string auxv;    // bytes, as /proc/self/auxv shows them
    FileRef executable;  // set by SetExecutable
  };
  Layout layout;
  MemoryLimits limits;
  // mlockall(2)'s MCL_FUTURE.
  bool lock_future = false;
  // Tasks that wait for words of memory private to this map.
  FutexQueues futexes;

 private:
  friend class MemoryMapTest;
  using Areas = std::map<GuestAddr, Area>;

  // The area that holds `addr`, or the first above it.
  Areas::iterator FirstEndingAfter(GuestAddr addr);
  // No area has `addr` in its middle afterwards.
  void SplitAt(GuestAddr addr);
  // Puts it in the list (the place is free), as one with its neighbours if that
  // can be.
  Areas::iterator Insert(Area area);
  Areas::iterator MergeAround(Areas::iterator it);
  static bool Mergeable(const Area& low, const Area& high);
  // Takes all areas out of [start, end); the machine is not told.
  void Erase(GuestAddr start, GuestAddr end);
  // Adds or takes away what the area counts for.
  void Account(const Area& area, bool add);
  void ChangeArea(Areas::iterator it, absl::FunctionRef<void(Area&)> change);
  Result<> CheckProtect(Areas::const_iterator it, GuestAddr at, GuestAddr end,
                        int prot) const;
  // Calls change(area) for every area in the range, which is split at its ends,
  // and merges what has become alike. False if there was a hole.
  bool ForEachIn(GuestAddr start, GuestAddr end,
                 absl::FunctionRef<void(Area&)> change);

  // Has the machine show the part [from, to) of the area; returns where the
  // object ended, or `to`.
  GuestAddr Show(const Area& area, GuestAddr from, GuestAddr to);
  void RefreshArea(Area& area, GuestAddr from, GuestAddr to);
  bool ShowGrown(Area& area, GuestAddr addr);
  // The area that grows down to `addr`, grown; null if there is none.
  Area* GrowTo(GuestAddr addr);
  // An area that allows the access, growing one if need be; null: EFAULT.
  Area* FindAccessible(GuestAddr addr, bool write);
  template <typename Copy>
  size_t CopyPieces(GuestAddr addr, size_t n, bool write, Copy copy);

  std::optional<GuestAddr> SearchDown(GuestAddr top, uint64_t length,
                                      uint64_t* largest_hole) const;
  void NoteFree(GuestAddr start, GuestAddr end);

  Result<> CheckGrowth(const Area& area, const RemapRequest& request) const;
  Result<GuestAddr> MoveArea(const RemapRequest& request, GuestAddr to);
  Result<GuestAddr> MoveAreas(const RemapRequest& request);
  // The machine shows guarded pages in the range as not accessible (again).
  void ShowGuards(GuestAddr start, GuestAddr end);
  void Guard(const Area& area, GuestAddr from, GuestAddr to, bool install);
  Result<> AdviseArea(const Area& area, GuestAddr from, GuestAddr to,
                      int advice);
  void DropPages(const Area& area, GuestAddr from, GuestAddr to);

  // As CopyInPartial, for who tells of the data himself.
  size_t CopyInUntold(void* to, GuestAddr from, size_t n);
  void Tell(GuestAddr at, const void* bytes, size_t n, size_t meant) {
    if (digest_ != nullptr) digest_->Add(at, bytes, n, meant);
  }

  MemoryAccount& account_;
  std::shared_ptr<AddressSpace> space_;
  DataDigest* const digest_;
  Areas areas_;  // by start
  // The area found last; null when it may be gone.
  mutable Area* last_ = nullptr;
  PageSet guards_;  // by page number
  uint64_t mapped_bytes_ = 0;
  uint64_t data_bytes_ = 0;  // private and writable, but no stack
  uint64_t locked_bytes_ = 0;
  uint64_t charged_bytes_ = 0;
  // Holes between search_top_ and the mmap base are no larger than
  // largest_hole_.
  GuestAddr search_top_ = 0;
  uint64_t largest_hole_ = 0;
};

}  // namespace emu

#endif  // KERNEL_MM_MEMORY_MAP_H_
