// SPDX-License-Identifier: Apache-2.0
//
// procfs: proc(5). A directory for each process, the system's own files, and
// the settings below sys/, which can be read and not changed.

#ifndef KERNEL_PROCFS_PROCFS_H_
#define KERNEL_PROCFS_PROCFS_H_

#include <memory>

#include "kernel/fs/inode.h"

namespace emu {

class Kernel;
class PseudoDirectory;

std::unique_ptr<FileSystem> NewProcfs(Kernel& kernel);

// Fill the root with the system's files (system_files.cc), `sys` (sysctl.cc) and
// a directory with those of the network (network_files.cc, socket_files.cc).
void AddSystemFiles(Kernel& kernel, PseudoDirectory& root);
void AddSysctls(Kernel& kernel, PseudoDirectory& sys);
void AddNetworkFiles(Kernel& kernel, PseudoDirectory& net);
void AddSocketFiles(Kernel& kernel, PseudoDirectory& net);

}  // namespace emu

#endif  // KERNEL_PROCFS_PROCFS_H_
