// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/import_fs.h"

#include <limits.h>
#include <linux/magic.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "arch/base/digest.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/kernel.h"

namespace emu {
namespace {

constexpr Nanos kSecond = 1'000'000'000;

// Where packages are unpacked.
bool IsOfSystem(absl::string_view path) {
  const absl::string_view top = path.substr(0, path.find('/'));
  return top == "usr" || top == "opt" || top == "bin" || top == "sbin" ||
         absl::StartsWith(top, "lib");
}

// From the path alone, so that neither what else lies in a directory nor what was
// looked at before shows. A double holds the numbers exactly, and new files take
// others.
uint64_t InoOf(absl::string_view path) {
  constexpr uint64_t kTop = uint64_t{1} << 52;
  return kTop | (Digest(path.data(), path.size()) & (kTop - 1));
}

bool KeepsTime(absl::string_view path, const HostNode& host) {
  return !S_ISDIR(host.mode) && host.mtime % kSecond == 0 &&
         IsOfSystem(path);
}

class ImportFs : public Tmpfs {
 public:
  ImportFs(Kernel& kernel, HostTree& tree, const ImportPolicy& policy);

  FileSystemStats Stats() override;
  bool seals_files() const override { return false; }
  HostTree& tree() const { return tree_; }
  bool ShowsEmpty(const std::string& path) const;
  // The node for the host's `path`, which takes the inode number `ino` unless
  // it is another name of a file that is here already.
  Result<InodeRef> Import(const std::string& path, uint64_t ino);

 private:
  Attributes AttributesOf(absl::string_view path, const HostNode& host) const;
  Nanos TimeOf(absl::string_view path, const HostNode& host) const;

  HostTree& tree_;
  const ImportPolicy policy_;
  // Files of several names, by identity on the host.
  std::map<std::pair<uint64_t, uint64_t>, std::weak_ptr<Inode>> linked_;
};

class ImportDirectory : public TmpfsDirectory {
 public:
  ImportDirectory(ImportFs& fs, uint64_t ino, const Attributes& attributes,
                  std::string path)
      : TmpfsDirectory(fs, ino, attributes),
        import_(fs),
        path_(std::move(path)) {}

  // How many directories the host has in it is told to who lists it only. Some
  // of Linux's file systems do not count either, and say 1.
  uint32_t LinkCount() override;

 private:
  Result<> Fill() override;
  Result<InodeRef> MakeNode(Entry& entry) override;
  std::string PathOf(absl::string_view name) const {
    return path_.empty() ? std::string(name) : absl::StrCat(path_, "/", name);
  }

