// SPDX-License-Identifier: Apache-2.0
//
// O_ASYNC: a signal to a file's owner (F_SETOWN, F_SETSIG) when it can be read,
// or written if it can only be written.

#ifndef KERNEL_FS_ASYNC_IO_H_
#define KERNEL_FS_ASYNC_IO_H_

#include "arch/user_ptr.h"

namespace emu {

class FileDescription;
class Task;

// Begins or ends to tell `file`'s owner; `fd` is what the signal calls it.
void SetAsync(Task& task, FileDescription& file, Fd fd, bool on);

}  // namespace emu

#endif  // KERNEL_FS_ASYNC_IO_H_
