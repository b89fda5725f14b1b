// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/inotify.h"

#include <fcntl.h>

#include <memory>

#include "kernel/fs/access.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint32_t kKnown = IN_ALL_EVENTS | IN_ONLYDIR | IN_DONT_FOLLOW |
                            IN_EXCL_UNLINK | IN_MASK_ADD | IN_MASK_CREATE |
                            IN_ISDIR | IN_ONESHOT | IN_UNMOUNT | IN_Q_OVERFLOW |
                            IN_IGNORED;

Result<InotifyFile*> Instance(const FileRef& file) {
  InotifyFile* instance = FileAs<InotifyFile>(*file);
  if (instance == nullptr) return Errno(EINVAL);
  return instance;
}

}  // namespace

// inotify_init(2).
Result<Fd> sys_inotify_init(Task& task) { return sys_inotify_init1(task, 0); }

// inotify_init1(2).
Result<Fd> sys_inotify_init1(Task& task, int flags) {
  if ((flags & ~(IN_CLOEXEC | IN_NONBLOCK)) != 0) return Errno(EINVAL);
  Subsystems& subsystems = task.kernel().subsystems();
  if (subsystems.inotify.all.size() >= InotifyFile::kMaxInstances) {
    return Errno(EMFILE);
  }
  Path path = subsystems.anonymous.NewPath(AnonymousKind::kInode, "inotify", 0,
                                           *task.creds);
  auto file = std::make_shared<InotifyFile>(
      std::move(path), O_RDONLY | (flags & O_NONBLOCK), subsystems.inotify);
  return task.AddFd(std::move(file), (flags & IN_CLOEXEC) != 0);
}

// inotify_add_watch(2).
Result<int> sys_inotify_add_watch(Task& task, Fd fd, UserCString pathname,
                                  uint32_t mask) {
  if (mask == 0 || (mask & ~kKnown) != 0) return Errno(EINVAL);
  const FileRef file = TRY(task.GetFile(fd));
  if ((mask & IN_MASK_ADD) != 0 && (mask & IN_MASK_CREATE) != 0) {
    return Errno(EINVAL);
  }
  InotifyFile* instance = TRY(Instance(file));
  const int how = (mask & IN_DONT_FOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
  const Path path = TRY(ResolveArgument(task, Fd{AT_FDCWD}, pathname, how));
  if ((mask & IN_ONLYDIR) != 0 && !path.inode().IsDirectory()) {
    return Errno(ENOTDIR);
  }
  TRY(CheckAccess(*task.creds, path.inode(), kMayRead));
  return instance->Watch(path.inode(), mask);
}

// inotify_rm_watch(2).
Result<> sys_inotify_rm_watch(Task& task, Fd fd, int wd) {
  const FileRef file = TRY(task.GetFile(fd));
  InotifyFile* instance = TRY(Instance(file));
  return instance->Unwatch(wd);
}

}  // namespace emu
