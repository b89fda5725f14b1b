// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/mount.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "kernel/fs/inotify.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"

namespace emu {

Mount* Mount::ChildAt(const Dentry& point) const {
  // The latest covers those before it.
  for (size_t i = children_.size(); i-- > 0;) {
    if (children_[i]->point_.get() == &point) return children_[i].get();
  }
  return nullptr;
}

void CrossMounts(Mount** mount, Dentry** dentry) {
  while ((*dentry)->IsMountPoint()) {
    Mount* child = (*mount)->ChildAt(**dentry);
    if (child == nullptr) return;
    *mount = child;
    *dentry = child->root().get();
    ++child->walks_;
  }
}

bool Mount::Expire() {
  const bool unused = walks_at_expiry_ && *walks_at_expiry_ + 1 == walks_;
  walks_at_expiry_ = walks_;
  return unused;
}

Mount::Mount(int id, FileSystem& fs, DentryRef root, std::string source,
             const MountFlags& flags, std::shared_ptr<MountCounts> counts)
    : flags(flags),
      id_(id),
      fs_(fs),
      root_(std::move(root)),
      source_(std::move(source)),
      device_(fs.device()),
      counts_(std::move(counts)) {
  ++counts_->mounts[device_];
}

Mount::~Mount() {
  const auto it = counts_->mounts.find(device_);
  if (--it->second > 0) return;
  counts_->mounts.erase(it);
  counts_->unused.push_back(&fs_);
}

MountTree::MountTree(Kernel& kernel) : kernel_(kernel) {}

MountTree::~MountTree() {
  for (auto& fs : file_systems_) fs->DropNames();
  std::vector<MountRef> mounts;
  if (root_ != nullptr) mounts.push_back(std::move(root_));
  // Each holds those below it.
  for (size_t i = 0; i < mounts.size(); ++i) {
    for (MountRef& child : mounts[i]->children_) {
      mounts.push_back(std::move(child));
    }
    mounts[i]->children_.clear();
  }
}

FileSystem& MountTree::Adopt(std::unique_ptr<FileSystem> fs,
                             std::function<void()> release) {
  file_systems_.push_back(std::move(fs));
  FileSystem& adopted = *file_systems_.back();
  if (release != nullptr) releases_[adopted.device()] = std::move(release);
  return adopted;
}

Result<FileSystem*> MountTree::FindOfType(const std::string& type) const {
  constexpr absl::string_view kSingle[] = {"proc", "sysfs", "devpts",
                                           "devtmpfs", "cgroup2"};
  if (std::find(std::begin(kSingle), std::end(kSingle), type) ==
      std::end(kSingle)) {
    return Errno(ENODEV);
  }
  for (const auto& fs : file_systems_) {
    if (fs->type() == type) return fs.get();
  }
  return Errno(ENODEV);
}

bool MountTree::HasRoomFor(size_t more) const {
  // File systems that are mounted no more are counted as well: they stay.
  constexpr size_t kMost = 100000;
  return std::max(mounts().size(), file_systems_.size()) + more <= kMost;
}

bool MountTree::HasWriters(const FileSystem& fs) const {
  for (const Mount* mount : mounts()) {
    if (&mount->fs() == &fs && mount->writers > 0) return true;
  }
  return false;
}

MountRef MountTree::NewDetached(FileSystem& fs, const DentryRef& root,
                                const std::string& source,
                                const MountFlags& flags) {
  return std::make_shared<Mount>(next_id_++, fs, root,
                                 source.empty() ? fs.type() : source, flags,
                                 counts_);
}

Path MountTree::root() const {
  if (root_ == nullptr) return {};
  Mount* mount = root_.get();
  Dentry* dentry = mount->root().get();
  CrossMounts(&mount, &dentry);
  return {mount->shared_from_this(), dentry->shared_from_this()};
}

Result<MountRef> MountTree::MountAt(const std::string& path,
                                    std::unique_ptr<FileSystem> fs,
                                    const MountFlags& flags,
                                    const std::string& source) {
  FileSystem& adopted = Adopt(std::move(fs));
  MountRef mount = NewDetached(adopted, adopted.root_dentry(), source, flags);
  if (root_ == nullptr) {
    if (path != "/") return Errno(EINVAL);
    root_ = mount;
    return mount;
  }
  const bool directory = adopted.root()->IsDirectory();
  Path at = TRY(MakePoint(path, directory));
  if (at.inode().IsDirectory() != directory) return Errno(ENOTDIR);
  Attach(mount, at);
  return mount;
}

Result<Path> MountTree::MakePoint(const std::string& path, bool directory) {
  Path at = root();
  const std::vector<absl::string_view> names =
      absl::StrSplit(path, '/', absl::SkipEmpty());
  std::string walked;
  for (size_t i = 0; i < names.size(); ++i) {
    absl::StrAppend(&walked, "/", names[i]);
    Result<Resolved> next = ResolveAsKernel(root(), walked, {});
    if (next.ok()) {
      at = std::move(next->path);
      continue;
    }
    if (next.error() != Errno(ENOENT)) return next.error();
    const bool last = i + 1 == names.size();
    NewNode node{.mode = S_IFDIR | 0755, .now = kernel_.clock().realtime()};
    if (last && !directory) node.mode = S_IFREG | 0644;
    InodeRef made = TRY(at.inode().Create(std::string(names[i]), node));
    at.dentry = at.dentry->Insert(names[i], made).shared_from_this();
  }
  return at;
}

void MountTree::Attach(MountRef mount, const Path& at) {
  // On top of whatever is there.
  Mount* parent = at.mount.get();
  Dentry* point = at.dentry.get();
  CrossMounts(&parent, &point);
  mount->parent_ = parent;
  mount->point_ = point->shared_from_this();
  ++point->mounts_here_;
  parent->children_.push_back(std::move(mount));
}

void MountTree::Unlink(Mount& mount) {
  auto& siblings = mount.parent_->children_;
  --mount.point_->mounts_here_;
  mount.parent_ = nullptr;
  mount.point_ = nullptr;
  siblings.erase(std::find_if(
      siblings.begin(), siblings.end(),
      [&](const MountRef& sibling) { return sibling.get() == &mount; }));
}

Result<> MountTree::Detach(const Path& path, bool lazy) {
  if (path.dentry != path.mount->root() || path.mount->parent() == nullptr) {
    return Errno(EINVAL);
  }
  // The tree holds it once, `path` once more.
  if (!lazy && (!path.mount->children_.empty() || path.mount.use_count() > 2)) {
    return Errno(EBUSY);
  }
  std::vector<MountRef> below = {path.mount};
  for (size_t i = 0; i < below.size(); ++i) {
    for (const MountRef& child : below[i]->children_) below.push_back(child);
  }
  for (const MountRef& mount : below) Unlink(*mount);
  return {};
}

void MountTree::ReleaseAllUnused() {
  const std::vector<FileSystem*> unused =
      std::exchange(counts_->unused, std::vector<FileSystem*>());
  for (FileSystem* fs : unused) {
    if (counts_->mounts.count(fs->device()) > 0) continue;
    const std::vector<InotifyFile*> instances =
        kernel_.subsystems().inotify.all;
    for (InotifyFile* instance : instances) instance->TellUnmounted(*fs);
    fs->DropNames();
    const auto it = releases_.find(fs->device());
    if (it == releases_.end()) continue;
    it->second();
    releases_.erase(it);
  }
}

Result<> MountTree::Bind(const Path& from, const Path& at, bool recursive) {
  if (from.inode().IsDirectory() != at.inode().IsDirectory()) {
    return Errno(ENOTDIR);
  }
  struct Copy {
    Mount* original;
    MountRef copy;
  };
  auto copy_of = [&](Mount& mount, const DentryRef& root) {
    return NewDetached(mount.fs(), root, mount.source(), mount.flags);
  };
  std::vector<Copy> copies = {
      {from.mount.get(), copy_of(*from.mount, from.dentry)}};
  for (size_t i = 0; recursive && i < copies.size(); ++i) {
    const std::vector<MountRef> children = copies[i].original->children_;
    for (const MountRef& child : children) {
      if (!child->point()->IsWithin(*copies[i].copy->root())) continue;
      MountRef copy = copy_of(*child, child->root());
      Attach(copy, {copies[i].copy, child->point()});
      copies.push_back({child.get(), std::move(copy)});
    }
  }
  if (!HasRoomFor(copies.size())) return Errno(ENOSPC);
  Attach(copies.front().copy, at);
  return {};
}

Result<> MountTree::Move(const Path& from, const Path& at) {
  if (from.dentry != from.mount->root() || from.mount->parent() == nullptr) {
    return Errno(EINVAL);
  }
  if (from.inode().IsDirectory() != at.inode().IsDirectory()) {
    return Errno(EINVAL);
  }
  for (Mount* m = at.mount.get(); m != nullptr; m = m->parent()) {
    if (m == from.mount.get()) return Errno(ELOOP);
  }
  MountRef mount = from.mount;
  Unlink(*mount);
  Attach(std::move(mount), at);
  return {};
}

Result<> MountTree::PivotRoot(const Path& new_root, const Path& put_old) {
  const Path old = root();
  if (new_root.mount == old.mount) return Errno(EBUSY);
  if (new_root.dentry != new_root.mount->root() ||
      new_root.mount->parent() == nullptr) {
    return Errno(EINVAL);
  }
  bool below = false;
  for (const Mount* m = put_old.mount.get(); m != nullptr; m = m->parent()) {
    below |= m == new_root.mount.get();
  }
  if (!below) return Errno(EINVAL);
  MountRef fresh = new_root.mount;
  Unlink(*fresh);
  MountRef previous = std::exchange(root_, std::move(fresh));
  Attach(std::move(previous), put_old);
  return {};
}

std::vector<Mount*> MountTree::mounts() const {
  std::vector<Mount*> all;
  if (root_ != nullptr) all.push_back(root_.get());
  for (size_t i = 0; i < all.size(); ++i) {
    for (const MountRef& child : all[i]->children_) all.push_back(child.get());
  }
  std::sort(all.begin(), all.end(),
            [](auto* a, auto* b) { return a->id() < b->id(); });
  return all;
}

}  // namespace emu
