// SPDX-License-Identifier: Apache-2.0
//
// The start of path calls: a directory descriptor and a name in guest memory
// become a place.

#ifndef KERNEL_SYSCALLS_PATH_ARGS_H_
#define KERNEL_SYSCALLS_PATH_ARGS_H_

#include <fcntl.h>

#include <string>
#include <utility>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/file_ops.h"
#include "kernel/fs/path.h"
#include "kernel/task.h"

namespace emu {

// A name with the text it refers to.
struct NameArgument {
  Path start;
  std::string name;
  NameAt at() const { return {start, name}; }
};

// EFAULT, ENAMETOOLONG, ENOENT (empty), EBADF. `dirfd` counts for relative
// names only.
inline Result<NameArgument> ReadName(Task& task, Fd dirfd, UserCString from,
                                     bool allow_empty = false) {
  NameArgument argument;
  argument.name = TRY(task.ReadPath(from));
  if (argument.name.empty() && !allow_empty) return Errno(ENOENT);
  if (argument.name.empty() || argument.name[0] != '/') {
    argument.start = TRY(task.StartOf(dirfd));
  }
  return argument;
}

// What the name leads to; `flags` are AT_SYMLINK_NOFOLLOW and AT_EMPTY_PATH.
// With the latter, a null pointer is an empty name.
inline Result<Path> ResolveArgument(Task& task, Fd dirfd, UserCString from,
                                    int flags) {
  NameArgument argument;
  const bool allow_empty = (flags & AT_EMPTY_PATH) != 0;
  if (allow_empty && !from) {
    argument.start = TRY(task.StartOf(dirfd));
  } else {
    argument = TRY(ReadName(task, dirfd, from, allow_empty));
  }
  const ResolveFlags how = {.follow_last = (flags & AT_SYMLINK_NOFOLLOW) == 0,
                            .allow_empty = allow_empty};
  Resolved found = TRY(Resolve(task, argument.start, argument.name, how));
  return std::move(found.path);
}

}  // namespace emu

#endif  // KERNEL_SYSCALLS_PATH_ARGS_H_
