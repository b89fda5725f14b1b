// SPDX-License-Identifier: Apache-2.0
//
// prctl(2)'s operations on memory.

#ifndef KERNEL_SYSCALLS_PRCTL_MEMORY_H_
#define KERNEL_SYSCALLS_PRCTL_MEMORY_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class Task;

// PR_SET_VMA: a name for memory of one's own, shown in /proc/self/maps.
Result<int> SetMemoryName(Task& task, uint64_t what, GuestAddr start,
                          uint64_t size, GuestAddr text);
// PR_SET_MM: where /proc/self/stat, cmdline and their like say that parts of the
// program are.
Result<int> SetMemoryLayout(Task& task, uint64_t what, GuestAddr addr,
                            uint64_t arg4, uint64_t arg5);

}  // namespace emu

#endif  // KERNEL_SYSCALLS_PRCTL_MEMORY_H_
