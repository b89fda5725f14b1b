// SPDX-License-Identifier: Apache-2.0
//
// NUMA calls, on a machine with one node: policies are checked and remembered,
// and of no effect.

#include <linux/mempolicy.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/pid_namespace.h"
#include "kernel/ptrace_access.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

#ifndef MPOL_PREFERRED_MANY
#define MPOL_PREFERRED_MANY 5
#endif

namespace emu {
namespace {

constexpr uint64_t kMostNodeBits = kPageSize * 8;
constexpr int kModeFlags =
    MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES | MPOL_F_NUMA_BALANCING;
constexpr int kLastMode = 6;  // MPOL_WEIGHTED_INTERLEAVE

// The nodes of a mask of `bits` - 1 bits: whether the one node there is is
// named. EINVAL: another is, or the mask is too long.
Result<bool> ReadNodes(Task& task, UserPtr<const uint64_t> mask,
                       uint64_t bits) {
  if (bits == 0 || !mask) return false;
  --bits;
  if (bits == 0) return false;
  if (bits > kMostNodeBits) return Errno(EINVAL);
  std::vector<uint64_t> words = TRY(task.ReadArray(mask, (bits + 63) / 64));
  if (bits % 64 != 0) words.back() &= (uint64_t{1} << (bits % 64)) - 1;
  const bool named = (words[0] & 1) != 0;
  words[0] &= ~uint64_t{1};
  for (uint64_t word : words) {
    if (word != 0) return Errno(EINVAL);
  }
  return named;
}

// Whether mode and nodes go together, as mpol_new() has it.
Result<> CheckPolicy(int mode, bool has_nodes) {
  const int flags = mode & kModeFlags;
  mode &= ~kModeFlags;
  if (mode < 0 || mode > kLastMode) return Errno(EINVAL);
  if ((flags & MPOL_F_STATIC_NODES) && (flags & MPOL_F_RELATIVE_NODES)) {
    return Errno(EINVAL);
  }
  if ((flags & MPOL_F_NUMA_BALANCING) && mode != MPOL_BIND) {
    return Errno(EINVAL);
  }
  switch (mode) {
    case MPOL_DEFAULT:
    case MPOL_LOCAL:
      if (has_nodes || (mode == MPOL_LOCAL && flags != 0)) {
        return Errno(EINVAL);
      }
      return {};
    case MPOL_PREFERRED:
      if (!has_nodes && flags != 0) return Errno(EINVAL);
      return {};
    default:
      if (!has_nodes) return Errno(EINVAL);
      return {};
  }
}

Result<> WriteNodes(Task& task, UserPtr<uint64_t> mask, uint64_t bits,
                    bool node) {
  if (!mask) return {};
  std::vector<uint64_t> words(std::min(bits, kMostNodeBits) / 64, 0);
  if (words.empty()) words.resize(1);
  words[0] = node ? 1 : 0;
  return task.WriteArray(mask, absl::MakeConstSpan(words));
}

}  // namespace

// set_mempolicy(2).
Result<> sys_set_mempolicy(Task& task, int mode, UserPtr<const uint64_t> mask,
                           uint64_t bits) {
  const bool node = TRY(ReadNodes(task, mask, bits));
  TRY(CheckPolicy(mode, node));
  task.memory_policy = mode;
  task.memory_policy_node = node;
  return {};
}

// get_mempolicy(2).
Result<> sys_get_mempolicy(Task& task, UserPtr<int> mode,
                           UserPtr<uint64_t> mask, uint64_t bits,
                           GuestAddr addr, uint64_t flags) {
  if (flags & ~uint64_t{MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED}) {
    return Errno(EINVAL);
  }
  if (mask && bits < 1) return Errno(EINVAL);
  if (flags & MPOL_F_MEMS_ALLOWED) {
    if (flags & (MPOL_F_NODE | MPOL_F_ADDR)) return Errno(EINVAL);
    if (mode) TRY(task.Write(mode, 0));
    return WriteNodes(task, mask, bits, true);
  }
  int policy = task.memory_policy;
  bool node = task.memory_policy_node;
  if (flags & MPOL_F_ADDR) {
    const Area* area = task.mm->Find(addr);
    if (area == nullptr) return Errno(EFAULT);
    policy = area->memory_policy;
    node = area->memory_policy_node;
  } else if (addr != 0) {
    return Errno(EINVAL);
  }
  if (flags & MPOL_F_NODE) {
    // Which node the page is on; without an address, the next to interleave.
    if (!(flags & MPOL_F_ADDR) && (policy & ~kModeFlags) != MPOL_INTERLEAVE) {
      return Errno(EINVAL);
    }
    policy = 0;
  }
  if (mode) TRY(task.Write(mode, policy));
  return WriteNodes(task, mask, bits, node);
}

// mbind(2).
Result<> sys_mbind(Task& task, GuestAddr addr, size_t length, int mode,
                   UserPtr<const uint64_t> mask, uint64_t bits,
                   uint32_t flags) {
  const bool node = TRY(ReadNodes(task, mask, bits));
  constexpr uint32_t kFlags = MPOL_MF_STRICT | MPOL_MF_MOVE | MPOL_MF_MOVE_ALL;
  if (flags & ~kFlags) return Errno(EINVAL);
  if ((flags & MPOL_MF_MOVE_ALL) && !task.creds->Has(23 /* CAP_SYS_NICE */)) {
    return Errno(EPERM);
  }
  if (addr % kPageSize != 0) return Errno(EINVAL);
  length = PageUp(length);
  if (addr + length < addr) return Errno(EINVAL);
  if (length == 0) return {};
  TRY(CheckPolicy(mode, node));
  if (!task.mm->InRange(addr, length) || !task.mm->AllMapped(addr, length)) {
    return Errno(EFAULT);
  }
  task.mm->SetPolicy(addr, length, mode, node);
  return {};
}

// set_mempolicy_home_node(2).
Result<> sys_set_mempolicy_home_node(Task& task, GuestAddr addr, size_t length,
                                     uint64_t home, uint64_t flags) {
  if (addr % kPageSize != 0 || flags != 0 || home != 0) return Errno(EINVAL);
  length = PageUp(length);
  if (addr + length < addr) return Errno(EINVAL);
  if (length == 0) return {};
  // No area has a policy that could have a home.
  if (!task.mm->InRange(addr, length)) return Errno(EFAULT);
  return Errno(ENOENT);
}

// migrate_pages(2).
Result<int> sys_migrate_pages(Task& task, Pid pid, uint64_t bits,
                              UserPtr<const uint64_t> from,
                              UserPtr<const uint64_t> to) {
  TRY(ReadNodes(task, from, bits));
  const bool node = TRY(ReadNodes(task, to, bits));
  Task* target = pid == 0 ? &task : task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  if (!MayInspect(task, *target)) return Errno(EPERM);
  if (!node) return Errno(EINVAL);
  return 0;
}

// move_pages(2).
Result<int> sys_move_pages(Task& task, Pid pid, uint64_t count,
                           UserPtr<const GuestAddr> pages,
                           UserPtr<const int> nodes, UserPtr<int> status,
                           int flags) {
  if (flags & ~(MPOL_MF_MOVE | MPOL_MF_MOVE_ALL)) return Errno(EINVAL);
  if ((flags & MPOL_MF_MOVE_ALL) && !task.creds->Has(23 /* CAP_SYS_NICE */)) {
    return Errno(EPERM);
  }
  Task* target = pid == 0 ? &task : task.kernel().pids().FindTask(pid);
  if (target == nullptr || target->mm == nullptr) return Errno(ESRCH);
  if (!MayInspect(task, *target)) return Errno(EPERM);
  for (uint64_t i = 0; i < count; ++i) {
    const GuestAddr page = TRY(task.Read(pages.At(i)));
    if (nodes) {
      const int node = TRY(task.Read(nodes.At(i)));
      if (node != 0) return Errno(ENODEV);
    }
    const int found = target->mm->Find(page) != nullptr ? 0 : -EFAULT;
    TRY(task.Write(status.At(i), found));
  }
  return 0;
}

}  // namespace emu
