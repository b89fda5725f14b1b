// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/anonymous.h"

#include <linux/magic.h>
#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/pipe.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/kernel.h"

namespace emu {
namespace {

// A file that is nothing but its attributes.
class AnonymousInode : public Inode {
 public:
  using Inode::Inode;
  // By /proc/self/fd a pipe can be opened again; others cannot.
  Result<FileRef> Open(Task&, const Path& path, int flags) override {
    if (type() == S_IFIFO) return ReopenPipe(path, flags);
    return Errno(ENXIO);
  }
};

class AnonymousFs : public FileSystem {
 public:
  AnonymousFs(const char* type, uint64_t magic, uint64_t device)
      : FileSystem(type, device), magic_(magic) {
    Attributes attr;
    attr.mode = S_IFDIR | 0555;
    root_ = std::make_shared<AnonymousInode>(*this, NextIno(), attr);
  }
  InodeRef root() override { return root_; }
  FileSystemStats Stats() override {
    FileSystemStats stats;
    stats.type = magic_;
    return stats;
  }

 private:
  const uint64_t magic_;
  InodeRef root_;
};

struct KindInfo {
  const char* type;
  uint64_t magic;
};
constexpr KindInfo kKinds[] = {
    {"pipefs", PIPEFS_MAGIC},
    {"sockfs", SOCKFS_MAGIC},
    {"anon_inodefs", ANON_INODE_FS_MAGIC},
    {"tmpfs", TMPFS_MAGIC},
};

}  // namespace

struct AnonymousFileSystems::Instance {
  FileSystem* fs;
  MountRef mount;
  InodeRef shared;  // kInode's one inode
};

AnonymousFileSystems::AnonymousFileSystems(Kernel& kernel) : kernel_(kernel) {
  for (size_t i = 0; i < std::size(kKinds); ++i) {
    MountTree& mounts = kernel.mounts();
    instances_[i] = std::make_unique<Instance>();
    Instance& it = *instances_[i];
    it.fs = &mounts.Adopt(
        i == static_cast<size_t>(AnonymousKind::kMemory)
            ? NewTmpfs(kernel, {})
            : std::make_unique<AnonymousFs>(kKinds[i].type, kKinds[i].magic,
                                            mounts.NextDevice()));
    it.mount = mounts.NewDetached(*it.fs, it.fs->root_dentry(), "", {});
  }
  Instance& inodes = *instances_[static_cast<int>(AnonymousKind::kInode)];
  Attributes attr;
  attr.mode = 0600;
  inodes.shared =
      std::make_shared<AnonymousInode>(*inodes.fs, inodes.fs->NextIno(), attr);
}

AnonymousFileSystems::~AnonymousFileSystems() = default;

FileSystem& AnonymousFileSystems::file_system(AnonymousKind kind) {
  return *instances_[static_cast<int>(kind)]->fs;
}

Path AnonymousFileSystems::NewPath(AnonymousKind kind, const std::string& name,
                                   uint32_t mode, const Credentials& creds) {
  Instance& it = *instances_[static_cast<int>(kind)];
  if (kind == AnonymousKind::kInode) return PathOf(kind, name, it.shared);
  Attributes attr;
  attr.mode = mode;
  attr.uid = creds.fsuid;
  attr.gid = creds.fsgid;
  attr.atime = attr.mtime = attr.ctime = attr.btime =
      kernel_.clock().realtime();
  return PathOf(
      kind, name,
      std::make_shared<AnonymousInode>(*it.fs, it.fs->NextIno(), attr));
}

Path AnonymousFileSystems::PathOf(AnonymousKind kind, const std::string& name,
                                  InodeRef inode) {
  Instance& it = *instances_[static_cast<int>(kind)];
  std::string text;
  switch (kind) {
    case AnonymousKind::kPipe:
      text = absl::StrCat("pipe:[", inode->ino(), "]");
      break;
    case AnonymousKind::kSocket:
      text = absl::StrCat("socket:[", inode->ino(), "]");
      break;
    case AnonymousKind::kInode:
      text = absl::StrCat("anon_inode:", name);
      break;
    case AnonymousKind::kMemory:
      text = absl::StrCat("/memfd:", name, " (deleted)");
      break;
  }
  return {it.mount,
          std::make_shared<Dentry>(std::move(text), nullptr, std::move(inode))};
}

}  // namespace emu
