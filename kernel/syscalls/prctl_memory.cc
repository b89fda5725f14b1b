// SPDX-License-Identifier: Apache-2.0

#include "kernel/syscalls/prctl_memory.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include <cstring>
#include <string>

#include "arch/page_store.h"
#include "kernel/mm/memory_map.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr GuestAddr kLowestMapping = 0x10000;  // vm.mmap_min_addr

// The place of the layout that an operation sets; null if there is none.
GuestAddr* PlaceOf(MemoryMap::Layout& layout, uint64_t what) {
  switch (what) {
    case PR_SET_MM_START_CODE:
      return &layout.code_start;
    case PR_SET_MM_END_CODE:
      return &layout.code_end;
    case PR_SET_MM_START_DATA:
      return &layout.data_start;
    case PR_SET_MM_END_DATA:
      return &layout.data_end;
    case PR_SET_MM_START_STACK:
      return &layout.stack_start;
    case PR_SET_MM_START_BRK:
      return &layout.brk_start;
    case PR_SET_MM_BRK:
      return &layout.brk;
    case PR_SET_MM_ARG_START:
      return &layout.args_start;
    case PR_SET_MM_ARG_END:
      return &layout.args_end;
    case PR_SET_MM_ENV_START:
      return &layout.env_start;
    case PR_SET_MM_ENV_END:
      return &layout.env_end;
    default:
      return nullptr;
  }
}

// Whether the bounds are in order.
bool IsInOrder(const MemoryMap::Layout& layout) {
  return layout.code_start < layout.code_end &&
         layout.data_start <= layout.data_end &&
         layout.brk_start <= layout.brk &&
         layout.args_start <= layout.args_end &&
         layout.env_start <= layout.env_end;
}

bool MustBeMapped(uint64_t what) {
  return what == PR_SET_MM_START_STACK ||
         (what >= PR_SET_MM_ARG_START && what <= PR_SET_MM_ENV_END);
}

Result<int> SetAuxv(Task& task, GuestAddr addr, uint64_t length) {
  constexpr uint64_t kMostAuxv = 52 * 8;  // AT_VECTOR_SIZE words
  if (addr == 0 || length > kMostAuxv) return Errno(EINVAL);
  std::string auxv(length, 0);
  TRY(task.mm->CopyIn(auxv.data(), addr, length));
  // It ends with AT_NULL, whatever was given.
  if (length >= 16) auxv.replace(length - 16, 16, 16, 0);
  task.mm->layout.auxv = std::move(auxv);
  return 0;
}

}  // namespace

Result<int> SetMemoryName(Task& task, uint64_t what, GuestAddr start,
                          uint64_t size, GuestAddr text) {
  constexpr size_t kLongest = 79;  // ANON_VMA_NAME_MAX_LEN, with the NUL
  if (what != PR_SET_VMA_ANON_NAME) return Errno(EINVAL);
  std::string name;
  if (text != 0) {
    Result<std::string> given = task.mm->CopyString(text, kLongest);
    if (!given.ok()) {
      return Errno(given.error() == Errno(ENAMETOOLONG) ? EINVAL : EFAULT);
    }
    name = given.Take();
  }
  for (const char c : name) {
    if (c < 0x20 || c > 0x7e || std::strchr("\\`$[]", c) != nullptr) {
      return Errno(EINVAL);
    }
  }
  const uint64_t length = PageUp(size);
  if (start % kPageSize != 0 || length < size ||
      start + length < start) {
    return Errno(EINVAL);
  }
  if (length == 0) return 0;
  if (!task.mm->InRange(start, length)) return Errno(ENOMEM);
  TRY(task.mm->SetName(start, length, name));
  return 0;
}

Result<int> SetMemoryLayout(Task& task, uint64_t what, GuestAddr addr,
                            uint64_t arg4, uint64_t arg5) {
  if (arg5 != 0 || (arg4 != 0 && what != PR_SET_MM_AUXV)) return Errno(EINVAL);
  if (!task.creds->Has(CAP_SYS_RESOURCE)) return Errno(EPERM);
  if (what == PR_SET_MM_AUXV) return SetAuxv(task, addr, arg4);
  MemoryMap& mm = *task.mm;
  if (addr < kLowestMapping || addr >= mm.space().highest()) {
    return Errno(EINVAL);
  }
  MemoryMap::Layout changed = mm.layout;
  GuestAddr* const place = PlaceOf(changed, what);
  if (place == nullptr) return Errno(EINVAL);
  *place = addr;
  if (!IsInOrder(changed)) return Errno(EINVAL);
  if (MustBeMapped(what) && mm.FirstAreaAfter(addr) == nullptr) {
    return Errno(EFAULT);
  }
  *PlaceOf(mm.layout, what) = addr;
  return 0;
}

}  // namespace emu
