// SPDX-License-Identifier: Apache-2.0
//
// The guests' end of emu's standard streams.

#ifndef KERNEL_DEV_CONSOLE_H_
#define KERNEL_DEV_CONSOLE_H_

#include "arch/result.h"

namespace emu {

class Kernel;
class Task;

// Gives the first task its descriptors 0, 1 and 2: streams, the terminal, or
// nothing where emu's own are closed.
Result<> OpenStdStreams(Kernel& kernel, Task& task);

}  // namespace emu

#endif  // KERNEL_DEV_CONSOLE_H_
