// SPDX-License-Identifier: Apache-2.0
//
// fcntl(2)'s record locks, for fd.cc.

#ifndef KERNEL_SYSCALLS_LOCK_H_
#define KERNEL_SYSCALLS_LOCK_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/inode.h"

namespace emu {

class Task;

// F_SETLK, F_SETLKW, F_GETLK and their F_OFD_ counterparts.
Result<int64_t> FcntlLock(Task& task, Fd fd, const FileRef& file, int cmd,
                          GuestAddr arg);

}  // namespace emu

#endif  // KERNEL_SYSCALLS_LOCK_H_
