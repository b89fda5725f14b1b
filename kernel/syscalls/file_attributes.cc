// SPDX-License-Identifier: Apache-2.0
//
// file_getattr(2) and file_setattr(2): the flags that chattr(1) sets. No file
// has any.

#include "arch/abi/file_attributes.h"

#include <fcntl.h>

#include <string>

#include "arch/page_store.h"
#include "kernel/fs/access.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/syscalls/struct_in.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kKnownFlags = 0x8003fffb;  // FS_XFLAG_*
// FS_XFLAG_PREALLOC, _HASATTR: told, not set.
constexpr uint64_t kReadOnlyFlags = 0x80000002;

Result<> CheckArguments(size_t size, uint32_t at_flags) {
  if ((at_flags & ~uint32_t{AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH}) != 0) {
    return Errno(EINVAL);
  }
  if (size > kPageSize) return Errno(E2BIG);
  if (size < sizeof(abi::file_attr)) return Errno(EINVAL);
  return {};
}

// EOPNOTSUPP: a file that never has flags.
Result<> CheckKept(const Path& path) {
  Inode& inode = path.inode();
  const bool kept =
      (inode.IsRegular() || inode.IsDirectory()) && inode.xattrs() != nullptr;
  return kept ? Result<>() : Errno(EOPNOTSUPP);
}

}  // namespace

// file_getattr(2).
Result<> sys_file_getattr(Task& task, Fd dirfd, UserCString from,
                          UserPtr<abi::file_attr> attr, size_t size,
                          uint32_t at_flags) {
  TRY(CheckArguments(size, at_flags));
  const Path path = TRY(
      ResolveArgument(task, dirfd, from, static_cast<int>(at_flags)));
  TRY(CheckKept(path));
  const std::string zeroes(size, '\0');
  return task.mm->CopyOut(attr.addr(), zeroes.data(), size);
}

// file_setattr(2). Differs: no flag can be set.
Result<> sys_file_setattr(Task& task, Fd dirfd, UserCString from,
                          UserPtr<const abi::file_attr> uattr, size_t size,
                          uint32_t at_flags) {
  TRY(CheckArguments(size, at_flags));
  const abi::file_attr attr = TRY(ReadStruct(task, uattr, size));
  if ((attr.fa_xflags & ~kKnownFlags) != 0) return Errno(EINVAL);
  const Path path = TRY(
      ResolveArgument(task, dirfd, from, static_cast<int>(at_flags)));
  TRY(CheckWritableMount(path));
  TRY(CheckKept(path));
  if (!OwnsOrCapable(*task.creds, path.inode())) return Errno(EPERM);
  if ((attr.fa_xflags & ~kReadOnlyFlags) != 0 || attr.fa_extsize != 0 ||
      attr.fa_cowextsize != 0 || attr.fa_projid != 0) {
    return Errno(EOPNOTSUPP);
  }
  return {};
}

}  // namespace emu
