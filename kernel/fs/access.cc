// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/access.h"

#include <linux/capability.h>
#include <sys/stat.h>

#include "kernel/clock.h"
#include "kernel/fs/mount.h"
#include "kernel/task.h"

namespace emu {
namespace {
constexpr Nanos kDay = 24 * 3600 * kNanosPerSecond;
}  // namespace

Result<> CheckAccess(const Credentials& creds, Inode& inode, int mask) {
  const Attributes& attr = inode.attr();
  int bits = attr.mode & 7;
  if (creds.fsuid == attr.uid) {
    bits = (attr.mode >> 6) & 7;
  } else if (((attr.mode >> 3) & 7) != static_cast<uint32_t>(bits) &&
             creds.InGroup(attr.gid)) {
    bits = (attr.mode >> 3) & 7;
  }
  if ((mask & ~bits) == 0) return {};
  if (inode.IsDirectory()) {
    if (creds.Has(CAP_DAC_OVERRIDE)) return {};
    if ((mask & kMayWrite) == 0 && creds.Has(CAP_DAC_READ_SEARCH)) return {};
    return Errno(EACCES);
  }
  if (mask == kMayRead && creds.Has(CAP_DAC_READ_SEARCH)) return {};
  if (((mask & kMayExec) == 0 || (attr.mode & 0111) != 0) &&
      creds.Has(CAP_DAC_OVERRIDE)) {
    return {};
  }
  return Errno(EACCES);
}

Result<> CheckWritableMount(const Path& path) {
  if (path.mount->flags.read_only || path.mount->fs().read_only()) {
    return Errno(EROFS);
  }
  return {};
}

Result<> CheckPathAccess(const Credentials& creds, const Path& path, int mask) {
  Inode& inode = path.inode();
  if ((mask & kMayWrite) != 0 &&
      (inode.IsDirectory() || inode.IsRegular() || inode.IsSymlink())) {
    TRY(CheckWritableMount(path));
  }
  if ((mask & kMayExec) != 0 && inode.IsRegular() && path.mount->flags.noexec) {
    return Errno(EACCES);
  }
  return CheckAccess(creds, inode, mask);
}

bool OwnsOrCapable(const Credentials& creds, Inode& inode) {
  return creds.fsuid == inode.attr().uid || creds.Has(CAP_FOWNER);
}

Result<> CheckRemoval(const Credentials& creds, Inode& directory,
                      Inode& inode) {
  TRY(CheckAccess(creds, directory, kMayWrite | kMayExec));
  if ((directory.attr().mode & S_ISVTX) != 0 &&
      creds.fsuid != inode.attr().uid && creds.fsuid != directory.attr().uid &&
      !creds.Has(CAP_FOWNER)) {
    return Errno(EPERM);
  }
  return {};
}

void TouchAccessTime(Task& task, const Mount& mount, Inode& inode) {
  if (mount.flags.noatime || mount.flags.read_only) return;
  if (mount.flags.nodiratime && inode.IsDirectory()) return;
  Attributes& attr = inode.attr();
  const Nanos now = task.clock().realtime();
  if (mount.flags.relatime && attr.atime > attr.mtime &&
      attr.atime > attr.ctime && now - attr.atime < kDay) {
    return;
  }
  attr.atime = now;
}

Result<> NoteModified(Task& task, Inode& inode) {
  Attributes& attr = inode.attr();
  attr.mtime = attr.ctime = task.clock().realtime();
  uint32_t dropped = attr.mode & S_ISUID;
  if ((attr.mode & S_IXGRP) != 0) dropped |= attr.mode & S_ISGID;
  if (dropped == 0 || !inode.IsRegular() || task.creds->Has(CAP_FSETID)) {
    return {};
  }
  Attributes changed = attr;
  changed.mode &= ~dropped;
  return inode.SetAttributes(changed);
}

}  // namespace emu
