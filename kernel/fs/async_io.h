// SPDX-License-Identifier: Apache-2.0
//
// Signals to a file's owner (F_SETOWN, F_SETSIG): O_ASYNC, when it can be read,
// or written if it can only be written; and what else an owner is told.

#ifndef KERNEL_FS_ASYNC_IO_H_
#define KERNEL_FS_ASYNC_IO_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class FileDescription;
class Kernel;
class Task;

// Begins or ends to tell `file`'s owner; `fd` is what the signal calls it.
void SetAsync(Task& task, FileDescription& file, Fd fd, bool on);

// F_SETOWN: a process, or with a negative id a group; 0 is no one. `thread`:
// the id is one thread's. EINVAL, ESRCH.
Result<> SetFileOwner(Task& task, FileDescription& file, int32_t id,
                      bool thread = false);

// Signals the owner, if there is one: siginfo's `code` is POLL_IN and its kin,
// told where a signal was chosen.
void TellOwner(Kernel& kernel, FileDescription& file, Fd fd, int code);

// SIGURG to the owner of `file`, if it has one: urgent data came.
void SignalUrgent(Kernel& kernel, const FileDescription& file);

}  // namespace emu

#endif  // KERNEL_FS_ASYNC_IO_H_
