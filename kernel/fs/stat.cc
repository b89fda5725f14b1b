// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/stat.h"

#include <limits.h>
#include <linux/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "kernel/fs/mount.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

constexpr int64_t kBlockSize = 4096;
// statfs(2)'s f_flags that <sys/statvfs.h> does not name.
constexpr int64_t kStValid = 0x0020;

constexpr uint32_t kMountIdUnique = 0x4000;  // STATX_MNT_ID_UNIQUE

abi::statx_timestamp ToStatx(Nanos time) {
  const abi::timespec t = ToTimespec(time);
  return {t.tv_sec, static_cast<uint32_t>(t.tv_nsec), 0};
}

}  // namespace

abi::stat StatOf(Inode& inode) {
  const Attributes& attr = inode.attr();
  abi::stat st{};
  st.st_dev = inode.fs().device();
  st.st_ino = inode.ino();
  st.st_nlink = inode.LinkCount();
  st.st_mode = attr.mode;
  st.st_uid = attr.uid;
  st.st_gid = attr.gid;
  st.st_rdev = attr.rdev;
  st.st_size = static_cast<int64_t>(inode.Size());
  st.st_blksize = kBlockSize;
  st.st_blocks = static_cast<int64_t>(inode.Blocks());
  st.st_atim = ToTimespec(attr.atime);
  st.st_mtim = ToTimespec(attr.mtime);
  st.st_ctim = ToTimespec(attr.ctime);
  return st;
}

abi::statx StatxOf(const Path& path, uint32_t mask) {
  Inode& inode = path.inode();
  const Attributes& attr = inode.attr();
  abi::statx st{};
  st.stx_mask = STATX_BASIC_STATS | (mask & (STATX_BTIME | STATX_MNT_ID));
  st.stx_blksize = kBlockSize;
  st.stx_attributes_mask = STATX_ATTR_IMMUTABLE | STATX_ATTR_APPEND |
                           STATX_ATTR_NODUMP | STATX_ATTR_AUTOMOUNT |
                           STATX_ATTR_MOUNT_ROOT | STATX_ATTR_DAX;
  if (path.dentry == path.mount->root()) {
    st.stx_attributes |= STATX_ATTR_MOUNT_ROOT;
  }
  st.stx_nlink = inode.LinkCount();
  st.stx_uid = attr.uid;
  st.stx_gid = attr.gid;
  st.stx_mode = static_cast<uint16_t>(attr.mode);
  st.stx_ino = inode.ino();
  st.stx_size = inode.Size();
  st.stx_blocks = inode.Blocks();
  st.stx_atime = ToStatx(attr.atime);
  st.stx_mtime = ToStatx(attr.mtime);
  st.stx_ctime = ToStatx(attr.ctime);
  if ((mask & STATX_BTIME) != 0) st.stx_btime = ToStatx(attr.btime);
  st.stx_rdev_major = gnu_dev_major(attr.rdev);
  st.stx_rdev_minor = gnu_dev_minor(attr.rdev);
  st.stx_dev_major = gnu_dev_major(inode.fs().device());
  st.stx_dev_minor = gnu_dev_minor(inode.fs().device());
  if ((mask & STATX_MNT_ID) != 0) st.stx_mnt_id = path.mount->id();
  if ((mask & kMountIdUnique) != 0) {
    st.stx_mask = (st.stx_mask & ~STATX_MNT_ID) | kMountIdUnique;
    st.stx_mnt_id = path.mount->unique_id();
  }
  return st;
}

abi::statfs StatfsOf(const Path& path) {
  const FileSystemStats stats = path.mount->fs().Stats();
  const MountFlags& flags = path.mount->flags;
  abi::statfs st{};
  st.f_type = static_cast<int64_t>(stats.type);
  st.f_bsize = st.f_frsize = static_cast<int64_t>(stats.block_size);
  st.f_blocks = stats.blocks;
  st.f_bfree = st.f_bavail = stats.blocks_free;
  st.f_files = stats.inodes;
  st.f_ffree = stats.inodes_free;
  st.f_fsid[0] = static_cast<int32_t>(path.mount->fs().device());
  st.f_namelen = NAME_MAX;
  st.f_flags = kStValid;
  if (flags.read_only || path.mount->fs().read_only()) st.f_flags |= ST_RDONLY;
  if (flags.nosuid) st.f_flags |= ST_NOSUID;
  if (flags.nodev) st.f_flags |= ST_NODEV;
  if (flags.noexec) st.f_flags |= ST_NOEXEC;
  if (flags.noatime) st.f_flags |= ST_NOATIME;
  if (flags.nodiratime) st.f_flags |= ST_NODIRATIME;
  if (flags.relatime && !flags.noatime) st.f_flags |= ST_RELATIME;
  return st;
}

}  // namespace emu
