// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/tmpfs.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/open_file.h"
#include "kernel/kernel.h"

namespace emu {

// The file system.

std::unique_ptr<FileSystem> NewTmpfs(Kernel& kernel,
                                     const TmpfsOptions& options) {
  return std::make_unique<Tmpfs>(kernel, "tmpfs", options);
}

Tmpfs::Tmpfs(Kernel& kernel, std::string type, const TmpfsOptions& options)
    : FileSystem(std::move(type), kernel.mounts().NextDevice()),
      kernel_(kernel),
      options_(options) {
  quota_.memory = &kernel.mounts().file_memory();
  if (options.size != 0) quota_.limit = PageUp(options.size);
  NewNode node{.mode = S_IFDIR | options.mode,
               .uid = options.uid,
               .gid = options.gid,
               .now = kernel.clock().realtime()};
  root_ = *NewInode(node);
}

// Nodes give back what they took of the quota.
Tmpfs::~Tmpfs() { root_ = nullptr; }

FileSystemStats Tmpfs::Stats() {
  FileSystemStats stats;
  stats.type = TMPFS_MAGIC;
  // One without a limit of its own has all that there is.
  const FileMemory& memory = *quota_.memory;
  const uint64_t limit = std::min(quota_.limit, memory.limit());
  stats.blocks = limit / kPageSize;
  stats.blocks_free =
      std::min(limit - std::min(limit, quota_.used), memory.left()) / kPageSize;
  stats.inodes = options_.inodes;
  stats.inodes_free = options_.inodes - std::min(options_.inodes, inodes_used_);
  return stats;
}

std::string Tmpfs::MountOptions() const {
  std::string text;
  if (options_.size != 0) {
    absl::StrAppend(&text, ",size=", PageUp(options_.size) / 1024, "k");
  }
  if (options_.inodes != 0) {
    absl::StrAppend(&text, ",nr_inodes=", options_.inodes);
  }
  if (options_.mode != 01777) {
    absl::StrAppendFormat(&text, ",mode=%o", options_.mode);
  }
  return text;
}

Result<> Tmpfs::CountInode() {
  if (options_.inodes != 0 && inodes_used_ >= options_.inodes) {
    return Errno(ENOSPC);
  }
  // That of the first node, the root, comes with the file system.
  if (inodes_used_ > 0 && !quota_.memory->Take(kInodeMemory)) {
    return Errno(ENOSPC);
  }
  ++inodes_used_;
  return {};
}

void Tmpfs::UncountInode() {
  --inodes_used_;
  if (inodes_used_ > 0) quota_.memory->GiveBack(kInodeMemory);
}

Result<> Tmpfs::SetLimits(const TmpfsOptions& options) {
  if (options.size != 0 && PageUp(options.size) < quota_.used) {
    return Errno(EINVAL);
  }
  if (options.inodes != 0 && options.inodes < inodes_used_) {
    return Errno(EINVAL);
  }
  options_.size = options.size;
  options_.inodes = options.inodes;
  quota_.limit = options.size != 0 ? PageUp(options.size) : ~0ull;
  return {};
}

Result<InodeRef> Tmpfs::NewInode(const NewNode& node) {
  TRY(CountInode());
  Attributes attr;
  attr.mode = node.mode;
  attr.uid = node.uid;
  attr.gid = node.gid;
  attr.rdev = node.rdev;
  attr.nlink = S_ISDIR(node.mode) ? 2 : 1;
  attr.atime = attr.mtime = attr.ctime = attr.btime = node.now;
  std::shared_ptr<TmpfsNode> made;
  switch (node.mode & S_IFMT) {
    case S_IFDIR:
      made = std::make_shared<TmpfsDirectory>(*this, NextIno(), attr);
      break;
    case S_IFREG:
      made = std::make_shared<TmpfsFile>(*this, NextIno(), attr);
      break;
    case S_IFLNK:
      made = std::make_shared<TmpfsSymlink>(*this, NextIno(), attr,
                                            node.link_target);
      break;
    default:
      made = std::make_shared<TmpfsSpecial>(*this, NextIno(), attr);
      break;
  }
  made->set_counted();
  return InodeRef(std::move(made));
}

// Nodes.

TmpfsNode::~TmpfsNode() {
  if (counted_) tmpfs_.UncountInode();
}

Result<FileRef> TmpfsNode::Open(Task& task, const Path& path, int flags) {
  return OpenByType(task, path, flags);
}

std::map<std::string, std::string>* TmpfsNode::xattrs() {
  if (xattrs_ == nullptr) {
    xattrs_ = std::make_unique<std::map<std::string, std::string>>();
  }
  return xattrs_.get();
}

// Directories.

// As deep as a guest has made it: not by recursion.
TmpfsDirectory::~TmpfsDirectory() {
  std::vector<InodeRef> doomed;
  TakeChildren(doomed);
  while (!doomed.empty()) {
    InodeRef inode = std::move(doomed.back());
    doomed.pop_back();
    if (inode.use_count() == 1 && inode->IsDirectory()) {
      static_cast<TmpfsDirectory&>(*inode).TakeChildren(doomed);
    }
  }
}

void TmpfsDirectory::TakeChildren(std::vector<InodeRef>& into) {
  for (Slot& slot : slots_) {
    if (slot.entry == nullptr || slot.entry->inode == nullptr) continue;
    into.push_back(std::move(slot.entry->inode));
  }
}

uint64_t TmpfsDirectory::Size() {
  return tmpfs().empty_directory_size_ + tmpfs().entry_size_ * entry_count();
}

uint64_t TmpfsDirectory::Blocks() {
  return (tmpfs().empty_directory_size_ + 511) / 512;
}

TmpfsDirectory::Entry* TmpfsDirectory::Find(absl::string_view name) {
  auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : it->second.get();
}

void TmpfsDirectory::Add(std::string name, uint64_t ino, uint32_t type,
                         InodeRef inode) {
  auto entry = std::make_unique<Entry>();
  entry->name = std::move(name);
  entry->ino = ino;
  entry->type = type;
  entry->inode = std::move(inode);
  entry->cookie = next_cookie_++;
  Entry* const added = entry.get();
  const absl::string_view key = added->name;
  if (!by_name_.try_emplace(key, std::move(entry)).second) return;
  slots_.push_back({added->cookie, added});
}

void TmpfsDirectory::Erase(absl::string_view name) {
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return;
  const uint64_t cookie = it->second->cookie;
  auto slot = std::partition_point(
      slots_.begin(), slots_.end(),
      [cookie](const Slot& s) { return s.cookie < cookie; });
  slot->entry = nullptr;
  std::unique_ptr<Entry> entry = std::move(it->second);
  by_name_.erase(it);
  if (slots_.size() > 16 && slots_.size() > 2 * by_name_.size()) {
    slots_.erase(std::remove_if(slots_.begin(), slots_.end(),
                                [](const Slot& s) { return !s.entry; }),
                 slots_.end());
  }
}

void TmpfsDirectory::Touch(Nanos now) { attr().mtime = attr().ctime = now; }

Result<InodeRef> TmpfsDirectory::MakeNode(Entry&) { return Errno(ENOENT); }

Result<InodeRef> TmpfsDirectory::Lookup(absl::string_view name) {
  TRY(Fill());
  Entry* entry = Find(name);
  if (entry == nullptr) return Errno(ENOENT);
  if (entry->inode == nullptr) {
    entry->inode = TRY(MakeNode(*entry));
    entry->ino = entry->inode->ino();
    entry->type = entry->inode->type();
  }
  return entry->inode;
}

Result<InodeRef> TmpfsDirectory::Create(const std::string& name,
                                        const NewNode& node) {
  TRY(Fill());
  InodeRef inode = TRY(tmpfs().NewInode(node));
  Add(name, inode->ino(), inode->type(), inode);
  if (inode->IsDirectory()) ChangeLinks(1, node.now);
  Touch(node.now);
  return inode;
}

Result<InodeRef> TmpfsDirectory::CreateUnnamed(const NewNode& node) {
  InodeRef inode = TRY(tmpfs().NewInode(node));
  inode->attr().nlink = 0;
  return inode;
}

Result<> TmpfsDirectory::Link(const std::string& name, Inode& inode,
                              Nanos now) {
  TRY(Fill());
  Add(name, inode.ino(), inode.type(), inode.shared_from_this());
  inode.ChangeLinks(1, now);
  Touch(now);
  return {};
}

Result<> TmpfsDirectory::Unlink(const std::string& name, Inode& inode,
                                Nanos now) {
  TRY(Fill());
  Erase(name);
  inode.ChangeLinks(-1, now);
  Touch(now);
  return {};
}

Result<> TmpfsDirectory::RemoveDirectory(const std::string& name, Inode& inode,
                                         Nanos now) {
  auto& directory = static_cast<TmpfsDirectory&>(inode);
  TRY(Fill());
  TRY(directory.Fill());
  if (directory.entry_count() > 0) return Errno(ENOTEMPTY);
  Erase(name);
  inode.attr().nlink = 0;
  inode.attr().ctime = now;
  ChangeLinks(-1, now);
  Touch(now);
  return {};
}

Result<> TmpfsDirectory::Rename(const std::string& name, Inode& inode,
                                Inode& to, const std::string& to_name,
                                Inode* replaced, bool exchange, Nanos now) {
  auto& target = static_cast<TmpfsDirectory&>(to);
  TRY(Fill());
  TRY(target.Fill());
  InodeRef moved = inode.shared_from_this();
  InodeRef other = replaced != nullptr ? replaced->shared_from_this() : nullptr;
  if (other != nullptr && !exchange && other->IsDirectory()) {
    auto& directory = static_cast<TmpfsDirectory&>(*other);
    TRY(directory.Fill());
    if (directory.entry_count() > 0) return Errno(ENOTEMPTY);
  }
  Erase(name);
  target.Erase(to_name);
  target.Add(to_name, moved->ino(), moved->type(), moved);
  if (moved->IsDirectory() && this != &target) {
    ChangeLinks(-1, now);
    target.ChangeLinks(1, now);
  }
  if (exchange) {
    Add(name, other->ino(), other->type(), other);
    other->attr().ctime = now;
    if (other->IsDirectory() && this != &target) {
      ChangeLinks(1, now);
      target.ChangeLinks(-1, now);
    }
  } else if (other != nullptr) {
    if (other->IsDirectory()) {
      other->attr().nlink = 0;
      other->attr().ctime = now;
      target.ChangeLinks(-1, now);
    } else {
      other->ChangeLinks(-1, now);
    }
  }
  moved->attr().ctime = now;
  Touch(now);
  target.Touch(now);
  return {};
}

Result<> TmpfsDirectory::List(Task*, uint64_t from,
                              absl::FunctionRef<bool(const DirEntry&)> sink) {
  TRY(Fill());
  auto slot =
      std::partition_point(slots_.begin(), slots_.end(),
                           [from](const Slot& s) { return s.cookie < from; });
  for (; slot != slots_.end(); ++slot) {
    if (slot->entry == nullptr) continue;
    const Entry& e = *slot->entry;
    if (!sink({e.name, e.ino, e.type, e.cookie + 1})) break;
  }
  return {};
}

// Files.

TmpfsFile::TmpfsFile(Tmpfs& fs, uint64_t ino, const Attributes& attributes)
    : TmpfsNode(fs, ino, attributes),
      content_(fs.kernel().pages(), &fs.quota()) {
  if (fs.seals_files()) content_.seals = F_SEAL_SEAL;
}

Result<FileRef> TmpfsFile::Open(Task& task, const Path& path, int flags) {
  if ((flags & O_TRUNC) == 0) TRY(content_.OpenHost());
  return OpenByType(task, path, flags);
}

Result<size_t> TmpfsFile::WriteAt(IovIter& from, uint64_t offset) {
  return content_.Write(from, offset);
}

Result<> TmpfsFile::SetSize(uint64_t size) { return content_.SetSize(size); }

Result<> TmpfsFile::Allocate(int mode, uint64_t offset, uint64_t length) {
  if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE)) != 0) {
    return Errno(EOPNOTSUPP);
  }
  if ((mode & FALLOC_FL_PUNCH_HOLE) != 0) {
    return content_.PunchHole(offset, length);
  }
  const bool grows =
      (mode & FALLOC_FL_KEEP_SIZE) == 0 && offset + length > Size();
  if (grows && (content_.seals & F_SEAL_GROW) != 0) return Errno(EPERM);
  TRY(content_.Reserve(offset, length));
  return grows ? content_.SetSize(offset + length) : Result<>();
}

uint32_t* TmpfsFile::seals() {
  return tmpfs().seals_files() ? &content_.seals : nullptr;
}

Result<> TmpfsFile::SetAttributes(const Attributes& attributes) {
  constexpr uint32_t kSealExec = 0x20;  // F_SEAL_EXEC
  if ((content_.seals & kSealExec) != 0 &&
      ((attributes.mode ^ attr().mode) & 0111) != 0) {
    return Errno(EPERM);
  }
  return Inode::SetAttributes(attributes);
}

Result<std::string> TmpfsSymlink::ReadLink(Task*) { return target_; }

}  // namespace emu
