// SPDX-License-Identifier: Apache-2.0
//
// Leases (fcntl(2)'s F_SETLEASE): the holder is told by a signal before another
// opens or truncates the file, who waits until the holder has given way, or
// lease-break-time is over. The leases themselves are part of FileLocks.

#ifndef KERNEL_FS_LEASE_H_
#define KERNEL_FS_LEASE_H_

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/inode.h"

namespace emu {

class Task;

// F_SETLEASE; `type` is F_RDLCK, F_WRLCK or F_UNLCK. EINVAL, EACCES, EAGAIN.
Result<> SetLease(Task& task, Fd fd, FileDescription& file, int type);
// F_GETLEASE: what it is, or is about to become.
int GetLease(Task& task, FileDescription& file);

// Before a regular file is opened with open(2)'s `flags`, or truncated
// (O_WRONLY). kBlocked while a holder has not given way; EWOULDBLOCK with
// O_NONBLOCK.
Result<> BreakLeases(Task& task, Inode& inode, int flags);

}  // namespace emu

#endif  // KERNEL_FS_LEASE_H_
