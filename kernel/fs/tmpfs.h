// SPDX-License-Identifier: Apache-2.0
//
// tmpfs: a file system whose nodes live in the kernel and whose bytes live in
// the PageStore. Its nodes are also those of ImportFs, which fills directories
// and contents from the host when they are first used.

#ifndef KERNEL_FS_TMPFS_H_
#define KERNEL_FS_TMPFS_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/string_view.h"
#include "kernel/fs/file_content.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/name_hash.h"

namespace emu {

class Kernel;

struct TmpfsOptions {
  uint64_t size = 0;    // bytes; 0: no limit
  uint64_t inodes = 0;  // 0: no limit
  uint32_t mode = 01777;
  Uid uid = 0;
  Gid gid = 0;
};

std::unique_ptr<FileSystem> NewTmpfs(Kernel& kernel,
                                     const TmpfsOptions& options);

class Tmpfs : public FileSystem {
 public:
  Tmpfs(Kernel& kernel, std::string type, const TmpfsOptions& options);
  ~Tmpfs() override;

  InodeRef root() override { return root_; }
  // Its files go, but for those that are in use.
  void Release() { root_ = nullptr; }
  FileSystemStats Stats() override;
  std::string MountOptions() const override;

  Kernel& kernel() const { return kernel_; }
  SpaceQuota& quota() { return quota_; }
  // One inode more. ENOSPC.
  Result<> CountInode();
  void UncountInode();

  // A node that no name leads to yet, charged for.
  Result<InodeRef> NewInode(const NewNode& node);
  // Whether files can be sealed: on a tmpfs proper alone.
  virtual bool seals_files() const { return true; }
  // Remount's new limits. EINVAL when more is in use.
  Result<> SetLimits(const TmpfsOptions& options);

 protected:
  // How much one entry adds to its directory's size, and what an empty one has.
  friend class TmpfsDirectory;
  uint64_t entry_size_ = 20;
  uint64_t empty_directory_size_ = 0;
  InodeRef root_;

 private:
  // What a node and its name take, about.
  static constexpr uint64_t kInodeMemory = 1024;

  Kernel& kernel_;
  TmpfsOptions options_;
  SpaceQuota quota_;
  uint64_t inodes_used_ = 0;
};

// What all nodes have in common: extended attributes, and a place in the count.
class TmpfsNode : public Inode {
 public:
  TmpfsNode(Tmpfs& fs, uint64_t ino, const Attributes& attributes)
      : Inode(fs, ino, attributes), tmpfs_(fs) {}
  ~TmpfsNode() override;

  Result<FileRef> Open(Task& task, const Path& path, int flags) override;
  std::map<std::string, std::string>* xattrs() override;
  Tmpfs& tmpfs() const { return tmpfs_; }
  // The node counts against the file system's limit, until it ends.
  void set_counted() { counted_ = true; }

 private:
  Tmpfs& tmpfs_;
  bool counted_ = false;
  std::unique_ptr<std::map<std::string, std::string>> xattrs_;
};

class TmpfsDirectory : public TmpfsNode {
 public:
  using TmpfsNode::TmpfsNode;
  ~TmpfsDirectory() override;

  uint64_t Size() override;
  uint64_t Blocks() override;
  Result<InodeRef> Lookup(absl::string_view name) override;
  Result<InodeRef> Create(const std::string& name,
                          const NewNode& node) override;
  Result<InodeRef> CreateUnnamed(const NewNode& node) override;
  Result<> Link(const std::string& name, Inode& inode, Nanos now) override;
  Result<> Unlink(const std::string& name, Inode& inode, Nanos now) override;
  Result<> RemoveDirectory(const std::string& name, Inode& inode,
                           Nanos now) override;
  Result<> Rename(const std::string& name, Inode& inode, Inode& to,
                  const std::string& to_name, Inode* replaced, bool exchange,
                  Nanos now) override;
  Result<> List(Task* task, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override;

 protected:
  struct Entry {
    std::string name;
    uint64_t ino = 0;
    uint32_t type = 0;  // S_IFMT bits
    InodeRef inode;     // null: not looked up yet
    uint64_t cookie = 0;
  };
  // The entries are all there; called before any use of them.
  virtual Result<> Fill() { return {}; }
  // The node of an entry that has none.
  virtual Result<InodeRef> MakeNode(Entry& entry);

  // A name that is there already is left alone.
  void Add(std::string name, uint64_t ino, uint32_t type, InodeRef inode);
  size_t entry_count() const { return by_name_.size(); }

 private:
  void Erase(absl::string_view name);
  Entry* Find(absl::string_view name);
  void TakeChildren(std::vector<InodeRef>& into);
  void Touch(Nanos now);

  // Names are those of the entries themselves.
  std::unordered_map<absl::string_view, std::unique_ptr<Entry>, NameHash>
      by_name_;
  // In order of coming, for listings; a removed entry leaves its cookie.
  struct Slot {
    uint64_t cookie;
    Entry* entry;
  };
  std::vector<Slot> slots_;
  uint64_t next_cookie_ = 3;  // behind those of . and ..
};

class TmpfsFile : public TmpfsNode {
 public:
  TmpfsFile(Tmpfs& fs, uint64_t ino, const Attributes& attributes);

  uint64_t Size() override { return content_.size(); }
  uint64_t Blocks() override { return content_.Allocated() / 512; }
  Result<FileRef> Open(Task& task, const Path& path, int flags) override;
  Result<size_t> ReadAt(IovIter& to, uint64_t offset) override {
    return content_.Read(to, offset);
  }
  Result<size_t> WriteAt(IovIter& from, uint64_t offset) override;
  Result<> SetSize(uint64_t size) override;
  Result<> Allocate(int mode, uint64_t offset, uint64_t length) override;
  Result<uint64_t> SeekData(uint64_t offset, bool hole) override {
    return content_.SeekData(offset, hole);
  }
  MemoryObject* memory_object() override { return &content_; }
  Result<> SetAttributes(const Attributes& attributes) override;
  uint32_t* seals() override;
  FileContent& content() { return content_; }

 private:
  FileContent content_;
};

class TmpfsSymlink : public TmpfsNode {
 public:
  TmpfsSymlink(Tmpfs& fs, uint64_t ino, const Attributes& attributes,
               std::string target)
      : TmpfsNode(fs, ino, attributes), target_(std::move(target)) {}

  uint64_t Size() override { return target_.size(); }
  uint64_t Blocks() override { return 0; }
  Result<std::string> ReadLink(Task* task) override;

 private:
  std::string target_;
};

// FIFOs, sockets and devices: a name and a mode.
class TmpfsSpecial : public TmpfsNode {
 public:
  using TmpfsNode::TmpfsNode;
};

}  // namespace emu

#endif  // KERNEL_FS_TMPFS_H_
