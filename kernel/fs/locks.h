// SPDX-License-Identifier: Apache-2.0
//
// Locks on files: flock(2)'s, and fcntl(2)'s record locks of processes (POSIX)
// and of open file descriptions. Owned by the inode.

#ifndef KERNEL_FS_LOCKS_H_
#define KERNEL_FS_LOCKS_H_

#include "kernel/fs/inode.h"

namespace emu {

class FileLocks {
 public:
  // The description ended.
  void ReleaseFile(const FileDescription& file);
  // A table of descriptors closed one on this file: its process's locks end.
  void ReleaseOwner(const void* table);
};

}  // namespace emu

#endif  // KERNEL_FS_LOCKS_H_
