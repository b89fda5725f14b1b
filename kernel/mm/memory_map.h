// SPDX-License-Identifier: Apache-2.0
//
// What a guest thinks is mapped: an ordered list of areas (Linux's VMAs) over
// one AddressSpace of the machine. Owns that address space; shared by tasks
// with CLONE_VM. Every copy between the kernel and a guest goes through here
// and is checked against the list, so that protections hold whatever way the
// machine copies.

#ifndef KERNEL_MM_MEMORY_MAP_H_
#define KERNEL_MM_MEMORY_MAP_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "arch/machine.h"
#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/file_description.h"
#include "kernel/mm/memory_object.h"

namespace emu {

class Kernel;

// A mapped area: [start, end), whole pages. Neighbours that could be one are.
struct Area {
  GuestAddr start = 0;
  GuestAddr end = 0;
  int prot = 0;           // PROT_*
  bool shared = false;    // MAP_SHARED
  bool grows_down = false;
  bool locked = false;        // mlock
  bool dont_fork = false;     // MADV_DONTFORK
  bool wipe_on_fork = false;  // MADV_WIPEONFORK
  bool no_reserve = false;
  // May be made writable by mprotect (a shared mapping of a read-only
  // descriptor may not).
  bool may_write = true;
  bool may_exec = true;
  // What it shows from `offset` on; null for private anonymous memory.
  std::shared_ptr<MemoryObject> object;
  uint64_t offset = 0;
  FileRef file;      // for /proc/self/maps; null when anonymous
  std::string name;  // "[heap]", "[stack]", or empty

  uint64_t length() const { return end - start; }
};

// Limits of the process that a mapping is made for.
struct MemoryLimits {
  uint64_t address_space = ~0ull;  // RLIMIT_AS
  uint64_t data = ~0ull;           // RLIMIT_DATA
  uint64_t stack = 8 << 20;        // RLIMIT_STACK
  uint64_t locked = ~0ull;         // RLIMIT_MEMLOCK
};

class MemoryMap {
 public:
  MemoryMap(Kernel& kernel, std::shared_ptr<AddressSpace> space);
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

  // Makes `area` (its name, object and protections) at area.start, replacing
  // what is there. The caller has checked limits.
  Result<> MapAt(Area area);
  // A free place for `length` bytes, at `hint` if that is free.
  Result<GuestAddr> FindFree(GuestAddr hint, uint64_t length);
  Result<> Unmap(GuestAddr start, uint64_t length);
  Result<> Protect(GuestAddr start, uint64_t length, int prot);

  // The area that holds `addr`; null if none.
  const Area* Find(GuestAddr addr) const;
  const std::map<GuestAddr, Area>& areas() const { return areas_; }
  uint64_t mapped_bytes() const { return mapped_bytes_; }

  // For fork: the list of this map over a copied address space.
  std::unique_ptr<MemoryMap> Fork(std::shared_ptr<AddressSpace> copy);

  // The object's pages in the range changed: see MemoryObject::Changed.
  void Refresh(MemoryObject& object, uint64_t offset, uint64_t length);

  // Set by exec, read by procfs and brk.
  struct Layout {
    GuestAddr code_start = 0, code_end = 0, data_start = 0, data_end = 0;
    GuestAddr brk_start = 0, brk = 0;
    GuestAddr stack_start = 0;
    GuestAddr args_start = 0, args_end = 0, env_start = 0, env_end = 0;
    std::string auxv;  // bytes, as /proc/self/auxv shows them
    FileRef executable;
  };
  Layout layout;
  MemoryLimits limits;

 private:
  friend class MemoryMapTest;
  Kernel& kernel_;
  std::shared_ptr<AddressSpace> space_;
  std::map<GuestAddr, Area> areas_;  // by start
  uint64_t mapped_bytes_ = 0;
};

}  // namespace emu

#endif  // KERNEL_MM_MEMORY_MAP_H_
