// SPDX-License-Identifier: Apache-2.0
//
// An inode as stat(2) and its kin write it.

#ifndef KERNEL_FS_STAT_H_
#define KERNEL_FS_STAT_H_

#include "arch/abi/stat.h"
#include "kernel/fs/path.h"

namespace emu {

abi::stat StatOf(Inode& inode);
// `mask` is what was asked for; basic attributes are always there.
abi::statx StatxOf(const Path& path, uint32_t mask);
abi::statfs StatfsOf(const Path& path);

}  // namespace emu

#endif  // KERNEL_FS_STAT_H_
