// SPDX-License-Identifier: Apache-2.0

#include <fcntl.h>
#include <linux/capability.h>

#include <cstring>
#include <vector>

#include "arch/abi/fcntl.h"
#include "kernel/fs/file_handles.h"
#include "kernel/fs/file_ops.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/path_args.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint32_t kMaxHandle = 128;
// What this kernel's handles are: the inode's number, as it is.
constexpr int32_t kHandleType = 1;
using HandleData = uint64_t;

// name_to_handle_at(2)'s flags that older headers do not have.
constexpr int kUniqueMountId = 1;
constexpr int kForComparison = 0x200;  // AT_HANDLE_FID

UserPtr<char> DataOf(UserPtr<abi::file_handle> handle) {
  return UserPtr<char>(handle.addr() + sizeof(abi::file_handle));
}

}  // namespace

// name_to_handle_at(2).
Result<> sys_name_to_handle_at(Task& task, Fd dirfd, UserCString pathname,
                               UserPtr<abi::file_handle> handle,
                               UserPtr<char> mount_id, int flags) {
  constexpr int kKnown =
      AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | kUniqueMountId | kForComparison;
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  int how = flags & AT_EMPTY_PATH;
  if ((flags & AT_SYMLINK_FOLLOW) == 0) how |= AT_SYMLINK_NOFOLLOW;
  const Path path = TRY(ResolveArgument(task, dirfd, pathname, how));
  Inode& inode = path.inode();
  if (!FileHandles::Exist(inode.fs())) return Errno(EOPNOTSUPP);
  const abi::file_handle room = TRY(task.Read(handle));
  if (room.handle_bytes > kMaxHandle) return Errno(EINVAL);
  if ((flags & kUniqueMountId) != 0) {
    TRY(task.Write(mount_id.As<uint64_t>(), path.mount->id()));
  } else {
    TRY(task.Write(mount_id.As<int32_t>(), path.mount->id()));
  }
  const bool fits = room.handle_bytes >= sizeof(HandleData);
  TRY(task.Write(handle, {sizeof(HandleData), fits ? kHandleType : 0xff}));
  if (!fits) return Errno(EOVERFLOW);
  TRY(task.Write(DataOf(handle).As<HandleData>(), inode.ino()));
  task.kernel().mounts().handles.Remember(path.dentry);
  return {};
}

// open_by_handle_at(2).
Result<Fd> sys_open_by_handle_at(Task& task, Fd mount_fd,
                                 UserPtr<abi::file_handle> handle, int flags) {
  const abi::file_handle head = TRY(task.Read(handle));
  if (head.handle_bytes == 0 || head.handle_bytes > kMaxHandle) {
    return Errno(EINVAL);
  }
  if (head.handle_type < 0) return Errno(EINVAL);
  const Path near = TRY(task.StartOf(mount_fd));
  if (!task.creds->Has(CAP_DAC_READ_SEARCH)) return Errno(EPERM);
  const std::vector<char> data =
      TRY(task.ReadArray(DataOf(handle), head.handle_bytes));
  if (head.handle_type != kHandleType || data.size() != sizeof(HandleData)) {
    return Errno(ESTALE);
  }
  HandleData ino;
  memcpy(&ino, data.data(), sizeof(ino));
  const DentryRef dentry =
      task.kernel().mounts().handles.Find(near.mount->fs(), ino);
  if (dentry == nullptr) return Errno(ESTALE);
  flags &= ~(O_CREAT | O_EXCL | abi::kOTmpFileBit);
  if ((flags & O_PATH) == 0) flags |= abi::kOLargeFile;
  if (task.files->Full(task.process().limit(RLIMIT_NOFILE))) {
    return Errno(EMFILE);
  }
  FileRef file = TRY(OpenPath(task, {near.mount, dentry}, flags));
  return task.AddFd(std::move(file), (flags & O_CLOEXEC) != 0);
}

}  // namespace emu
