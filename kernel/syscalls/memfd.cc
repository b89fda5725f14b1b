// SPDX-License-Identifier: Apache-2.0

#include "kernel/syscalls/memfd.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/stat.h>

#include <memory>
#include <string>
#include <utility>

#include "arch/abi/fcntl.h"
#include "kernel/fs/file_ops.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

// Of a later kernel than the C library's headers.
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#define MFD_EXEC 0x0010U
#endif
#ifndef F_SEAL_EXEC
#define F_SEAL_EXEC 0x0020
#endif

namespace emu {
namespace {

constexpr size_t kLongestName = 249;  // with "memfd:", NAME_MAX
constexpr uint32_t kWriteSeals =
    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_FUTURE_WRITE;
constexpr uint32_t kAllSeals = kWriteSeals | F_SEAL_SEAL | F_SEAL_EXEC;

}  // namespace

// memfd_create(2). Differs: no huge pages.
Result<Fd> sys_memfd_create(Task& task, UserCString name, uint32_t flags) {
  constexpr uint32_t kKnown =
      MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL | MFD_EXEC;
  if ((flags & MFD_HUGETLB) != 0) return Errno(ENOSYS);
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  if ((flags & MFD_EXEC) != 0 && (flags & MFD_NOEXEC_SEAL) != 0) {
    return Errno(EINVAL);
  }
  Result<std::string> text = task.mm->CopyString(name.addr(), kLongestName);
  if (!text.ok()) {
    return text.error() == Errno(ENAMETOOLONG) ? Errno(EINVAL) : text.error();
  }
  AnonymousFileSystems& anonymous = task.kernel().subsystems().anonymous;
  auto& fs = static_cast<Tmpfs&>(anonymous.file_system(AnonymousKind::kMemory));
  NewNode node;
  node.mode = S_IFREG | ((flags & MFD_NOEXEC_SEAL) != 0 ? 0666 : 0777);
  node.uid = task.creds->fsuid;
  node.gid = task.creds->fsgid;
  node.now = task.clock().realtime();
  InodeRef inode = TRY(fs.NewInode(node));
  inode->attr().nlink = 0;
  uint32_t& seals = *inode->seals();
  if ((flags & MFD_NOEXEC_SEAL) != 0) {
    seals = F_SEAL_EXEC;
  } else if ((flags & MFD_ALLOW_SEALING) != 0) {
    seals = 0;
  }
  const Path path =
      anonymous.PathOf(AnonymousKind::kMemory, *text, std::move(inode));
  FileRef file = TRY(OpenPath(task, path, O_RDWR | abi::kOLargeFile));
  return task.AddFd(std::move(file), (flags & MFD_CLOEXEC) != 0);
}

Result<int64_t> GetSeals(FileDescription& file) {
  const uint32_t* seals = file.inode().seals();
  if (seals == nullptr) return Errno(EINVAL);
  return int64_t{*seals};
}

Result<int64_t> AddSeals(FileDescription& file, uint64_t wanted) {
  uint32_t* seals = file.inode().seals();
  if (seals == nullptr) return Errno(EINVAL);
  if (!file.writable()) return Errno(EPERM);
  if ((wanted & ~uint64_t{kAllSeals}) != 0) return Errno(EINVAL);
  if ((*seals & F_SEAL_SEAL) != 0) return Errno(EPERM);
  uint32_t added = static_cast<uint32_t>(wanted);
  if ((added & F_SEAL_EXEC) != 0 && (file.inode().attr().mode & 0111) != 0) {
    added |= kWriteSeals;
  }
  MemoryObject* object = file.inode().memory_object();
  if ((added & ~*seals & F_SEAL_WRITE) != 0 && object != nullptr &&
      object->HasSharedWritableMapping()) {
    return Errno(EBUSY);
  }
  *seals |= added;
  return int64_t{0};
}

}  // namespace emu
