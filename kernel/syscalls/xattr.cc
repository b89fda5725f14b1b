// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/limits.h>
#include <linux/xattr.h>
#include <sys/stat.h>

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "arch/abi/file_attributes.h"
#include "arch/page_store.h"
#include "kernel/fs/access.h"
#include "kernel/fs/inotify.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/syscalls/struct_in.h"
#include "kernel/task.h"

namespace emu {
namespace {

using Attributes = std::map<std::string, std::string>;

// What the attributes of one inode may take together.
constexpr size_t kMostBytes = 256 * 1024;

Result<std::string> ReadAttributeName(Task& task, UserCString from) {
  Result<std::string> name = task.mm->CopyString(from.addr(), XATTR_NAME_MAX);
  if (!name.ok()) {
    return name.error() == Errno(ENAMETOOLONG) ? Errno(ERANGE) : name.error();
  }
  if (name->empty()) return Errno(ERANGE);
  return name;
}

// Whether `creds` may use the attribute at all: xattr_permission().
Result<> CheckName(const Credentials& creds, Inode& inode,
                   absl::string_view name, bool write) {
  const Errno refused(write ? EPERM : ENODATA);
  if (absl::StartsWith(name, XATTR_TRUSTED_PREFIX)) {
    return creds.Has(CAP_SYS_ADMIN) ? Result<>() : refused;
  }
  if (absl::StartsWith(name, XATTR_SECURITY_PREFIX)) {
    return !write || creds.Has(CAP_SYS_ADMIN) ? Result<>() : Errno(EPERM);
  }
  if (!absl::StartsWith(name, XATTR_USER_PREFIX)) return {};
  if (!inode.IsRegular() && !inode.IsDirectory()) return refused;
  if (write && inode.IsDirectory() && (inode.attr().mode & S_ISVTX) != 0 &&
      !OwnsOrCapable(creds, inode)) {
    return Errno(EPERM);
  }
  return CheckAccess(creds, inode, write ? kMayWrite : kMayRead);
}

// Names of which a file system keeps values.
Result<Attributes*> Find(Inode& inode, absl::string_view name) {
  Attributes* attributes = inode.xattrs();
  const bool kept = absl::StartsWith(name, XATTR_USER_PREFIX) ||
                    absl::StartsWith(name, XATTR_TRUSTED_PREFIX) ||
                    absl::StartsWith(name, XATTR_SECURITY_PREFIX);
  if (attributes == nullptr || !kept) return Errno(EOPNOTSUPP);
  if (name.substr(name.find('.')).size() == 1) return Errno(EINVAL);
  return attributes;
}

size_t BytesOf(const Attributes& attributes) {
  size_t bytes = 0;
  for (const auto& [name, value] : attributes) {
    bytes += name.size() + value.size();
  }
  return bytes;
}

Result<> Changed(Task& task, const Path& path) {
  path.inode().attr().ctime = task.clock().realtime();
  NotifyPath(IN_ATTRIB, path);
  return {};
}

// What a call works on: a path, or a descriptor's file where `path` is null and
// the flags allow it.
struct Where {
  Fd dirfd = {AT_FDCWD};
  UserCString path;
  uint32_t flags = 0;  // AT_*
};

// Names and values are read before the file is looked for.
Result<Path> Locate(Task& task, const Where& where) {
  if ((where.flags & AT_EMPTY_PATH) != 0 && where.dirfd.value >= 0) {
    const std::string name =
        where.path ? TRY(task.ReadPath(where.path)) : std::string();
    if (name.empty()) {
      const FileRef file = TRY(task.GetFile(where.dirfd));
      return file->path();
    }
  }
  return ResolveArgument(task, where.dirfd, where.path,
                         static_cast<int>(where.flags));
}

Result<> CheckAtFlags(uint32_t flags) {
  constexpr uint32_t kKnown = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
  return (flags & ~kKnown) == 0 ? Result<>() : Errno(EINVAL);
}

struct SetArguments {
  UserCString name;
  UserPtr<const char> value;
  size_t size;
  int flags;
};

Result<> Set(Task& task, const Where& where, const SetArguments& args) {
  if ((args.flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0) {
    return Errno(EINVAL);
  }
  const std::string name = TRY(ReadAttributeName(task, args.name));
  if (args.size > XATTR_SIZE_MAX) return Errno(E2BIG);
  std::string value(args.size, '\0');
  TRY(task.mm->CopyIn(value.data(), args.value.addr(), args.size));
  const Path path = TRY(Locate(task, where));
  TRY(CheckWritableMount(path));
  Inode& inode = path.inode();
  TRY(CheckName(*task.creds, inode, name, /*write=*/true));
  Attributes& attributes = *TRY(Find(inode, name));
  auto it = attributes.find(name);
  const bool exists = it != attributes.end();
  if (exists && (args.flags & XATTR_CREATE) != 0) return Errno(EEXIST);
  if (!exists && (args.flags & XATTR_REPLACE) != 0) return Errno(ENODATA);
  if (BytesOf(attributes) + name.size() + value.size() > kMostBytes) {
    return Errno(ENOSPC);
  }
  attributes[name] = std::move(value);
  return Changed(task, path);
}

// Copies out `bytes`; with size 0 only tells their number.
Result<size_t> Give(Task& task, const std::string& bytes, UserPtr<char> to,
                    size_t size) {
  if (size == 0) return bytes.size();
  if (bytes.size() > size) return Errno(ERANGE);
  TRY(task.mm->CopyOut(to.addr(), bytes.data(), bytes.size()));
  return bytes.size();
}

Result<size_t> Get(Task& task, const Where& where, UserCString from,
                   UserPtr<char> value, size_t size) {
  const std::string name = TRY(ReadAttributeName(task, from));
  const Path path = TRY(Locate(task, where));
  TRY(CheckName(*task.creds, path.inode(), name, /*write=*/false));
  // Access control lists: there are never any.
  if (name == XATTR_NAME_POSIX_ACL_ACCESS ||
      name == XATTR_NAME_POSIX_ACL_DEFAULT) {
    return Errno(path.inode().xattrs() != nullptr ? ENODATA : EOPNOTSUPP);
  }
  const Attributes& attributes = *TRY(Find(path.inode(), name));
  auto it = attributes.find(name);
  if (it == attributes.end()) return Errno(ENODATA);
  return Give(task, it->second, value, size);
}

Result<size_t> List(Task& task, const Where& where, UserPtr<char> list,
                    size_t size) {
  const Path path = TRY(Locate(task, where));
  std::string names;
  if (const Attributes* attributes = path.inode().xattrs()) {
    for (const auto& [name, value] : *attributes) {
      if (absl::StartsWith(name, XATTR_TRUSTED_PREFIX) &&
          !task.creds->Has(CAP_SYS_ADMIN)) {
        continue;
      }
      names.append(name).push_back('\0');
    }
  }
  return Give(task, names, list, size);
}

Result<> Remove(Task& task, const Where& where, UserCString from) {
  const std::string name = TRY(ReadAttributeName(task, from));
  const Path path = TRY(Locate(task, where));
  TRY(CheckWritableMount(path));
  TRY(CheckName(*task.creds, path.inode(), name, /*write=*/true));
  Attributes& attributes = *TRY(Find(path.inode(), name));
  if (attributes.erase(name) == 0) return Errno(ENODATA);
  return Changed(task, path);
}

Where At(UserCString path, bool follow) {
  return {.path = path,
          .flags = follow ? 0u : uint32_t{AT_SYMLINK_NOFOLLOW}};
}

Where Of(Fd fd) {
  return {.dirfd = fd, .path = UserCString(), .flags = AT_EMPTY_PATH};
}

// EINVAL, E2BIG, EFAULT.
Result<abi::xattr_args> ReadArguments(Task& task,
                                      UserPtr<const abi::xattr_args> from,
                                      size_t size) {
  if (size < sizeof(abi::xattr_args)) return Errno(EINVAL);
  if (size > kPageSize) return Errno(E2BIG);
  return ReadStruct(task, from, size);
}

}  // namespace

// setxattr(2).
Result<> sys_setxattr(Task& task, UserCString path, UserCString name,
                      UserPtr<const char> value, size_t size, int flags) {
  return Set(task, At(path, true), {name, value, size, flags});
}

// lsetxattr(2).
Result<> sys_lsetxattr(Task& task, UserCString path, UserCString name,
                       UserPtr<const char> value, size_t size, int flags) {
  return Set(task, At(path, false), {name, value, size, flags});
}

// fsetxattr(2).
Result<> sys_fsetxattr(Task& task, Fd fd, UserCString name,
                       UserPtr<const char> value, size_t size, int flags) {
  return Set(task, Of(fd), {name, value, size, flags});
}

// setxattrat(2).
Result<> sys_setxattrat(Task& task, Fd dirfd, UserCString path,
                        uint32_t at_flags, UserCString name,
                        UserPtr<const abi::xattr_args> uargs, size_t size) {
  const abi::xattr_args args = TRY(ReadArguments(task, uargs, size));
  TRY(CheckAtFlags(at_flags));
  return Set(task, {dirfd, path, at_flags},
             {name, UserPtr<const char>(args.value), args.size,
              static_cast<int>(args.flags)});
}

// getxattr(2).
Result<size_t> sys_getxattr(Task& task, UserCString path, UserCString name,
                            UserPtr<char> value, size_t size) {
  return Get(task, At(path, true), name, value, size);
}

// lgetxattr(2).
Result<size_t> sys_lgetxattr(Task& task, UserCString path, UserCString name,
                             UserPtr<char> value, size_t size) {
  return Get(task, At(path, false), name, value, size);
}

// fgetxattr(2).
Result<size_t> sys_fgetxattr(Task& task, Fd fd, UserCString name,
                             UserPtr<char> value, size_t size) {
  return Get(task, Of(fd), name, value, size);
}

// getxattrat(2).
Result<size_t> sys_getxattrat(Task& task, Fd dirfd, UserCString path,
                              uint32_t at_flags, UserCString name,
                              UserPtr<const abi::xattr_args> uargs,
                              size_t size) {
  const abi::xattr_args args = TRY(ReadArguments(task, uargs, size));
  if (args.flags != 0) return Errno(EINVAL);
  TRY(CheckAtFlags(at_flags));
  return Get(task, {dirfd, path, at_flags}, name, UserPtr<char>(args.value),
             args.size);
}

// listxattr(2).
Result<size_t> sys_listxattr(Task& task, UserCString path, UserPtr<char> list,
                             size_t size) {
  return List(task, At(path, true), list, size);
}

// llistxattr(2).
Result<size_t> sys_llistxattr(Task& task, UserCString path, UserPtr<char> list,
                              size_t size) {
  return List(task, At(path, false), list, size);
}

// flistxattr(2).
Result<size_t> sys_flistxattr(Task& task, Fd fd, UserPtr<char> list,
                              size_t size) {
  return List(task, Of(fd), list, size);
}

// listxattrat(2).
Result<size_t> sys_listxattrat(Task& task, Fd dirfd, UserCString path,
                               uint32_t at_flags, UserPtr<char> list,
                               size_t size) {
  TRY(CheckAtFlags(at_flags));
  return List(task, {dirfd, path, at_flags}, list, size);
}

// removexattr(2).
Result<> sys_removexattr(Task& task, UserCString path, UserCString name) {
  return Remove(task, At(path, true), name);
}

// lremovexattr(2).
Result<> sys_lremovexattr(Task& task, UserCString path, UserCString name) {
  return Remove(task, At(path, false), name);
}

// fremovexattr(2).
Result<> sys_fremovexattr(Task& task, Fd fd, UserCString name) {
  return Remove(task, Of(fd), name);
}

// removexattrat(2).
Result<> sys_removexattrat(Task& task, Fd dirfd, UserCString path,
                           uint32_t at_flags, UserCString name) {
  TRY(CheckAtFlags(at_flags));
  return Remove(task, {dirfd, path, at_flags}, name);
}

}  // namespace emu
