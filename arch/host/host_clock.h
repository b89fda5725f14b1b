// SPDX-License-Identifier: Apache-2.0
//
// The host's clocks, by the system call: emu may not run the vDSO's code.

#ifndef ARCH_HOST_HOST_CLOCK_H_
#define ARCH_HOST_HOST_CLOCK_H_

#include <sys/types.h>

#include <cstdint>

namespace emu {

// Nanoseconds on the clock `id`; 0 if there is none.
int64_t HostClock(int id);

// The clock of what the process has used of the host's processors, all its
// threads together.
int ProcessorClock(pid_t pid);

}  // namespace emu

#endif  // ARCH_HOST_HOST_CLOCK_H_
