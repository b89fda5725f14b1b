// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/mount.h"

#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "arch/page_store.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/task.h"

namespace emu {
namespace {

// umount2(2)'s flags.
constexpr int kForce = 1;
constexpr int kDetach = 2;
constexpr int kExpire = 4;
constexpr int kNoFollow = 8;

constexpr uint64_t kPropagation =
    MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

Result<> CheckAdmin(Task& task) {
  if (!task.creds->Has(CAP_SYS_ADMIN)) return Errno(EPERM);
  return {};
}

MountFlags FlagsOf(uint64_t flags) {
  MountFlags result;
  result.read_only = (flags & MS_RDONLY) != 0;
  result.nosuid = (flags & MS_NOSUID) != 0;
  result.nodev = (flags & MS_NODEV) != 0;
  result.noexec = (flags & MS_NOEXEC) != 0;
  result.noatime = (flags & MS_NOATIME) != 0;
  result.nodiratime = (flags & MS_NODIRATIME) != 0;
  result.relatime = (flags & (MS_NOATIME | MS_STRICTATIME)) == 0;
  return result;
}

// "512", "4k", "1g", "50%" of memory. EINVAL.
Result<uint64_t> ParseSize(absl::string_view text, uint64_t memory) {
  uint64_t scale = 1;
  bool percent = false;
  if (!text.empty()) {
    switch (text.back()) {
      case 'k':
      case 'K':
        scale = uint64_t{1} << 10;
        break;
      case 'm':
      case 'M':
        scale = uint64_t{1} << 20;
        break;
      case 'g':
      case 'G':
        scale = uint64_t{1} << 30;
        break;
      case '%':
        percent = true;
        break;
      default:
        break;
    }
    if (scale != 1 || percent) text.remove_suffix(1);
  }
  uint64_t number;
  if (!absl::SimpleAtoi(text, &number)) return Errno(EINVAL);
  if (percent) return memory / 100 * number;
  uint64_t bytes;
  if (__builtin_mul_overflow(number, scale, &bytes)) return Errno(EINVAL);
  return bytes;
}

Result<uint32_t> ParseNumber(const std::string& text, int base) {
  char* end = nullptr;
  const uint64_t number = strtoull(text.c_str(), &end, base);
  if (text.empty() || *end != '\0' || number > UINT32_MAX) {
    return Errno(EINVAL);
  }
  return static_cast<uint32_t>(number);
}

Result<TmpfsOptions> ParseTmpfs(Task& task, const std::string& data) {
  const uint64_t memory = task.kernel().options().memory;
  TmpfsOptions options{.size = memory / 2,
                       .inodes = memory / 2 / kPageSize,
                       .uid = task.creds->fsuid,
                       .gid = task.creds->fsgid};
  for (absl::string_view part : absl::StrSplit(data, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> option =
        absl::StrSplit(part, absl::MaxSplits('=', 1));
    const std::string& value = option.second;
    if (option.first == "size") {
      options.size = TRY(ParseSize(value, memory));
    } else if (option.first == "nr_blocks") {
      options.size = TRY(ParseSize(value, memory)) * kPageSize;
    } else if (option.first == "nr_inodes") {
      options.inodes = TRY(ParseSize(value, memory));
    } else if (option.first == "mode") {
      options.mode = TRY(ParseNumber(value, 8)) & 07777;
    } else if (option.first == "uid") {
      options.uid = TRY(ParseNumber(value, 10));
    } else if (option.first == "gid") {
      options.gid = TRY(ParseNumber(value, 10));
    } else {
      return Errno(EINVAL);
    }
  }
  return options;
}

// Of the types that Linux has, tmpfs is new each time; of others there is one.
Result<> MountNew(Task& task, const Path& at, const std::string& type,
                  const std::string& source, const std::string& data,
                  const MountFlags& flags) {
  MountTree& mounts = task.kernel().mounts();
  const bool is_tmpfs = type == "tmpfs" || type == "ramfs";
  FileSystem* fs = is_tmpfs ? nullptr : TRY(mounts.FindOfType(type));
  TmpfsOptions options;
  if (is_tmpfs) options = TRY(ParseTmpfs(task, data));
  if (at.dentry->deleted()) return Errno(ENOENT);
  if (at.dentry == at.mount->root() && &at.mount->fs() == fs) {
    return Errno(EBUSY);
  }
  if (!at.inode().IsDirectory()) return Errno(ENOTDIR);
  if (!mounts.HasRoomFor(1)) return Errno(ENOSPC);
  if (is_tmpfs) {
    auto made = std::make_unique<Tmpfs>(task.kernel(), "tmpfs", options);
    Tmpfs* tmpfs = made.get();
    fs = &mounts.Adopt(std::move(made), [tmpfs] { tmpfs->Release(); });
  }
  mounts.Attach(mounts.NewDetached(*fs, fs->root_dentry(), source, flags), at);
  return {};
}

Result<> Remount(Task& task, const Path& at, const std::string& data,
                 uint64_t flags) {
  Mount& mount = *at.mount;
  if (at.dentry != mount.root()) return Errno(EINVAL);
  MountFlags fresh = FlagsOf(flags);
  constexpr uint64_t kAccessTimes =
      MS_NOATIME | MS_NODIRATIME | MS_RELATIME | MS_STRICTATIME;
  if ((flags & kAccessTimes) == 0) {
    fresh.noatime = mount.flags.noatime;
    fresh.nodiratime = mount.flags.nodiratime;
    fresh.relatime = mount.flags.relatime;
  }
  const bool bind = (flags & MS_BIND) != 0;
  if (fresh.read_only && !mount.flags.read_only &&
      (bind ? mount.writers > 0
            : task.kernel().mounts().HasWriters(mount.fs()))) {
    return Errno(EBUSY);
  }
  if (!bind && mount.fs().type() == "tmpfs" && !data.empty()) {
    TRY(static_cast<Tmpfs&>(mount.fs()).SetLimits(TRY(ParseTmpfs(task, data))));
  }
  mount.flags = fresh;
  return {};
}

// MS_SHARED and its kin: one of them, alone. There is one namespace, and no one
// to propagate to.
Result<> ChangePropagation(const Path& at, uint64_t flags) {
  if (at.dentry != at.mount->root()) return Errno(EINVAL);
  const uint64_t type = flags & ~uint64_t{MS_REC | MS_SILENT};
  if ((type & ~kPropagation) != 0 || (type & (type - 1)) != 0) {
    return Errno(EINVAL);
  }
  return {};
}

// A name or type that may be null. EINVAL: it is too long.
Result<std::string> ReadOptional(Task& task, UserCString from) {
  if (!from) return std::string();
  Result<std::string> text = task.ReadPath(from);
  if (!text.ok() && text.error() == Errno(ENAMETOOLONG)) return Errno(EINVAL);
  return text;
}

// What the calls of the newer interface answer.
Result<Fd> NotServed(Task& task) {
  TRY(CheckAdmin(task));
  return Errno(ENOSYS);
}

}  // namespace

// mount(2).
Result<> sys_mount(Task& task, UserCString source, UserCString target,
                   UserCString filesystemtype, uint64_t flags,
                   UserCString data) {
  const std::string type = TRY(ReadOptional(task, filesystemtype));
  const std::string from = TRY(ReadOptional(task, source));
  const std::string options = TRY(ReadOptional(task, data));
  const Path at = TRY(ResolveArgument(task, Fd{AT_FDCWD}, target, 0));
  TRY(CheckAdmin(task));
  if ((flags & MS_MGC_MSK) == MS_MGC_VAL) flags &= ~MS_MGC_MSK;
  if ((flags & MS_REMOUNT) != 0) return Remount(task, at, options, flags);
  if ((flags & MS_BIND) == 0 && (flags & kPropagation) != 0) {
    return ChangePropagation(at, flags);
  }
  if ((flags & (MS_BIND | MS_MOVE)) != 0) {
    MountTree& mounts = task.kernel().mounts();
    if (from.empty()) return Errno(EINVAL);
    const Path original = TRY(Resolve(task, Path(), from, ResolveFlags{})).path;
    if ((flags & MS_BIND) == 0) return mounts.Move(original, at);
    return mounts.Bind(original, at, (flags & MS_REC) != 0);
  }
  if (!filesystemtype) return Errno(EINVAL);
  return MountNew(task, at, type, from, options, FlagsOf(flags));
}

// umount2(2).
Result<> sys_umount2(Task& task, UserCString target, int flags) {
  if ((flags & ~(kForce | kDetach | kExpire | kNoFollow)) != 0) {
    return Errno(EINVAL);
  }
  const int how = (flags & kNoFollow) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
  const Path path = TRY(ResolveArgument(task, Fd{AT_FDCWD}, target, how));
  TRY(CheckAdmin(task));
  if (path.dentry != path.mount->root()) return Errno(EINVAL);
  if ((flags & kExpire) != 0) {
    if ((flags & (kForce | kDetach)) != 0) return Errno(EINVAL);
    // The tree has it, and `path`.
    if (path.mount.use_count() > 2) return Errno(EBUSY);
    if (!path.mount->Expire()) return Errno(EAGAIN);
  }
  return task.kernel().mounts().Detach(path, (flags & kDetach) != 0);
}

// pivot_root(2). Tasks whose root or directory was the old one go along.
Result<> sys_pivot_root(Task& task, UserCString new_root, UserCString put_old) {
  TRY(CheckAdmin(task));
  const Path fresh = TRY(ResolveArgument(task, Fd{AT_FDCWD}, new_root, 0));
  const Path old = TRY(ResolveArgument(task, Fd{AT_FDCWD}, put_old, 0));
  if (!fresh.inode().IsDirectory() || !old.inode().IsDirectory()) {
    return Errno(ENOTDIR);
  }
  const Path before = task.kernel().mounts().root();
  TRY(task.kernel().mounts().PivotRoot(fresh, old));
  for (const auto& [pid, process] : task.kernel().pids().processes()) {
    for (const auto& thread : process->tasks) {
      if (thread->fs == nullptr) continue;
      if (thread->fs->root == before) thread->fs->root = fresh;
      if (thread->fs->cwd == before) thread->fs->cwd = fresh;
    }
  }
  return {};
}

// fsopen(2), fsmount(2), fspick(2), move_mount(2) and open_tree_attr(2):
// programs that use them know mount(2) as well.
Result<Fd> sys_fsopen(Task& task, UserCString, uint32_t) {
  return NotServed(task);
}
Result<Fd> sys_fsmount(Task& task, Fd, uint32_t, uint32_t) {
  return NotServed(task);
}
Result<Fd> sys_fspick(Task& task, Fd, UserCString, uint32_t) {
  return NotServed(task);
}
Result<Fd> sys_move_mount(Task& task, Fd, UserCString, Fd, UserCString,
                          uint32_t) {
  return NotServed(task);
}

Result<Fd> sys_open_tree_attr(Task& task, Fd, UserCString, uint32_t,
                              UserPtr<const char>, size_t) {
  return NotServed(task);
}

// mount_setattr(2).
Result<Fd> sys_mount_setattr(Task& task, Fd, UserCString, uint32_t flags,
                             UserPtr<const char>, size_t size) {
  constexpr uint32_t kKnown =
      AT_EMPTY_PATH | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  if (size > kPageSize) return Errno(E2BIG);
  if (size < MOUNT_ATTR_SIZE_VER0) return Errno(EINVAL);
  return NotServed(task);
}

// open_tree(2). Differs: trees are not cloned.
Result<Fd> sys_open_tree(Task& task, Fd dirfd, UserCString pathname,
                         uint32_t flags) {
  constexpr uint32_t kKnown = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
                              AT_EMPTY_PATH | AT_RECURSIVE |
                              AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  if ((flags & OPEN_TREE_CLONE) != 0) return NotServed(task);
  if ((flags & AT_RECURSIVE) != 0) return Errno(EINVAL);
  const Path path =
      TRY(ResolveArgument(task, dirfd, pathname, static_cast<int>(flags)));
  FileRef file = TRY(OpenPath(task, path, O_PATH));
  return task.AddFd(std::move(file), (flags & OPEN_TREE_CLOEXEC) != 0);
}

}  // namespace emu
