// SPDX-License-Identifier: Apache-2.0
//
// The first program's standard streams.

#ifndef KERNEL_DEV_CONSOLE_H_
#define KERNEL_DEV_CONSOLE_H_

#include "arch/result.h"

namespace emu {

class Kernel;
class Task;

// Puts descriptors 0, 1 and 2 into `first`'s table, as Env says what each is: a
// stream that is closed outside is closed inside, the null device is /dev/null,
// a terminal the console (which becomes the controlling terminal of `first`'s
// session), and everything else one end of a FIFO. The tree is mounted.
Result<> OpenStdStreams(Kernel& kernel, Task& first);

}  // namespace emu

#endif  // KERNEL_DEV_CONSOLE_H_
