// SPDX-License-Identifier: Apache-2.0
//
// Files without a name in the tree: pipes, sockets, eventfds and their like.
// Each has an inode all the same, in a file system of its kind that is mounted
// nowhere, so that fstat, /proc/self/fd and fdinfo have something to say.

#ifndef KERNEL_FS_ANONYMOUS_H_
#define KERNEL_FS_ANONYMOUS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "kernel/credentials.h"
#include "kernel/fs/path.h"

namespace emu {

class Kernel;

enum class AnonymousKind {
  kPipe,    // "pipe:[ino]", PIPEFS_MAGIC
  kSocket,  // "socket:[ino]", SOCKFS_MAGIC
  kInode,   // "anon_inode:" + name, one inode for all, ANON_INODE_FS_MAGIC
  kMemory,  // "/memfd:" + name + " (deleted)", TMPFS_MAGIC
};

// Owned by the kernel's Subsystems.
class AnonymousFileSystems {
 public:
  explicit AnonymousFileSystems(Kernel& kernel);
  ~AnonymousFileSystems();

  // A path to a new inode (the shared one, for kInode), owned by `creds`' file
  // system ids; `mode` with its S_IFMT bits (0600 and no type for kInode).
  // `name` is "[eventfd]" and the like for kInode, the given name for kMemory.
  Path NewPath(AnonymousKind kind, const std::string& name, uint32_t mode,
               const Credentials& creds);
  // The same around an inode of the caller's own, made in file_system(kind).
  Path PathOf(AnonymousKind kind, const std::string& name, InodeRef inode);
  FileSystem& file_system(AnonymousKind kind);

 private:
  struct Instance;
  Kernel& kernel_;
  std::unique_ptr<Instance> instances_[4];
};

}  // namespace emu

#endif  // KERNEL_FS_ANONYMOUS_H_
