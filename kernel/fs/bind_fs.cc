// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/bind_fs.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arch/page_store.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/open_file.h"
#include "kernel/kernel.h"
#include "kernel/mm/memory_object.h"

namespace emu {
namespace {

class BindInode;

class BindFs : public FileSystem {
 public:
  BindFs(Kernel& kernel, HostTree& tree, const BindPolicy& policy);

  InodeRef root() override { return root_; }
  FileSystemStats Stats() override;
  // The host's names come and go by themselves.
  bool CachesNames() const override { return false; }
  bool read_only() const override { return policy_.read_only; }

  HostTree& tree() const { return tree_; }
  // The node of what the host has there: the same for as long as it is in use.
  Result<std::shared_ptr<BindInode>> Node(
      const std::shared_ptr<BindInode>& parent, const std::string& name);
  Attributes AttributesOf(const HostNode& host) const;

 private:
  HostTree& tree_;
  const BindPolicy policy_;
  InodeRef root_;
  // What a file of the host is known as: its number stays, though the node is
  // there only while it is in use.
  struct Known {
    std::weak_ptr<BindInode> node;
    uint64_t ino = 0;
  };
  // By identity on the host.
  std::map<std::pair<uint64_t, uint64_t>, Known> nodes_;
};

// What mmap shows: the host's own pages.
class BindContent : public MemoryObject {
 public:
  explicit BindContent(BindInode& inode) : inode_(inode) {}
  std::optional<Piece> Locate(uint64_t offset, uint64_t length) override;
  Result<> BeforeMap(bool shared, bool writable) override;
  void SizeChanged(uint64_t from, uint64_t to);

 private:
  BindInode& inode_;
  bool maps_[2] = {};  // the host is known to: privately, shared
};

class BindInode : public Inode {
 public:
  BindInode(BindFs& fs, uint64_t ino, const HostNode& host,
            std::shared_ptr<BindInode> parent, std::string name)
      : Inode(fs, ino, fs.AttributesOf(host)),
        bind_(fs),
        size_(host.size),
        parent_(std::move(parent)),
        name_(std::move(name)),
        content_(*this) {}
  ~BindInode() override {
    if (opened_) bind_.tree().Close(file_);
  }

