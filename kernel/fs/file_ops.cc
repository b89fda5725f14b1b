// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/file_ops.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include <utility>

#include "arch/abi/fcntl.h"
#include "kernel/fs/access.h"
#include "kernel/fs/inotify.h"
#include "kernel/fs/lease.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/open_file.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint32_t kMaxLinks = 65000;

bool IsDots(const std::string& name) { return name == "." || name == ".."; }
// "/", ".", and "..": names that no entry can be made of or removed.
bool IsSpecial(const Resolved& at) {
  return at.last.empty() || IsDots(at.last);
}

Result<Resolved> ResolveParent(Task& task, const NameAt& at) {
  return Resolve(task, at.start, at.name, {.want_parent = true});
}

// What a new node in `directory` will be, by umask, setgid directories and who
// asks.
NewNode NodeFor(Task& task, Inode& directory, uint32_t mode) {
  NewNode node;
  const Attributes& parent = directory.attr();
  node.mode = S_ISLNK(mode) ? mode : mode & ~task.fs->umask;
  node.uid = task.creds->fsuid;
  node.gid = task.creds->fsgid;
  node.now = task.clock().realtime();
  if ((parent.mode & S_ISGID) != 0) {
    node.gid = parent.gid;
    if (S_ISDIR(mode)) {
      node.mode |= S_ISGID;
    } else if ((node.mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
               !task.creds->InGroup(parent.gid) &&
               !task.creds->Has(CAP_FSETID)) {
      node.mode &= ~S_ISGID;
    }
  }
  return node;
}

// may_create(): a new name in the directory.
Result<> CheckCreate(Task& task, const Path& directory) {
  if (directory.dentry->deleted()) return Errno(ENOENT);
  if (directory.inode().fs().HasFixedNames()) return Errno(ENOENT);
  return CheckAccess(*task.creds, directory.inode(), kMayWrite | kMayExec);
}

// may_delete(): `entry` of `directory` goes, which is a directory or not as the
// call wants.
Result<> CheckDelete(Task& task, const Path& directory, const Path& entry,
                     bool want_directory) {
  TRY(CheckRemoval(*task.creds, directory.inode(), entry.inode()));
  const bool is_directory = entry.inode().IsDirectory();
  if (want_directory && !is_directory) return Errno(ENOTDIR);
  if (!want_directory && is_directory) return Errno(EISDIR);
  if (directory.dentry->deleted()) return Errno(ENOENT);
  return {};
}

// An entry on which something is mounted stays.
Result<> CheckNotBusy(const Path& directory, const Path& entry) {
  if (entry.mount != directory.mount || entry.dentry->IsMountPoint()) {
    return Errno(EBUSY);
  }
  return {};
}

// open(2).

int AccessOf(int flags) {
  static constexpr int kMasks[] = {kMayRead, kMayWrite, kMayRead | kMayWrite,
                                   kMayRead | kMayWrite};
  int mask = kMasks[flags & O_ACCMODE];
  if ((flags & O_TRUNC) != 0) mask |= kMayWrite;
  return mask;
}

Result<> CheckOpen(Task& task, const Path& path, int flags) {
  Inode& inode = path.inode();
  const int mask = AccessOf(flags);
  if ((flags & O_DIRECTORY) != 0 && !inode.IsDirectory()) {
    return Errno(ENOTDIR);
  }
  switch (inode.type()) {
    case S_IFLNK:
      return Errno(ELOOP);
    case S_IFDIR:
      if ((mask & kMayWrite) != 0) return Errno(EISDIR);
      break;
    case S_IFBLK:
    case S_IFCHR:
      if (path.mount->flags.nodev) return Errno(EACCES);
      break;
    default:
      break;
  }
  TRY(CheckPathAccess(*task.creds, path, mask));
  if ((flags & O_NOATIME) != 0 && !OwnsOrCapable(*task.creds, inode)) {
    return Errno(EPERM);
  }
  return {};
}

// The description itself, access checked.
Result<FileRef> OpenChecked(Task& task, const Path& path, int flags) {
  Inode& inode = path.inode();
  const bool writes = (AccessOf(flags) & kMayWrite) != 0;
  if (inode.IsRegular() && writes && inode.write_count < 0) {
    return Errno(ETXTBSY);
  }
  if (inode.IsRegular()) TRY(BreakLeases(task, inode, flags));
  FileRef file = TRY(inode.Open(task, path, flags));
  NotifyOpen(*file);
  if ((flags & O_TRUNC) != 0 && inode.IsRegular()) {
    TRY(ResizeFile(task, path, 0));
  }
  return file;
}

Result<FileRef> OpenNew(Task& task, const Resolved& at, int flags,
                        uint32_t mode) {
  TRY(CheckWritableMount(at.path));
  TRY(CheckCreate(task, at.path));
  Inode& directory = at.path.inode();
  const NewNode node = NodeFor(task, directory, S_IFREG | (mode & 07777));
  InodeRef inode = TRY(directory.Create(at.last, node));
  Dentry& entry = at.path.dentry->Insert(at.last, std::move(inode));
  const Path path = {at.path.mount, entry.shared_from_this()};
  NotifyEntry(IN_CREATE, path);
  return OpenChecked(task, path, flags & ~O_TRUNC);
}

Result<FileRef> OpenUnnamed(Task& task, const NameAt& at, int flags,
                            uint32_t mode, const ResolveFlags& how) {
  const Path directory = TRY(Resolve(task, at.start, at.name, how)).path;
  if (!directory.inode().IsDirectory()) return Errno(ENOTDIR);
  TRY(CheckWritableMount(directory));
  TRY(CheckAccess(*task.creds, directory.inode(), kMayWrite | kMayExec));
  const NewNode node =
      NodeFor(task, directory.inode(), S_IFREG | (mode & 07777));
  InodeRef inode = TRY(directory.inode().CreateUnnamed(node));
  inode->set_linkable((flags & O_EXCL) == 0);
  const Path path = {directory.mount,
                     directory.dentry->NewUnnamed(std::move(inode))};
  return OpenChecked(task, path, flags & ~(abi::kOTmpFileBit | O_DIRECTORY));
}

}  // namespace

