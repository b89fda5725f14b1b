// SPDX-License-Identifier: Apache-2.0

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/inotify.h"
#include "kernel/fs/path.h"

namespace emu {

// A chain of deleted directories that only their children hold would otherwise
// be destroyed by recursion, as deep as a guest cares to make it.
Dentry::~Dentry() {
  // Its inode's last name, and now its last user, are gone.
  if (deleted_ && inode_->existing_watches() != nullptr &&
      inode_->attr().nlink == 0) {
    NotifyGone(*inode_);
  }
  DropChildren();
  std::shared_ptr<Dentry> next = std::move(parent_);
  while (next != nullptr && next.use_count() == 1) {
    next = std::move(next->parent_);
  }
}

bool Dentry::IsWithin(const Dentry& other) const {
  for (const Dentry* d = this; d != nullptr; d = d->parent_.get()) {
    if (d == &other) return true;
  }
  return false;
}

Result<Dentry*> Dentry::Child(absl::string_view name) {
  auto it = children_.find(name);
  if (it != children_.end() && inode_->fs().CachesNames()) {
    return it->second.get();
  }
  Result<InodeRef> inode = inode_->Lookup(name);
  if (!inode.ok()) {
    if (it != children_.end()) Remove(name);
    return inode.error();
  }
  if (it != children_.end()) {
    if (it->second->inode_ == *inode) return it->second.get();
    Remove(name);
  }
  return &Insert(name, std::move(*inode));
}

Dentry& Dentry::Insert(absl::string_view name, InodeRef inode) {
  auto child = std::make_shared<Dentry>(std::string(name), shared_from_this(),
                                        std::move(inode));
  Dentry& result = *child;
  children_.erase(name);
  children_.emplace(result.name_, std::move(child));
  return result;
}

std::shared_ptr<Dentry> Dentry::NewUnnamed(InodeRef inode) {
  auto entry = std::make_shared<Dentry>(absl::StrCat("#", inode->ino()),
                                        shared_from_this(), std::move(inode));
  entry->deleted_ = true;
  return entry;
}

void Dentry::Remove(absl::string_view name) {
  auto it = children_.find(name);
  if (it == children_.end()) return;
  std::shared_ptr<Dentry> child = std::move(it->second);
  children_.erase(it);
  child->deleted_ = true;
}

void Dentry::MoveTo(Dentry& parent, absl::string_view name) {
  std::shared_ptr<Dentry> self = shared_from_this();
  parent_->children_.erase(name_);
  std::string new_name(name);
  parent.Remove(new_name);
  name_ = std::move(new_name);
  std::shared_ptr<Dentry> old_parent = std::move(parent_);
  parent_ = parent.shared_from_this();
  parent.children_.emplace(name_, std::move(self));
}

void Dentry::Exchange(Dentry& other) {
  std::shared_ptr<Dentry> self = shared_from_this();
  std::shared_ptr<Dentry> its = other.shared_from_this();
  parent_->children_.erase(name_);
  other.parent_->children_.erase(other.name_);
  std::swap(name_, other.name_);
  std::swap(parent_, other.parent_);
  parent_->children_.emplace(name_, std::move(self));
  other.parent_->children_.emplace(other.name_, std::move(its));
}

void Dentry::DropChildren() {
  std::vector<std::shared_ptr<Dentry>> doomed;
  auto take = [&doomed](Dentry& from) {
    for (auto& child : from.children_)
      doomed.push_back(std::move(child.second));
    from.children_.clear();
  };
  take(*this);
  while (!doomed.empty()) {
    std::shared_ptr<Dentry> dentry = std::move(doomed.back());
    doomed.pop_back();
    take(*dentry);
  }
}

const std::shared_ptr<Dentry>& FileSystem::root_dentry() {
  if (root_dentry_ == nullptr) {
    root_dentry_ = std::make_shared<Dentry>("", nullptr, root());
  }
  return root_dentry_;
}

void FileSystem::DropNames() {
  if (root_dentry_ == nullptr) return;
  root_dentry_->DropChildren();
  root_dentry_ = nullptr;
}

FileSystem::~FileSystem() = default;

}  // namespace emu