  uint64_t Size() override { return IsDirectory() ? kPageSize : size_; }
  Result<InodeRef> Lookup(absl::string_view name) override;
  Result<InodeRef> Create(const std::string& name,
                          const NewNode& node) override;
  Result<> Link(const std::string& name, Inode& inode, Nanos now) override;
  Result<> Unlink(const std::string& name, Inode& inode, Nanos now) override;
  Result<> RemoveDirectory(const std::string& name, Inode& inode,
                           Nanos now) override;
  Result<> Rename(const std::string& name, Inode& inode, Inode& to,
                  const std::string& to_name, Inode* replaced, bool exchange,
                  Nanos now) override;
  Result<> List(Task* task, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override;
  Result<std::string> ReadLink(Task* task) override;
  Result<FileRef> Open(Task& task, const Path& path, int flags) override;
  Result<size_t> ReadAt(IovIter& to, uint64_t offset) override;
  Result<size_t> WriteAt(IovIter& from, uint64_t offset) override;
  Result<> SetSize(uint64_t size) override;
  Result<> Sync() override;
  MemoryObject* memory_object() override {
    return IsRegular() ? &content_ : nullptr;
  }
  Result<> SetAttributes(const Attributes& attributes) override;

  // Where it is in the tree, by the name that it was last found under.
  std::string path() const;
  std::string PathOf(absl::string_view name) const;
  void MovedTo(std::shared_ptr<BindInode> parent, std::string name) {
    parent_ = std::move(parent);
    name_ = std::move(name);
  }
  // Opens the host's file once, as widely as the mount allows.
  Result<HostFileId> File();
  HostTree& tree() const { return bind_.tree(); }
  // Takes what the host says now.
  void Refresh(const HostNode& host);

 private:
  std::shared_ptr<BindInode> self() {
    return std::static_pointer_cast<BindInode>(shared_from_this());
  }

  BindFs& bind_;
  uint64_t size_;
  std::shared_ptr<BindInode> parent_;
  std::string name_;
  BindContent content_;
  HostFileId file_;
  bool opened_ = false;
  // Of a directory's names: what a listing gave each, so that it goes on where
  // it was though others come and go.
  std::map<std::string, uint64_t> cookies_;
  uint64_t next_cookie_ = 3;
};

// The file system.

BindFs::BindFs(Kernel& kernel, HostTree& tree, const BindPolicy& policy)
    : FileSystem("ext4", kernel.mounts().NextDevice()),
      tree_(tree),
      policy_(policy) {
  HostNode host{.mode = S_IFDIR | 0755};
  Result<HostNode> found = tree.Stat("");
  if (found.ok()) host = *found;
  root_ = std::make_shared<BindInode>(*this, NextIno(), host, nullptr, "");
}

FileSystemStats BindFs::Stats() {
  FileSystemStats stats;
  stats.type = EXT4_SUPER_MAGIC;
  // Room that does not depend on the host.
  stats.blocks = uint64_t{16} << 20;
  stats.blocks_free = uint64_t{8} << 20;
  stats.inodes = uint64_t{4} << 20;
  stats.inodes_free = uint64_t{2} << 20;
  return stats;
}

Attributes BindFs::AttributesOf(const HostNode& host) const {
  Attributes attr;
  attr.mode = host.mode;
  if (host.owned) {
    attr.uid = policy_.uid;
    attr.gid = policy_.gid;
  }
  attr.nlink = S_ISDIR(host.mode) ? 1 : host.nlink;
  attr.atime = attr.mtime = attr.ctime = attr.btime = host.mtime;
  return attr;
}

Result<std::shared_ptr<BindInode>> BindFs::Node(
    const std::shared_ptr<BindInode>& parent, const std::string& name) {
  const HostNode host = TRY(tree_.Stat(parent->PathOf(name)));
  Known& known = nodes_[{host.device, host.inode}];
  if (std::shared_ptr<BindInode> inode = known.node.lock()) {
    if (inode->type() == (host.mode & S_IFMT)) {
      inode->MovedTo(parent, name);
      inode->Refresh(host);
      return inode;
    }
    known.ino = 0;  // the host gave the number to another file
  }
  if (known.ino == 0) known.ino = NextIno();
  auto inode =
      std::make_shared<BindInode>(*this, known.ino, host, parent, name);
  known.node = inode;
  return inode;
}

// Contents.

std::optional<MemoryObject::Piece> BindContent::Locate(uint64_t offset,
                                                       uint64_t length) {
  const uint64_t end = std::min(PageUp(inode_.Size()), offset + length);
  if (offset >= end) return std::nullopt;
  Result<HostFileId> file = inode_.File();
  if (!file.ok()) return std::nullopt;
  return Piece{{Backing::Kind::kHostFile, offset, *file}, end - offset};
}

Result<> BindContent::BeforeMap(bool shared, bool) {
  const HostFileId file = TRY(inode_.File());
  bool& maps = maps_[shared ? 1 : 0];
  if (!maps) maps = inode_.tree().CanMap(file, shared);
  return maps ? Result<>() : Errno(ENODEV);
}

void BindContent::SizeChanged(uint64_t from, uint64_t to) {
  if (!mapped()) return;
  const uint64_t low = PageUp(std::min(from, to));
  const uint64_t high = PageUp(std::max(from, to));
  if (low < high) Changed(low, high - low);
}

// Nodes.

std::string BindInode::path() const {
  return parent_ == nullptr ? "" : parent_->PathOf(name_);
}

std::string BindInode::PathOf(absl::string_view name) const {
  // The names up to the root, last first.
  std::vector<absl::string_view> names = {name};
  for (const BindInode* at = this; at->parent_ != nullptr;
       at = at->parent_.get()) {
    names.push_back(at->name_);
  }
  std::string result;
  for (size_t i = names.size(); i-- > 0;) {
    result.append(names[i].data(), names[i].size());
    if (i > 0) result += '/';
  }
  return result;
}

void BindInode::Refresh(const HostNode& host) {
  const uint64_t before = std::exchange(size_, host.size);
  Attributes fresh = bind_.AttributesOf(host);
  fresh.atime = attr().atime;
  set_attributes(fresh);
  content_.SizeChanged(before, size_);
}

Result<HostFileId> BindInode::File() {
  if (!opened_) {
    Result<HostFileId> file =
        bind_.tree().Open(path(), /*writable=*/!bind_.read_only());
    if (!file.ok() && !bind_.read_only()) {
      file = bind_.tree().Open(path(), /*writable=*/false);
    }
    file_ = TRY(std::move(file));
    opened_ = true;
  }
  return file_;
}

Result<InodeRef> BindInode::Lookup(absl::string_view name) {
  if (!IsDirectory()) return Errno(ENOTDIR);
  return InodeRef(TRY(bind_.Node(self(), std::string(name))));
}

Result<InodeRef> BindInode::Create(const std::string& name,
                                   const NewNode& node) {
  HostTree& tree = bind_.tree();
  const std::string at = PathOf(name);
  const uint32_t mode = node.mode & 07777;
  switch (node.mode & S_IFMT) {
    case S_IFREG:
      TRY(tree.Create(at, mode));
      break;
    case S_IFDIR:
      TRY(tree.MakeDirectory(at, mode));
      break;
    case S_IFLNK:
      TRY(tree.MakeSymlink(at, node.link_target));
      break;
    case S_IFIFO:
    case S_IFSOCK:
      TRY(tree.MakeNode(at, node.mode));
      break;
    default:
      return Errno(EPERM);
  }
  return InodeRef(TRY(bind_.Node(self(), name)));
}

Result<> BindInode::Link(const std::string& name, Inode& inode, Nanos) {
  auto& other = static_cast<BindInode&>(inode);
  TRY(bind_.tree().Link(other.path(), PathOf(name)));
  ++other.attr().nlink;
  return {};
}

Result<> BindInode::Unlink(const std::string& name, Inode& inode, Nanos) {
  // Those that have it open go on using it.
  if (inode.IsRegular()) (void)static_cast<BindInode&>(inode).File();
  TRY(bind_.tree().Unlink(PathOf(name)));
  --inode.attr().nlink;
  return {};
}

Result<> BindInode::RemoveDirectory(const std::string& name, Inode& inode,
                                    Nanos) {
  TRY(bind_.tree().RemoveDirectory(PathOf(name)));
  inode.attr().nlink = 0;
  return {};
}

Result<> BindInode::Rename(const std::string& name, Inode& inode, Inode& to,
                           const std::string& to_name, Inode* replaced,
                           bool exchange, Nanos) {
  auto& target = static_cast<BindInode&>(to);
  TRY(bind_.tree().Rename(PathOf(name), target.PathOf(to_name),
                          exchange ? RENAME_EXCHANGE : 0));
  static_cast<BindInode&>(inode).MovedTo(target.self(), to_name);
  if (exchange) {
    static_cast<BindInode*>(replaced)->MovedTo(self(), name);
  } else if (replaced != nullptr) {
    --replaced->attr().nlink;
  }
  return {};
}

Result<> BindInode::List(Task*, uint64_t from,
                         absl::FunctionRef<bool(const DirEntry&)> sink) {
  if (!IsDirectory()) return Errno(ENOTDIR);
  const std::vector<HostDirEntry> entries = TRY(bind_.tree().List(path()));
  std::map<uint64_t, const HostDirEntry*> ordered;
  for (const HostDirEntry& entry : entries) {
    auto [it, fresh] = cookies_.emplace(entry.name, next_cookie_);
    if (fresh) ++next_cookie_;
    ordered[it->second] = &entry;
  }
  for (auto it = ordered.lower_bound(from); it != ordered.end(); ++it) {
    // With the number that stat would tell.
    Result<std::shared_ptr<BindInode>> node =
        bind_.Node(self(), it->second->name);
    if (!node.ok()) continue;
    if (!sink({it->second->name, (*node)->ino(), (*node)->type(),
               it->first + 1})) {
      break;
    }
  }
  return {};
}

Result<std::string> BindInode::ReadLink(Task*) {
  if (!IsSymlink()) return Errno(EINVAL);
  return bind_.tree().ReadLink(path());
}

Result<FileRef> BindInode::Open(Task& task, const Path& path, int flags) {
  if (IsRegular()) TRY(File());
  return OpenByType(task, path, flags);
}

Result<size_t> BindInode::ReadAt(IovIter& to, uint64_t offset) {
  const HostFileId file = TRY(File());
  std::string buffer(std::min<uint64_t>(to.remaining(), 256 * 1024), '\0');
  size_t done = 0;
  while (to.remaining() > 0) {
    const size_t want = std::min<uint64_t>(to.remaining(), buffer.size());
    Result<size_t> got = bind_.tree().ReadAt(
        file, absl::MakeSpan(&buffer[0], want), offset + done);
    if (!got.ok()) return done > 0 ? Result<size_t>(done) : got;
    if (*got == 0) break;
    Result<size_t> put = to.Put(buffer.data(), *got);
    if (!put.ok()) return done > 0 ? Result<size_t>(done) : put;
    done += *put;
    if (*put < want) break;
  }
  return done;
}

Result<size_t> BindInode::WriteAt(IovIter& from, uint64_t offset) {
  const HostFileId file = TRY(File());
  std::string buffer(std::min<uint64_t>(from.remaining(), 256 * 1024), '\0');
  size_t done = 0;
  while (from.remaining() > 0) {
    const size_t want = std::min<uint64_t>(from.remaining(), buffer.size());
    Result<size_t> got = from.Get(&buffer[0], want);
    if (!got.ok()) return done > 0 ? Result<size_t>(done) : got;
    Result<size_t> put = bind_.tree().WriteAt(
        file, absl::MakeConstSpan(buffer.data(), *got), offset + done);
    if (!put.ok()) return done > 0 ? Result<size_t>(done) : put;
    done += *put;
    if (*put < want) break;
  }
  const uint64_t before = size_;
  size_ = std::max(size_, offset + done);
  content_.SizeChanged(before, size_);
  return done;
}

Result<> BindInode::SetSize(uint64_t size) {
  const HostFileId file = TRY(File());
  TRY(bind_.tree().Truncate(file, size));
  const uint64_t before = std::exchange(size_, size);
  content_.SizeChanged(before, size);
  return {};
}

Result<> BindInode::Sync() {
  if (!IsRegular() || bind_.read_only()) return {};
  const HostFileId file = TRY(File());
  return bind_.tree().Sync(file);
}

// Differs: owners are not the guest's to give.
Result<> BindInode::SetAttributes(const Attributes& attributes) {
  const Attributes before = attr();
  if (attributes.uid != before.uid || attributes.gid != before.gid) {
    return Errno(EPERM);
  }
  if (((attributes.mode ^ before.mode) & 07777) != 0) {
    TRY(bind_.tree().SetMode(path(), attributes.mode & 07777));
  }
  if (attributes.mtime != before.mtime || attributes.atime != before.atime) {
    TRY(bind_.tree().SetTimes(path(), attributes.atime, attributes.mtime));
  }
  return Inode::SetAttributes(attributes);
}

}  // namespace

std::unique_ptr<FileSystem> NewBindFs(Kernel& kernel, HostTree& tree,
                                      const BindPolicy& policy) {
  return std::make_unique<BindFs>(kernel, tree, policy);
}

}  // namespace emu
