// SPDX-License-Identifier: Apache-2.0
//
// A directory of the host that guests use as it is: what they change changes
// there. For what the user named as writable, and for read-only views that
// follow the host.

#ifndef KERNEL_FS_BIND_FS_H_
#define KERNEL_FS_BIND_FS_H_

#include <memory>

#include "arch/host_tree.h"
#include "kernel/fs/inode.h"

namespace emu {

class Kernel;

struct BindPolicy {
  bool read_only = false;
  // Nodes of the user who runs emu belong to these, all others to 0:0.
  Uid uid = 1000;
  Gid gid = 1000;
};

// `tree` must outlive the kernel; one that is not writable needs read_only.
std::unique_ptr<FileSystem> NewBindFs(Kernel& kernel, HostTree& tree,
                                      const BindPolicy& policy);

}  // namespace emu

#endif  // KERNEL_FS_BIND_FS_H_
