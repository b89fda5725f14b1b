// SPDX-License-Identifier: Apache-2.0
//
// The mount tree: which file system shows where. Owned by the kernel, together
// with every file system that was ever mounted.

#ifndef KERNEL_FS_MOUNT_H_
#define KERNEL_FS_MOUNT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/result.h"
#include "kernel/fs/file_handles.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"
#include "kernel/mm/memory_account.h"

namespace emu {

class Kernel;

// A mount's own flags, as mount(2) has them.
struct MountFlags {
  bool read_only = false;
  bool nosuid = false;
  bool nodev = false;
  bool noexec = false;
  bool noatime = false;
  bool nodiratime = false;
  bool relatime = true;
};

// How many mounts each file system has, by device; in the tree or not. Shared by
// the tree and its mounts.
struct MountCounts {
  std::map<uint64_t, int> mounts;
  std::vector<FileSystem*> unused;  // that have none any more
};

// A file system (or a subtree of one) at a place. Every path to its files holds
// it, so that with a file system's last mount its last user is gone.
class Mount : public std::enable_shared_from_this<Mount> {
 public:
  Mount(int id, FileSystem& fs, DentryRef root, std::string source,
        const MountFlags& flags, std::shared_ptr<MountCounts> counts);
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;
  ~Mount();

  MountFlags flags;
  // Regular files that are open for writing through it.
  int writers = 0;

  int id() const { return id_; }
  // Of all mounts that ever were: for statx(2) and statmount(2).
  static constexpr uint64_t kUniqueIds = uint64_t{1} << 31;
  uint64_t unique_id() const { return kUniqueIds + static_cast<uint64_t>(id_); }
  FileSystem& fs() const { return fs_; }
  const DentryRef& root() const { return root_; }
  // /proc/mounts' first field.
  const std::string& source() const { return source_; }
  // Where it is mounted; null for the tree's root, for what was unmounted, and
  // for what is mounted nowhere (pipes).
  Mount* parent() const { return parent_; }
  const DentryRef& point() const { return point_; }
  // The mount at `point` in this one; null if there is none.
  Mount* ChildAt(const Dentry& point) const;
  // umount2(2)'s MNT_EXPIRE, which itself came here by one walk: whether nobody
  // else did since it was called last.
  bool Expire();

 private:
  friend class MountTree;
  const int id_;
  FileSystem& fs_;
  DentryRef root_;
  const std::string source_;
  Mount* parent_ = nullptr;
  DentryRef point_;
  std::vector<MountRef> children_;
  friend void CrossMounts(Mount** mount, Dentry** dentry);
  uint64_t walks_ = 0;  // that came here
  std::optional<uint64_t> walks_at_expiry_;
  const uint64_t device_;
  const std::shared_ptr<MountCounts> counts_;
};

class MountTree {
 public:
  explicit MountTree(Kernel& kernel);
  MountTree(const MountTree&) = delete;
  MountTree& operator=(const MountTree&) = delete;
  ~MountTree();

  // For setting the tree up, before a guest runs. Mounts `fs` at the guest's
  // `path`; directories on the way that are missing are made, and so is the
  // place itself, a file where the root of `fs` is one. The first must be "/".
  // ENOTDIR, EROFS, ….
  Result<MountRef> MountAt(const std::string& path,
                           std::unique_ptr<FileSystem> fs,
                           const MountFlags& flags = {},
                           const std::string& source = "");

  // What the files of all file systems take together.
  FileMemory& file_memory() { return file_memory_; }

  // A file system belongs to the kernel for as long as that runs. What it holds
  // it lets go of by `release`, once nobody can come to it any more.
  FileSystem& Adopt(std::unique_ptr<FileSystem> fs,
                    std::function<void()> release = nullptr);
  // Between system calls: those that lost their last mount are let go of, and who
  // watched their files is told.
  void ReleaseUnused() {
    if (!counts_->unused.empty()) ReleaseAllUnused();
  }
  // st_dev of the next file system: major 0, minors counting up.
  uint64_t NextDevice() { return next_device_++; }
  // A mount that is nowhere in the tree.
  MountRef NewDetached(FileSystem& fs, const DentryRef& root,
                       const std::string& source, const MountFlags& flags);

  // The file system of that type of which there is one (proc, sysfs, devpts and
  // their kin). ENODEV.
  Result<FileSystem*> FindOfType(const std::string& type) const;
  // Whether files of it are open for writing, through any mount.
  bool HasWriters(const FileSystem& fs) const;

  // The tree's root, topmost mount of it.
  Path root() const;
  FileHandles handles;

  // Mounts in order of their mounting, without the detached ones.
  std::vector<Mount*> mounts() const;

  // Whether so many more may be mounted (/proc/sys/fs/mount-max).
  bool HasRoomFor(size_t more) const;
  // mount(2) and its kin, permissions checked. ENOSPC.
  void Attach(MountRef mount, const Path& at);
  // EBUSY while something is mounted below it or (unless `lazy`) uses it;
  // EINVAL for what is no mount's root.
  Result<> Detach(const Path& path, bool lazy);
  // A bind mount; with `recursive`, mounts below come along.
  Result<> Bind(const Path& from, const Path& at, bool recursive);
  Result<> Move(const Path& from, const Path& at);
  Result<> PivotRoot(const Path& new_root, const Path& put_old);

 private:
  Result<Path> MakePoint(const std::string& path, bool directory);
  void Unlink(Mount& mount);
  void ReleaseAllUnused();

  Kernel& kernel_;
  FileMemory file_memory_;
  std::vector<std::unique_ptr<FileSystem>> file_systems_;
  std::map<uint64_t, std::function<void()>> releases_;  // by device
  const std::shared_ptr<MountCounts> counts_ = std::make_shared<MountCounts>();
  MountRef root_;
  int next_id_ = 1;
  uint64_t next_device_ = 1;
};

// From `path`, up to what is mounted on it, if anything is.
void CrossMounts(Mount** mount, Dentry** dentry);

}  // namespace emu

#endif  // KERNEL_FS_MOUNT_H_
