// SPDX-License-Identifier: Apache-2.0

#include "arch/host/memory_tree.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "arch/base/host_status.h"

namespace emu {
namespace {

constexpr size_t kChunk = 256 * 1024;
constexpr size_t kMostDirectories = 2000;
constexpr int kMostLinks = 40;  // as path_resolution(7)

absl::Status Malformed(const std::string& path, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", path, "\" ", why));
}

// Appends the parts of `path` in front of `parts`.
void PushFront(std::deque<std::string>& parts, absl::string_view path) {
  const std::vector<absl::string_view> added = absl::StrSplit(path, '/');
  for (auto part = added.rbegin(); part != added.rend(); ++part) {
    if (!part->empty() && *part != ".") parts.emplace_front(*part);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<MemoryTree>> MemoryTree::Create(
    const std::string& name, OpenFiles& files) {
  OwnedFd contents(memfd_create("emu-image", MFD_CLOEXEC));
  if (!contents.valid()) return HostError(errno, "memfd_create(\"emu-image\")");
  return std::unique_ptr<MemoryTree>(
      new MemoryTree(name, std::move(contents), files));
}

MemoryTree::MemoryTree(const std::string& name, OwnedFd contents,
                       OpenFiles& files)
    : name_(name), contents_(std::move(contents)), files_(files) {
  root_ = NewInode({.mode = S_IFDIR | 0755});
}

MemoryTree::InodeRef MemoryTree::NewInode(const Node& node) {
  auto inode = std::make_shared<Inode>();
  inode->node = node;
  inode->number = ++last_number_;
  inode->layer = layer_;
  return inode;
}

absl::StatusOr<MemoryTree::InodeRef> MemoryTree::DirectoryOf(
    const std::string& path, std::string* last) {
  std::deque<std::string> parts;
  PushFront(parts, path);
  if (parts.empty()) return Malformed(path, "is no name");
  *last = parts.back();
  parts.pop_back();
  std::vector<InodeRef> above = {root_};
  int links = 0;
  while (!parts.empty()) {
    const std::string part = parts.front();
    parts.pop_front();
    if (part == "..") {
      if (above.size() > 1) above.pop_back();
      continue;
    }
    InodeRef& child = above.back()->children[part];
    if (child == nullptr) child = NewInode({.mode = S_IFDIR | 0755});
    if (S_ISLNK(child->node.mode)) {
      if (++links > kMostLinks) return Malformed(path, "leads in circles");
      if (child->target[0] == '/') above.resize(1);
      PushFront(parts, child->target);
    } else if (S_ISDIR(child->node.mode)) {
      above.push_back(child);
      // Trees are walked by recursion.
      if (above.size() > kMostDirectories) return Malformed(path, "is too deep");
    } else {
      return Malformed(path, "is in what is no directory");
    }
  }
  return above.back();
}

absl::Status MemoryTree::Place(const std::string& path, InodeRef inode) {
  std::string last;
  absl::StatusOr<InodeRef> directory = DirectoryOf(path, &last);
  if (!directory.ok()) return directory.status();
  InodeRef& slot = (*directory)->children[last];
  if (slot != nullptr) --slot->nlink;
  slot = std::move(inode);
  return absl::OkStatus();
}

absl::Status MemoryTree::Add(const std::string& path, const Node& node) {
  InodeRef inode;
  if (path.empty()) {
    inode = root_;
  } else if (S_ISDIR(node.mode)) {
    std::string last;
    absl::StatusOr<InodeRef> parent = DirectoryOf(path, &last);
    if (!parent.ok()) return parent.status();
    const auto there = (*parent)->children.find(last);
    if (there != (*parent)->children.end() &&
        S_ISDIR(there->second->node.mode)) {
      inode = there->second;
    }
  }
  if (inode == nullptr) return Place(path, NewInode(node));
  if (!S_ISDIR(node.mode)) return Malformed(path, "is not a directory");
  inode->node = node;
  inode->layer = layer_;
  return absl::OkStatus();
}

absl::Status MemoryTree::AddFile(const std::string& path, const Node& node,
                                 Reader read) {
  InodeRef inode = NewInode(node);
  inode->offset = contents_end_;
  std::vector<char> chunk(kChunk);
  for (;;) {
    absl::StatusOr<size_t> n = read(absl::MakeSpan(chunk));
    if (!n.ok()) return n.status();
    if (*n == 0) break;
    for (size_t done = 0; done < *n;) {
      const ssize_t written = pwrite(contents_.get(), &chunk[done], *n - done,
                                     static_cast<off_t>(contents_end_));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        return HostError(errno, absl::StrCat("keeping ", path, " in memory"));
      }
      done += written;
      contents_end_ += written;
    }
  }
  inode->size = contents_end_ - inode->offset;
  return Place(path, std::move(inode));
}

absl::Status MemoryTree::AddSymlink(const std::string& path, const Node& node,
                                    const std::string& target) {
  if (target.empty()) return Malformed(path, "is a link to nothing");
  InodeRef inode = NewInode(node);
  inode->target = target;
  inode->size = target.size();
  return Place(path, std::move(inode));
}

absl::Status MemoryTree::AddHardLink(const std::string& path,
                                     const std::string& target) {
  std::string last;
  absl::StatusOr<InodeRef> directory = DirectoryOf(target, &last);
  if (!directory.ok()) return directory.status();
  const auto found = (*directory)->children.find(last);
  if (found == (*directory)->children.end() ||
      S_ISDIR(found->second->node.mode)) {
    return Malformed(path, absl::StrCat("links to \"", target,
                                        "\", which is no file before it"));
  }
  const InodeRef inode = found->second;
  ++inode->nlink;
  return Place(path, inode);
}

void MemoryTree::Remove(const std::string& path) {
  std::string last;
  absl::StatusOr<InodeRef> directory = DirectoryOf(path, &last);
  if (!directory.ok()) return;
  const auto found = (*directory)->children.find(last);
  if (found == (*directory)->children.end()) return;
  if (found->second->layer == layer_) {
    PruneBelow(*found->second);
    return;
  }
  --found->second->nlink;
  (*directory)->children.erase(found);
}

void MemoryTree::RemoveChildren(const std::string& path) {
  if (path.empty()) {
    PruneBelow(*root_);
    return;
  }
  std::string last;
  absl::StatusOr<InodeRef> directory = DirectoryOf(path, &last);
  if (!directory.ok()) return;
  const auto found = (*directory)->children.find(last);
  if (found != (*directory)->children.end()) PruneBelow(*found->second);
}

// Removes what layers below have in `directory`; false if nothing is left.
bool MemoryTree::PruneBelow(Inode& directory) const {
  for (auto child = directory.children.begin();
       child != directory.children.end();) {
    const bool kept = PruneBelow(*child->second);
    if (kept || child->second->layer == layer_) {
      ++child;
    } else {
      child = directory.children.erase(child);
    }
  }
  return !directory.children.empty();
}

Result<MemoryTree::InodeRef> MemoryTree::Find(const std::string& path) const {
  InodeRef inode = root_;
  if (path.empty()) return inode;
  for (absl::string_view part : absl::StrSplit(path, '/')) {
    if (!S_ISDIR(inode->node.mode)) return Errno(ENOTDIR);
    const auto child = inode->children.find(std::string(part));
    if (child == inode->children.end()) return Errno(ENOENT);
    inode = child->second;
  }
  return inode;
}

HostNode MemoryTree::ToHostNode(const Inode& inode) const {
  return {.mode = inode.node.mode,
          .size = inode.size,
          .nlink = inode.nlink,
          .mtime = inode.node.mtime,
          .keeps_owner = true,
          .uid = inode.node.uid,
          .gid = inode.node.gid,
          .rdev = inode.node.rdev,
          .device = 0,
          .inode = inode.number};
}

Result<HostNode> MemoryTree::Stat(const std::string& path) {
  const InodeRef inode = TRY(Find(path));
  return ToHostNode(*inode);
}

Result<std::vector<HostDirEntry>> MemoryTree::List(const std::string& path) {
  const InodeRef inode = TRY(Find(path));
  if (!S_ISDIR(inode->node.mode)) return Errno(ENOTDIR);
  std::vector<HostDirEntry> entries;
  for (const auto& [name, child] : inode->children) {
    entries.push_back({name, child->node.mode & S_IFMT});
  }
  return entries;
}

Result<std::string> MemoryTree::ReadLink(const std::string& path) {
  const InodeRef inode = TRY(Find(path));
  if (!S_ISLNK(inode->node.mode)) return Errno(EINVAL);
  return inode->target;
}

HostTree::Xattrs MemoryTree::XattrsOf(const std::string& path) {
  const Result<InodeRef> inode = Find(path);
  return inode.ok() ? (*inode)->node.xattrs : Xattrs();
}

Result<HostFileId> MemoryTree::Open(const std::string& path, bool writable) {
  if (writable) return Errno(EROFS);
  const InodeRef inode = TRY(Find(path));
  if (S_ISDIR(inode->node.mode)) return Errno(EISDIR);
  if (S_ISLNK(inode->node.mode)) return Errno(ELOOP);
  if (!S_ISREG(inode->node.mode)) return Errno(EINVAL);
  const struct stat unused = {};
  OwnedFd fd = TRY(Reopen(path, unused, false));
  const HostFileId file =
      files_.Add(*this, path, false, std::move(fd), unused);
  open_[file.value] = inode;
  return file;
}

void MemoryTree::Close(HostFileId file) {
  open_.erase(file.value);
  files_.Remove(file);
}

Result<size_t> MemoryTree::ReadAt(HostFileId file, absl::Span<char> out,
                                  uint64_t offset) {
  const auto found = open_.find(file.value);
  if (found == open_.end()) return Errno(EBADF);
  const Inode& inode = *found->second;
  if (offset >= inode.size) return 0;
  const size_t wanted = std::min<uint64_t>(out.size(), inode.size - offset);
  size_t done = 0;
  while (done < wanted) {
    const ssize_t n =
        pread(contents_.get(), out.data() + done, wanted - done,
              static_cast<off_t>(inode.offset + offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Errno(EIO);
    done += n;
  }
  return done;
}

Result<HostNode> MemoryTree::StatFile(HostFileId file) {
  const auto found = open_.find(file.value);
  if (found == open_.end()) return Errno(EBADF);
  return ToHostNode(*found->second);
}

// A file of its own, so that guests can map it from its start.
Result<OwnedFd> MemoryTree::Reopen(const std::string& path,
                                   const struct stat&, bool) {
  const InodeRef inode = TRY(Find(path));
  OwnedFd fd(memfd_create("emu-file", MFD_CLOEXEC));
  if (!fd.valid()) return Errno(errno);
  auto offset = static_cast<off_t>(inode->offset);
  const auto end = static_cast<off_t>(inode->offset + inode->size);
  while (offset < end) {
    const ssize_t n = sendfile(fd.get(), contents_.get(), &offset, end - offset);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Errno(n < 0 ? errno : EIO);
  }
  return fd;
}

std::string MemoryTree::Name(const std::string& path) {
  return absl::StrCat(name_, ":", path);
}

}  // namespace emu