Result<FileRef> OpenPath(Task& task, const Path& path, int flags) {
  if ((flags & O_PATH) != 0) {
    if ((flags & O_DIRECTORY) != 0 && !path.inode().IsDirectory()) {
      return Errno(ENOTDIR);
    }
    return FileRef(std::make_shared<PathFile>(path, flags));
  }
  TRY(CheckOpen(task, path, flags));
  return OpenChecked(task, path, flags);
}

Result<FileRef> OpenAt(Task& task, const NameAt& at, int flags, uint32_t mode,
                       const ResolveFlags& scope) {
  ResolveFlags how = scope;
  how.follow_last = (flags & O_NOFOLLOW) == 0 &&
                    (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
  if ((flags & abi::kOTmpFileBit) != 0) {
    return OpenUnnamed(task, at, flags, mode, how);
  }
  if ((flags & O_CREAT) == 0) {
    const Path path = TRY(Resolve(task, at.start, at.name, how)).path;
    return OpenPath(task, path, flags);
  }
  how.want_parent = how.create = true;
  const Resolved found = TRY(Resolve(task, at.start, at.name, how));
  if (IsSpecial(found) || found.trailing_slash) {
    if (found.last.empty() && found.target &&
        !found.target.inode().IsDirectory()) {
      return OpenPath(task, found.target, flags);  // through a magic link
    }
    return Errno((flags & O_EXCL) != 0 && !found.trailing_slash ? EEXIST
                                                                : EISDIR);
  }
  if (!found.target) return OpenNew(task, found, flags, mode);
  if ((flags & O_EXCL) != 0) return Errno(EEXIST);
  if (found.target.inode().IsDirectory()) return Errno(EISDIR);
  return OpenPath(task, found.target, flags);
}

// Making names.

Result<Path> CreateAt(Task& task, const NameAt& name, uint32_t mode,
                      uint64_t rdev, const std::string& link_target) {
  const Resolved at = TRY(ResolveParent(task, name));
  if (IsSpecial(at) || at.target) return Errno(EEXIST);
  if (at.trailing_slash && !S_ISDIR(mode)) return Errno(ENOENT);
  TRY(CheckWritableMount(at.path));
  TRY(CheckCreate(task, at.path));
  Inode& directory = at.path.inode();
  if (S_ISDIR(mode) && directory.LinkCount() >= kMaxLinks) {
    return Errno(EMLINK);
  }
  NewNode node = NodeFor(task, directory, mode);
  node.rdev = rdev;
  node.link_target = link_target;
  InodeRef inode = TRY(directory.Create(at.last, node));
  Dentry& entry = at.path.dentry->Insert(at.last, std::move(inode));
  const Path made = {at.path.mount, entry.shared_from_this()};
  NotifyEntry(IN_CREATE, made);
  return made;
}

namespace {

// protected_hardlinks: who may not read and write it may not link to it.
bool MayLinkTo(Task& task, Inode& inode) {
  const Attributes& attr = inode.attr();
  if (OwnsOrCapable(*task.creds, inode)) return true;
  if (!inode.IsRegular() || (attr.mode & S_ISUID) != 0) return false;
  if ((attr.mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP)) return false;
  return CheckAccess(*task.creds, inode, kMayRead | kMayWrite).ok();
}

}  // namespace

Result<> LinkAt(Task& task, const Path& from, const NameAt& to) {
  const Resolved at = TRY(ResolveParent(task, to));
  if (IsSpecial(at) || at.target) return Errno(EEXIST);
  if (at.trailing_slash) return Errno(ENOENT);
  TRY(CheckWritableMount(at.path));
  if (from.mount != at.path.mount) return Errno(EXDEV);
  Inode& inode = from.inode();
  if (!MayLinkTo(task, inode)) return Errno(EPERM);
  TRY(CheckCreate(task, at.path));
  if (inode.IsDirectory()) return Errno(EPERM);
  if (inode.LinkCount() == 0 && !inode.linkable()) return Errno(ENOENT);
  if (inode.LinkCount() >= kMaxLinks) return Errno(EMLINK);
  TRY(at.path.inode().Link(at.last, inode, task.clock().realtime()));
  inode.set_linkable(false);
  Dentry& entry = at.path.dentry->Insert(at.last, inode.shared_from_this());
  NotifyInode(IN_ATTRIB, inode);
  NotifyEntry(IN_CREATE, {at.path.mount, entry.shared_from_this()});
  return {};
}

// Removing them.

namespace {

void NotifyIfGone(Inode& inode) {
  if (inode.attr().nlink == 0) NotifyGone(inode);
}

// The tree of names and the watchers learn that `entry` is gone.
void Forget(const Path& directory, const Path& entry) {
  const std::string name = entry.dentry->name();
  directory.dentry->Remove(name);
  Inode& inode = entry.inode();
  if (!inode.IsDirectory()) NotifyInode(IN_ATTRIB, inode);
  // Unless someone has it open, this was the inode's end.
  if (entry.dentry.use_count() == 1) NotifyIfGone(inode);
  NotifyRemoved(directory.inode(), name, inode);
}

}  // namespace

Result<> UnlinkAt(Task& task, const NameAt& name) {
  const Resolved at = TRY(ResolveParent(task, name));
  if (IsSpecial(at)) return Errno(EISDIR);
  TRY(CheckWritableMount(at.path));
  if (!at.target) return Errno(ENOENT);
  Inode& inode = at.target.inode();
  if (at.trailing_slash) {
    return Errno(inode.IsDirectory() ? EISDIR : ENOTDIR);
  }
  TRY(CheckDelete(task, at.path, at.target, /*want_directory=*/false));
  TRY(CheckNotBusy(at.path, at.target));
  TRY(at.path.inode().Unlink(at.last, inode, task.clock().realtime()));
  Forget(at.path, at.target);
  return {};
}

Result<> RemoveDirectoryAt(Task& task, const NameAt& name) {
  const Resolved at = TRY(ResolveParent(task, name));
  if (at.last == "..") return Errno(ENOTEMPTY);
  if (at.last == ".") return Errno(EINVAL);
  if (at.last.empty()) return Errno(EBUSY);
  TRY(CheckWritableMount(at.path));
  if (!at.target) return Errno(ENOENT);
  TRY(CheckDelete(task, at.path, at.target, /*want_directory=*/true));
  TRY(CheckNotBusy(at.path, at.target));
  TRY(at.path.inode().RemoveDirectory(at.last, at.target.inode(),
                                      task.clock().realtime()));
  Forget(at.path, at.target);
  return {};
}

// rename(2).

namespace {

Result<> CheckRename(Task& task, const Resolved& from, const Resolved& to,
                     bool exchange) {
  Inode& source = from.target.inode();
  const bool is_directory = source.IsDirectory();
  TRY(CheckDelete(task, from.path, from.target, is_directory));
  if (!to.target) {
    TRY(CheckCreate(task, to.path));
  } else {
    const bool wanted =
        exchange ? to.target.inode().IsDirectory() : is_directory;
    TRY(CheckDelete(task, to.path, to.target, wanted));
  }
  // A directory that gets another parent changes its `..`.
  if (from.path.dentry != to.path.dentry) {
    if (is_directory) TRY(CheckAccess(*task.creds, source, kMayWrite));
    if (exchange && to.target.inode().IsDirectory()) {
      TRY(CheckAccess(*task.creds, to.target.inode(), kMayWrite));
    }
  }
  TRY(CheckNotBusy(from.path, from.target));
  if (to.target) TRY(CheckNotBusy(to.path, to.target));
  return {};
}

// What the names themselves rule out, before anyone's rights.
Result<> CheckRenameNames(const Resolved& from, const Resolved& to,
                          uint32_t flags) {
  const bool exchange = (flags & RENAME_EXCHANGE) != 0;
  if (!from.target) return Errno(ENOENT);
  if ((flags & RENAME_NOREPLACE) != 0 && to.target) return Errno(EEXIST);
  if (exchange) {
    if (!to.target) return Errno(ENOENT);
    if (!to.target.inode().IsDirectory() && to.trailing_slash) {
      return Errno(ENOTDIR);
    }
  }
  if (!from.target.inode().IsDirectory()) {
    if (from.trailing_slash) return Errno(ENOTDIR);
    if (!exchange && to.trailing_slash) return Errno(ENOTDIR);
  }
  if (to.path.dentry->IsWithin(*from.target.dentry)) return Errno(EINVAL);
  if (to.target && from.path.dentry->IsWithin(*to.target.dentry)) {
    return Errno(exchange ? EINVAL : ENOTEMPTY);
  }
  return {};
}

}  // namespace

Result<> RenameAt(Task& task, const NameAt& from_name, const NameAt& to_name,
                  uint32_t flags) {
  const bool exchange = (flags & RENAME_EXCHANGE) != 0;
  const Resolved from = TRY(ResolveParent(task, from_name));
  const Resolved to = TRY(ResolveParent(task, to_name));
  if (from.path.mount != to.path.mount) return Errno(EXDEV);
  if (IsSpecial(from)) return Errno(EBUSY);
  if (IsSpecial(to)) {
    return Errno((flags & RENAME_NOREPLACE) != 0 ? EEXIST : EBUSY);
  }
  TRY(CheckWritableMount(from.path));
  TRY(CheckRenameNames(from, to, flags));
  Inode& source = from.target.inode();
  if (to.target && &to.target.inode() == &source) return {};
  TRY(CheckRename(task, from, to, exchange));
  Inode* replaced = to.target ? &to.target.inode() : nullptr;
  TRY(from.path.inode().Rename(from.last, source, to.path.inode(), to.last,
                               replaced, exchange, task.clock().realtime()));
  if (exchange) {
    from.target.dentry->Exchange(*to.target.dentry);
  } else {
    from.target.dentry->MoveTo(*to.path.dentry, to.last);
  }
  uint32_t& cookie = task.kernel().subsystems().inotify.next_cookie;
  Inode* covered = exchange ? nullptr : replaced;
  NotifyMoved({from.path.inode(), from.last}, {to.path.inode(), to.last},
              source, covered, cookie++);
  if (exchange) {
    NotifyMoved({to.path.inode(), to.last}, {from.path.inode(), from.last},
                *replaced, nullptr, cookie++);
  }
  if (covered != nullptr && to.target.dentry.use_count() == 1) {
    NotifyIfGone(*covered);
  }
  return {};
}

// Changing what is there.

Result<> ResizeFile(Task& task, const Path& path, uint64_t size) {
  Inode& inode = path.inode();
  if (size > inode.Size()) {
    const uint64_t limit = task.process().limit(RLIMIT_FSIZE);
    if (size > limit) {
      SendKernelSignal(task.process(), SIGXFSZ);
      return Errno(EFBIG);
    }
  }
  TRY(inode.SetSize(size));
  TRY(NoteModified(task, inode));
  NotifyPath(IN_MODIFY, path);
  return {};
}

Result<> TruncatePath(Task& task, const Path& path, uint64_t size) {
  Inode& inode = path.inode();
  if (inode.IsDirectory()) return Errno(EISDIR);
  if (!inode.IsRegular()) return Errno(EINVAL);
  TRY(CheckWritableMount(path));
  TRY(CheckAccess(*task.creds, inode, kMayWrite));
  if (inode.write_count < 0) return Errno(ETXTBSY);
  TRY(BreakLeases(task, inode, O_WRONLY));
  return ResizeFile(task, path, size);
}

Result<> ChangeMode(Task& task, const Path& path, uint32_t mode) {
  TRY(CheckWritableMount(path));
  Inode& inode = path.inode();
  if (!OwnsOrCapable(*task.creds, inode)) return Errno(EPERM);
  Attributes attr = inode.attr();
  attr.mode = (attr.mode & S_IFMT) | (mode & 07777);
  if (!task.creds->InGroup(attr.gid) && !task.creds->Has(CAP_FSETID)) {
    attr.mode &= ~S_ISGID;
  }
  attr.ctime = task.clock().realtime();
  TRY(inode.SetAttributes(attr));
  NotifyPath(IN_ATTRIB, path);
  return {};
}

Result<> ChangeOwner(Task& task, const Path& path, Uid uid, Gid gid) {
  TRY(CheckWritableMount(path));
  Inode& inode = path.inode();
  const Credentials& creds = *task.creds;
  Attributes attr = inode.attr();
  const bool owner = creds.fsuid == attr.uid;
  if (uid != ~0u) {
    if (!(owner && uid == attr.uid) && !creds.Has(CAP_CHOWN)) {
      return Errno(EPERM);
    }
    attr.uid = uid;
  }
  if (gid != ~0u) {
    const bool own_group = gid == attr.gid || creds.InGroup(gid);
    if (!(owner && own_group) && !creds.Has(CAP_CHOWN)) return Errno(EPERM);
    attr.gid = gid;
  }
  if (!inode.IsDirectory()) {
    attr.mode &= ~S_ISUID;
    if ((attr.mode & S_IXGRP) != 0) attr.mode &= ~S_ISGID;
  }
  attr.ctime = task.clock().realtime();
  TRY(inode.SetAttributes(attr));
  NotifyPath(IN_ATTRIB, path);
  return {};
}

Result<> ChangeTimes(Task& task, const Path& path, const NewTimes& times) {
  if (!times.now && !times.atime && !times.mtime) return {};
  TRY(CheckWritableMount(path));
  Inode& inode = path.inode();
  if (!OwnsOrCapable(*task.creds, inode)) {
    if (!times.now) return Errno(EPERM);
    TRY(CheckAccess(*task.creds, inode, kMayWrite));
  }
  Attributes attr = inode.attr();
  attr.ctime = task.clock().realtime();
  if (times.now) {
    attr.atime = attr.mtime = attr.ctime;
  } else {
    attr.atime = times.atime.value_or(attr.atime);
    attr.mtime = times.mtime.value_or(attr.mtime);
  }
  TRY(inode.SetAttributes(attr));
  NotifyPath(IN_ATTRIB, path);
  return {};
}

}  // namespace emu
