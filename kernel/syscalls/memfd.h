// SPDX-License-Identifier: Apache-2.0
//
// fcntl(2)'s seals, for fd.cc.

#ifndef KERNEL_SYSCALLS_MEMFD_H_
#define KERNEL_SYSCALLS_MEMFD_H_

#include <cstdint>

#include "arch/result.h"
#include "kernel/fs/file_description.h"

namespace emu {

// F_GET_SEALS, F_ADD_SEALS.
Result<int64_t> GetSeals(FileDescription& file);
Result<int64_t> AddSeals(FileDescription& file, uint64_t wanted);

}  // namespace emu

#endif  // KERNEL_SYSCALLS_MEMFD_H_
