// SPDX-License-Identifier: Apache-2.0
//
// sysfs, as far as programs read it: processors and their topology, one memory
// node, one network interface, and an empty control group tree.

#ifndef KERNEL_SYSFS_SYSFS_H_
#define KERNEL_SYSFS_SYSFS_H_

#include <memory>

#include "kernel/fs/inode.h"

namespace emu {

class Kernel;

std::unique_ptr<FileSystem> NewSysfs(Kernel& kernel);
// The root of the control groups, for /sys/fs/cgroup.
std::unique_ptr<FileSystem> NewCgroupFs(Kernel& kernel);

}  // namespace emu

#endif  // KERNEL_SYSFS_SYSFS_H_
