// SPDX-License-Identifier: Apache-2.0
//
// The file systems that every guest finds, whatever its root is made of.

#ifndef KERNEL_DEV_STANDARD_MOUNTS_H_
#define KERNEL_DEV_STANDARD_MOUNTS_H_

#include "arch/result.h"

namespace emu {

class Kernel;

// Mounts /proc, /sys and /dev (with pts and shm), and makes the devices openable.
// "/" is mounted already; what it has at these places is covered. With
// `fresh_tmp`, so are /run and /tmp.
Result<> MountStandard(Kernel& kernel, bool fresh_tmp);

}  // namespace emu

#endif  // KERNEL_DEV_STANDARD_MOUNTS_H_