  ImportFs& import_;
  const std::string path_;
  bool filled_ = false;
};

ImportFs::ImportFs(Kernel& kernel, HostTree& tree, const ImportPolicy& policy)
    : Tmpfs(kernel, "ext4", {.mode = 0755}), tree_(tree), policy_(policy) {
  entry_size_ = 0;
  empty_directory_size_ = 4096;
  HostNode host{.mode = S_IFDIR | 0755};
  Result<HostNode> found = tree.Stat("");
  if (found.ok()) host = *found;
  // A single file may be a tree.
  if (!S_ISDIR(host.mode)) {
    Result<InodeRef> file = Import("", InoOf(""));
    if (file.ok()) {
      root_ = *file;
      return;
    }
    host.mode = S_IFDIR | 0755;
  }
  root_ = std::make_shared<ImportDirectory>(*this, InoOf(""),
                                            AttributesOf("", host), "");
}

FileSystemStats ImportFs::Stats() {
  FileSystemStats stats;
  stats.type = EXT4_SUPER_MAGIC;
  // The host's files take no room; what is written is kept in memory.
  const FileMemory& memory = kernel().mounts().file_memory();
  stats.blocks = memory.limit() / kPageSize;
  stats.blocks_free = memory.left() / kPageSize;
  stats.inodes = uint64_t{4} << 20;
  stats.inodes_free = uint64_t{2} << 20;
  return stats;
}

bool ImportFs::ShowsEmpty(const std::string& path) const {
  return std::find(policy_.empty.begin(), policy_.empty.end(), path) !=
         policy_.empty.end();
}

Nanos ImportFs::TimeOf(absl::string_view path, const HostNode& host) const {
  switch (policy_.times) {
    case ImportedTimes::kHost:
      break;
    case ImportedTimes::kClamp:
      return std::min(host.mtime, policy_.time);
    case ImportedTimes::kFixed:
      if (!KeepsTime(path, host)) return policy_.time;
      return std::min(host.mtime, policy_.time);
  }
  return host.mtime;
}

Attributes ImportFs::AttributesOf(absl::string_view path,
                                  const HostNode& host) const {
  Attributes attr;
  attr.mode = host.mode;
  if (host.keeps_owner) {
    attr.uid = host.uid;
    attr.gid = host.gid;
    attr.rdev = host.rdev;
  } else if (host.owned) {
    attr.uid = policy_.uid;
    attr.gid = policy_.gid;
  }
  attr.nlink = S_ISDIR(host.mode) ? 2 : host.nlink;
  attr.atime = attr.mtime = attr.ctime = attr.btime = TimeOf(path, host);
  return attr;
}

Result<InodeRef> ImportFs::Import(const std::string& path, uint64_t ino) {
  const HostNode host = TRY(tree_.Stat(path));
  const Attributes attr = AttributesOf(path, host);
  const bool linked = !S_ISDIR(host.mode) && host.nlink > 1;
  if (linked) {
    auto it = linked_.find({host.device, host.inode});
    if (it != linked_.end()) {
      if (InodeRef inode = it->second.lock()) return inode;
    }
  }
  InodeRef inode;
  switch (host.mode & S_IFMT) {
    case S_IFDIR:
      inode = std::make_shared<ImportDirectory>(*this, ino, attr, path);
      break;
    case S_IFREG: {
      auto file = std::make_shared<TmpfsFile>(*this, ino, attr);
      if (host.size > 0) file->content().ServeFromHost(tree_, path, host.size);
      inode = std::move(file);
      break;
    }
    case S_IFLNK:
      inode = std::make_shared<TmpfsSymlink>(*this, ino, attr,
                                             TRY(tree_.ReadLink(path)));
      break;
    default:
      inode = std::make_shared<TmpfsSpecial>(*this, ino, attr);
      break;
  }
  for (auto& [name, value] : tree_.XattrsOf(path)) {
    inode->xattrs()->emplace(std::move(name), std::move(value));
  }
  if (linked) linked_[{host.device, host.inode}] = inode;
  return inode;
}

// What a directory may hold, whatever the host says.
bool IsName(absl::string_view name) {
  return !name.empty() && name.size() <= NAME_MAX && name != "." &&
         name != ".." &&
         name.find_first_of(absl::string_view("/\0", 2)) == name.npos;
}

Result<> ImportDirectory::Fill() {
  if (filled_) return {};
  std::vector<HostDirEntry> entries;
  if (!import_.ShowsEmpty(path_)) {
    entries = TRY(import_.tree().List(path_));
  }
  filled_ = true;
  int directories = 0;
  // One string for the paths of all of them: there may be many.
  std::string path = PathOf("");
  const size_t parent = path.size();
  for (HostDirEntry& entry : entries) {
    if (!IsName(entry.name)) continue;
    path.resize(parent);
    path += entry.name;
    if (entry.type == 0) {
      Result<HostNode> host = import_.tree().Stat(path);
      if (!host.ok()) continue;
      entry.type = host->mode & S_IFMT;
    }
    if (entry.type == S_IFDIR) ++directories;
    const uint64_t ino = InoOf(path);
    Add(std::move(entry.name), ino, entry.type, nullptr);
  }
  attr().nlink += directories;
  return {};
}

Result<InodeRef> ImportDirectory::MakeNode(Entry& entry) {
  return import_.Import(PathOf(entry.name), entry.ino);
}

uint32_t ImportDirectory::LinkCount() { return attr().nlink == 0 ? 0 : 1; }

}  // namespace

std::unique_ptr<FileSystem> NewImportFs(Kernel& kernel, HostTree& tree,
                                        const ImportPolicy& policy) {
  return std::make_unique<ImportFs>(kernel, tree, policy);
}

}  // namespace emu
