// SPDX-License-Identifier: Apache-2.0
//
// A HostTree that is not on the host: what an archive or the layers of an image
// held, with all contents in one memfd. It is built first and read-only
// afterwards. Owned by main.

#ifndef ARCH_HOST_MEMORY_TREE_H_
#define ARCH_HOST_MEMORY_TREE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/host/open_files.h"
#include "arch/host/owned_fd.h"
#include "arch/host_tree.h"

namespace emu {

class MemoryTree : public HostTree, private FileSource {
 public:
  // `files` outlives the tree. `name` is what the user calls it.
  static absl::StatusOr<std::unique_ptr<MemoryTree>> Create(
      const std::string& name, OpenFiles& files);

  // --- Building. Paths have no leading slash, "." or ".."; links in all but
  // their last part are followed, within the tree, as an unpacker would.
  // Directories that are missing are made; what was there is replaced, but a
  // directory stays one with its contents.

  struct Node {
    uint32_t mode = 0;  // S_IFMT and permissions
    Nanos mtime = 0;
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint64_t rdev = 0;
    Xattrs xattrs{};
  };
  // The next bytes of a file's content; 0 at its end.
  using Reader = absl::FunctionRef<absl::StatusOr<size_t>(absl::Span<char>)>;

  // Whatever is no file and no link.
  absl::Status Add(const std::string& path, const Node& node);
  absl::Status AddFile(const std::string& path, const Node& node, Reader read);
  absl::Status AddSymlink(const std::string& path, const Node& node,
                          const std::string& target);
  // One more name for what `target`, a path likewise, names.
  absl::Status AddHardLink(const std::string& path, const std::string& target);

  // From here on what is added belongs to another layer, above.
  void BeginLayer() { ++layer_; }
  // What layers below have at `path`, or in the directory there, is gone; what
  // this layer has there stays.
  void Remove(const std::string& path);
  void RemoveChildren(const std::string& path);

  // --- HostTree.
  Result<HostNode> Stat(const std::string& path) override;
  Result<std::vector<HostDirEntry>> List(const std::string& path) override;
  Result<std::string> ReadLink(const std::string& path) override;
  Xattrs XattrsOf(const std::string& path) override;
  Result<HostFileId> Open(const std::string& path, bool writable) override;
  void Close(HostFileId file) override;
  Result<size_t> ReadAt(HostFileId file, absl::Span<char> out,
                        uint64_t offset) override;
  Result<HostNode> StatFile(HostFileId file) override;
  Result<size_t> WriteAt(HostFileId, absl::Span<const char>,
                         uint64_t) override {
    return Errno(EROFS);
  }
  Result<> Truncate(HostFileId, uint64_t) override { return Errno(EROFS); }
  Result<> Sync(HostFileId) override { return Errno(EROFS); }
  Result<> Create(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> MakeDirectory(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> MakeNode(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> MakeSymlink(const std::string&, const std::string&) override {
    return Errno(EROFS);
  }
  Result<> Link(const std::string&, const std::string&) override {
    return Errno(EROFS);
  }
  Result<> Unlink(const std::string&) override { return Errno(EROFS); }
  Result<> RemoveDirectory(const std::string&) override {
    return Errno(EROFS);
  }
  Result<> Rename(const std::string&, const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> SetMode(const std::string&, uint32_t) override {
    return Errno(EROFS);
  }
  Result<> SetTimes(const std::string&, Nanos, Nanos) override {
    return Errno(EROFS);
  }

 private:
  struct Inode {
    Node node;
    uint64_t number = 0;
    uint32_t nlink = 1;
    int layer = 0;
    uint64_t offset = 0;  // of its content in contents_
    uint64_t size = 0;
    std::string target;  // of a link
    std::map<std::string, std::shared_ptr<Inode>> children;
  };
  using InodeRef = std::shared_ptr<Inode>;

  MemoryTree(const std::string& name, OwnedFd contents, OpenFiles& files);

  // Of built paths: as they are.
  Result<InodeRef> Find(const std::string& path) const;
  // Of paths to build: the directory that is to hold the last name.
  absl::StatusOr<InodeRef> DirectoryOf(const std::string& path,
                                       std::string* last);
  absl::Status Place(const std::string& path, InodeRef inode);
  InodeRef NewInode(const Node& node);
  HostNode ToHostNode(const Inode& inode) const;
  bool PruneBelow(Inode& directory) const;

  // FileSource.
  Result<OwnedFd> Reopen(const std::string& path, const struct stat& then,
                         bool writable) override;
  bool Changed(const std::string&, const struct stat&, int) override {
    return false;
  }
  std::string Name(const std::string& path) override;

  const std::string name_;
  OwnedFd contents_;
  uint64_t contents_end_ = 0;
  OpenFiles& files_;
  InodeRef root_;
  uint64_t last_number_ = 0;
  int layer_ = 0;
  std::map<int, InodeRef> open_;  // by HostFileId
};

}  // namespace emu

#endif  // ARCH_HOST_MEMORY_TREE_H_
