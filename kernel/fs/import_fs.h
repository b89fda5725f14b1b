// SPDX-License-Identifier: Apache-2.0
//
// A directory of the host as a file system of the guest's own: names,
// attributes and contents are taken when they are first used, and from then on
// belong to the guest, who may change anything. The host is never written, and
// what was changed ends with the run.

#ifndef KERNEL_FS_IMPORT_FS_H_
#define KERNEL_FS_IMPORT_FS_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "arch/host_tree.h"
#include "kernel/fs/inode.h"

namespace emu {

class Kernel;

struct ImportPolicy {
  // Nodes of the user who runs emu belong to these, all others to 0:0.
  Uid uid = 1000;
  Gid gid = 1000;
  // Instead of the host's modification times.
  std::optional<Nanos> fixed_mtime;
  // Directories of the tree that show empty, as paths from its root: "proc".
  std::vector<std::string> empty = {"proc", "sys", "dev", "run"};
};

// `tree` must outlive the kernel.
std::unique_ptr<FileSystem> NewImportFs(Kernel& kernel, HostTree& tree,
                                        const ImportPolicy& policy);

}  // namespace emu

#endif  // KERNEL_FS_IMPORT_FS_H_
