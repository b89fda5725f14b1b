// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/file_handles.h"

namespace emu {

bool FileHandles::Exist(const FileSystem& fs) {
  if (!fs.CachesNames() || fs.HasFixedNames()) return false;
  return fs.type() != "pipefs" && fs.type() != "sockfs" &&
         fs.type() != "anon_inodefs";
}

void FileHandles::Remember(const DentryRef& dentry) {
  Inode& inode = dentry->inode();
  std::weak_ptr<Dentry>& known = known_[{&inode.fs(), inode.ino()}];
  const DentryRef before = known.lock();
  if (before == nullptr || before->deleted()) known = dentry;
  if (known_.size() >= next_sweep_) ForgetEnded();
}

void FileHandles::ForgetEnded() {
  for (auto it = known_.begin(); it != known_.end();) {
    it = it->second.expired() ? known_.erase(it) : std::next(it);
  }
  next_sweep_ = known_.size() * 2 + 1024;
}

DentryRef FileHandles::Find(const FileSystem& fs, uint64_t ino) const {
  auto it = known_.find({&fs, ino});
  return it == known_.end() ? nullptr : it->second.lock();
}

}  // namespace emu
