// SPDX-License-Identifier: Apache-2.0
//
// The tree of mounts.

#ifndef KERNEL_FS_MOUNT_H_
#define KERNEL_FS_MOUNT_H_

#include "kernel/fs/path.h"

namespace emu {

class Kernel;

class MountTree {
 public:
  explicit MountTree(Kernel& kernel) : kernel_(kernel) {}

  // The root of the first file system.
  const Path& root() const { return root_; }

 private:
  Kernel& kernel_;
  Path root_;
};

}  // namespace emu

#endif  // KERNEL_FS_MOUNT_H_
