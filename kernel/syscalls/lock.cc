// SPDX-License-Identifier: Apache-2.0

#include "kernel/syscalls/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <memory>

#include "arch/abi/fcntl.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/locks.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

// A wait for a lock: the file lives on though its descriptor may be closed, and
// the wait is known to those who look for circles.
struct LockWait : CallScratch {
  LockWait(FileRef file, const FileLock& wanted)
      : file(std::move(file)), waiter(this->file->inode().locks(), wanted) {}
  ~LockWait() override {
    if (waits != nullptr) waits->Remove(waiter.wanted().owner, holder);
  }
  const FileRef file;
  const LockWaiter waiter;
  LockWaits* waits = nullptr;
  LockOwner holder = nullptr;
};

Result<int64_t> BaseOf(FileDescription& file, int whence) {
  switch (whence) {
    case SEEK_SET:
      return int64_t{0};
    case SEEK_CUR:
      return static_cast<int64_t>(file.offset);
    case SEEK_END:
      return static_cast<int64_t>(file.inode().Size());
    default:
      return Errno(EINVAL);
  }
}

// The range of a struct flock. EINVAL, EOVERFLOW.
Result<> SetRange(FileDescription& file, const abi::flock& flock,
                  FileLock* lock) {
  const int64_t base = TRY(BaseOf(file, flock.l_whence));
  int64_t start;
  if (__builtin_add_overflow(base, flock.l_start, &start)) {
    return Errno(EOVERFLOW);
  }
  if (start < 0) return Errno(EINVAL);
  int64_t last = kLockEnd;
  if (flock.l_len > 0) {
    if (__builtin_add_overflow(start, flock.l_len - 1, &last)) {
      return Errno(EOVERFLOW);
    }
  } else if (flock.l_len < 0) {
    last = start - 1;
    if (__builtin_add_overflow(start, flock.l_len, &start) || start < 0) {
      return Errno(EINVAL);
    }
  }
  lock->start = static_cast<uint64_t>(start);
  lock->last = static_cast<uint64_t>(last);
  return {};
}

Result<int64_t> GetLock(Task& task, FileDescription& file, abi::flock flock,
                        const FileLock& wanted, GuestAddr arg) {
  const FileLock* held = file.inode().locks().FindConflict(wanted);
  if (held == nullptr) {
    flock.l_type = F_UNLCK;
  } else {
    flock.l_type = held->exclusive ? F_WRLCK : F_RDLCK;
    flock.l_whence = SEEK_SET;
    flock.l_start = static_cast<int64_t>(held->start);
    flock.l_len = held->last == kLockEnd
                      ? 0
                      : static_cast<int64_t>(held->last - held->start + 1);
    flock.l_pid = held->pid;
  }
  TRY(task.Write(UserPtr<abi::flock>(arg), flock));
  return int64_t{0};
}

// Waits for `holder` to give way.
Errno WaitForLock(Task& task, const FileRef& file, const FileLock& wanted,
                  LockOwner holder) {
  auto wait = std::make_unique<LockWait>(file, wanted);
  if (wanted.kind == FileLock::Kind::kProcess) {
    LockWaits& waits = task.kernel().subsystems().locks.waits;
    if (waits.WouldDeadlock(wanted.owner, holder)) return Errno(EDEADLK);
    waits.Add(wanted.owner, holder);
    wait->waits = &waits;
    wait->holder = holder;
  }
  task.pending().scratch = std::move(wait);
  task.WaitOn(file->inode().locks().wait_queue());
  return task.Block();
}

}  // namespace

Result<int64_t> FcntlLock(Task& task, Fd fd, const FileRef& file, int cmd,
                          GuestAddr arg) {
  // A wait that is over is no part of a circle any more.
  task.pending().scratch = nullptr;
  const auto flock = TRY(task.Read(UserPtr<const abi::flock>(arg)));
  const bool of_description =
      cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW;
  const bool get = cmd == F_GETLK || cmd == F_OFD_GETLK;
  const int type = flock.l_type;
  if (get && type != F_RDLCK && type != F_WRLCK) return Errno(EINVAL);
  FileLock lock;
  TRY(SetRange(*file, flock, &lock));
  if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK) {
    return Errno(EINVAL);
  }
  if (of_description && flock.l_pid != 0) return Errno(EINVAL);
  lock.exclusive = type == F_WRLCK;
  lock.kind =
      of_description ? FileLock::Kind::kDescription : FileLock::Kind::kProcess;
  lock.owner = of_description ? static_cast<LockOwner>(file.get())
                              : static_cast<LockOwner>(task.files.get());
  lock.pid = of_description ? -1 : task.process().pid();
  if (get) return GetLock(task, *file, flock, lock, arg);
  if (type == F_RDLCK && !file->readable()) return Errno(EBADF);
  if (type == F_WRLCK && !file->writable()) return Errno(EBADF);
  FileLocks& locks = task.kernel().subsystems().locks.Of(file->inode());
  if (type == F_UNLCK) {
    locks.Unset(lock.owner, lock.start, lock.last);
    return int64_t{0};
  }
  if (const FileLock* held = locks.FindConflict(lock)) {
    if (cmd != F_SETLKW && cmd != F_OFD_SETLKW) return Errno(EAGAIN);
    return WaitForLock(task, file, lock, held->owner);
  }
  // Another thread closed the descriptor while this one waited.
  if (task.files->Peek(fd) != file.get()) return Errno(EBADF);
  locks.Set(lock);
  return int64_t{0};
}

// flock(2).
Result<> sys_flock(Task& task, Fd fd, int operation) {
  if ((operation & LOCK_MAND) != 0) return Errno(EOPNOTSUPP);
  const int kind = operation & ~LOCK_NB;
  if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN) {
    return Errno(EINVAL);
  }
  const FileRef file = TRY(task.GetFile(fd));
  // A wait that is over is no wait any more.
  task.pending().scratch = nullptr;
  FileLocks& locks = task.kernel().subsystems().locks.Of(file->inode());
  if (kind == LOCK_UN) {
    locks.Unflock(file.get());
    return {};
  }
  if (!file->readable() && !file->writable()) return Errno(EBADF);
  const FileLock lock = {.kind = FileLock::Kind::kFlock,
                         .exclusive = kind == LOCK_EX,
                         .owner = file.get(),
                         .pid = task.process().pid()};
  Result<> locked = locks.Flock(lock);
  if (locked.ok() || (operation & LOCK_NB) != 0) return locked;
  task.pending().scratch = std::make_unique<LockWait>(file, lock);
  task.WaitOn(locks.wait_queue());
  return task.Block();
}

}  // namespace emu
