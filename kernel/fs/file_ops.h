// SPDX-License-Identifier: Apache-2.0
//
// What path calls do: names checked and walked, permissions checked, the file
// system asked, and the tree of names and watchers told. Errors are those of
// the call named, in Linux's order.

#ifndef KERNEL_FS_FILE_OPS_H_
#define KERNEL_FS_FILE_OPS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "arch/result.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"

namespace emu {

class Task;

// A name as a call was given it: relative to `start`.
struct NameAt {
  Path start;
  absl::string_view name;
};

// open(2). `flags` are valid and consistent; `mode` is for a new file. Scoping
// is taken from `how`. May be kBlocked (FIFOs).
Result<FileRef> OpenAt(Task& task, const NameAt& at, int flags, uint32_t mode,
                       const ResolveFlags& how = {});
// What is at `path`, with open(2)'s checks and none of its walk.
Result<FileRef> OpenPath(Task& task, const Path& path, int flags);

// mknod(2), mkdir(2), symlink(2) and bind(2)'s node: `mode` before the umask.
// EEXIST, ENOENT, EROFS, ….
Result<Path> CreateAt(Task& task, const NameAt& at, uint32_t mode,
                      uint64_t rdev = 0, const std::string& link_target = "");
Result<> LinkAt(Task& task, const Path& from, const NameAt& to);
Result<> UnlinkAt(Task& task, const NameAt& at);
Result<> RemoveDirectoryAt(Task& task, const NameAt& at);
// `flags` are renameat2(2)'s, checked.
Result<> RenameAt(Task& task, const NameAt& from, const NameAt& to,
                  uint32_t flags);

// truncate(2) of what `path` names, and the same without any check of access.
Result<> TruncatePath(Task& task, const Path& path, uint64_t size);
Result<> ResizeFile(Task& task, const Path& path, uint64_t size);

Result<> ChangeMode(Task& task, const Path& path, uint32_t mode);
// ~0u: stays as it is.
Result<> ChangeOwner(Task& task, const Path& path, Uid uid, Gid gid);
// Times to set; nothing: stays as it is. `now`: utimensat(2)'s null, for which
// write access is enough.
struct NewTimes {
  std::optional<Nanos> atime{};
  std::optional<Nanos> mtime{};
  bool now = false;
};
Result<> ChangeTimes(Task& task, const Path& path, const NewTimes& times);

}  // namespace emu

#endif  // KERNEL_FS_FILE_OPS_H_
