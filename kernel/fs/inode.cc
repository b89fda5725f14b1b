// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/inode.h"

#include <optional>

#include "kernel/fs/inotify.h"
#include "kernel/fs/locks.h"
#include "kernel/fs/path.h"

namespace emu {

Inode::Inode(FileSystem& fs, uint64_t ino, const Attributes& attributes)
    : fs_(fs), ino_(ino), attributes_(attributes) {}

Inode::~Inode() = default;

Result<InodeRef> Inode::Lookup(absl::string_view) { return Errno(ENOTDIR); }

Result<InodeRef> Inode::Create(const std::string&, const NewNode&) {
  return Errno(EPERM);
}

Result<InodeRef> Inode::CreateUnnamed(const NewNode&) {
  return Errno(EOPNOTSUPP);
}

Result<> Inode::Link(const std::string&, Inode&, Nanos) { return Errno(EPERM); }

Result<> Inode::Unlink(const std::string&, Inode&, Nanos) {
  return Errno(EPERM);
}

Result<> Inode::RemoveDirectory(const std::string&, Inode&, Nanos) {
  return Errno(EPERM);
}

Result<> Inode::Rename(const std::string&, Inode&, Inode&, const std::string&,
                       Inode*, bool, Nanos) {
  return Errno(EPERM);
}

Result<> Inode::List(Task*, uint64_t,
                     absl::FunctionRef<bool(const DirEntry&)>) {
  return Errno(ENOTDIR);
}

Result<std::string> Inode::ReadLink(Task*) { return Errno(EINVAL); }

Result<std::optional<Path>> Inode::FollowMagic(Task&) {
  return std::optional<Path>();
}

Result<size_t> Inode::ReadAt(IovIter&, uint64_t) { return Errno(EINVAL); }
Result<size_t> Inode::WriteAt(IovIter&, uint64_t) { return Errno(EINVAL); }
Result<> Inode::SetSize(uint64_t) { return Errno(EINVAL); }

Result<> Inode::Allocate(int, uint64_t, uint64_t) { return Errno(EOPNOTSUPP); }

// Where holes are unknown, the end is the only one.
Result<uint64_t> Inode::SeekData(uint64_t offset, bool hole) {
  const uint64_t size = Size();
  if (offset >= size) return Errno(ENXIO);
  return hole ? size : offset;
}

Result<> Inode::Sync() { return {}; }

Result<> Inode::SetAttributes(const Attributes& attributes) {
  const uint32_t type_bits = type();
  const uint32_t nlink = attributes_.nlink;
  attributes_ = attributes;
  attributes_.mode = type_bits | (attributes.mode & 07777);
  attributes_.nlink = nlink;
  return {};
}

void Inode::ChangeLinks(int by, Nanos now) {
  attr().nlink += by;
  attr().ctime = now;
}

FileLocks& Inode::locks() {
  if (locks_ == nullptr) locks_ = std::make_unique<FileLocks>(*this);
  return *locks_;
}

InotifyWatches& Inode::watches() {
  if (watches_ == nullptr) watches_ = std::make_unique<InotifyWatches>();
  return *watches_;
}

}  // namespace emu
