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
#include <string>
#include <vector>

#include "arch/host_tree.h"
#include "kernel/fs/inode.h"

namespace emu {

class Kernel;

// What guests see of the host's modification times.
enum class ImportedTimes {
  kHost,   // all of it
  kClamp,  // none later than the policy's time: that instead
  // The policy's time, but for what a package or an image brought: a file of the
  // system whose time is a whole second, and no later than that. It was unpacked
  // with the time that it was packed with, which is the same on every host, and
  // others keep it to tell whether the file changed (Python beside its compiled
  // modules, Java's class archives).
  kFixed,
};

struct ImportPolicy {
  // Nodes of the user who runs emu belong to these, all others to 0:0.
  Uid uid = 1000;
  Gid gid = 1000;
  ImportedTimes times = ImportedTimes::kHost;
  Nanos time = 0;  // since 1970
  // Directories of the tree that show empty, as paths from its root: "proc".
  std::vector<std::string> empty = {"proc", "sys", "dev", "run"};
};

// `tree` must outlive the kernel.
std::unique_ptr<FileSystem> NewImportFs(Kernel& kernel, HostTree& tree,
                                        const ImportPolicy& policy);

}  // namespace emu

#endif  // KERNEL_FS_IMPORT_FS_H_
