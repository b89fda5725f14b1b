// SPDX-License-Identifier: Apache-2.0
//
// Locks on files: flock(2)'s, and fcntl(2)'s record locks of processes (POSIX)
// and of open file descriptions. Owned by the inode.

#ifndef KERNEL_FS_LOCKS_H_
#define KERNEL_FS_LOCKS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/inode.h"
#include "kernel/wait_queue.h"

namespace emu {

// Whose a record lock is: a table of descriptors (that is what Linux takes for
// a process here), or an open file description. Compared, never ordered by.
using LockOwner = const void*;

struct RecordLock {
  uint64_t start = 0;
  uint64_t last = 0;  // the last byte, or INT64_MAX: to the end, however far
  bool exclusive = false;
  LockOwner owner = nullptr;
  Pid pid = 0;  // that F_GETLK shows; -1 for a description's
};

class FileLocks {
 public:
  FileLocks() = default;
  FileLocks(const FileLocks&) = delete;
  FileLocks& operator=(const FileLocks&) = delete;

  // The first lock of another owner that `wanted` cannot be beside; null if
  // there is none.
  const RecordLock* FindConflict(const RecordLock& wanted) const;
  // Replaces what its owner has in that range. No conflict is looked for.
  void Set(const RecordLock& lock);
  void Unset(LockOwner owner, uint64_t start, uint64_t last);

  // flock(2) by a description: EAGAIN. One it had is given up first, unless it
  // is the same.
  Result<> Flock(const FileDescription& file, bool exclusive);
  void Unflock(const FileDescription& file);

  // The description ended.
  void ReleaseFile(const FileDescription& file);
  // A table of descriptors closed one on this file: its process's locks end.
  void ReleaseOwner(LockOwner owner);

  // Woken when a lock was given up.
  WaitQueue& wait_queue() { return wait_; }

 private:
  struct HeldFlock {
    const FileDescription* file;
    bool exclusive;
  };
  // Takes [start, last] out of the owner's locks; whether there were any.
  bool Cut(LockOwner owner, uint64_t start, uint64_t last);

  std::vector<RecordLock> records_;  // by start, then as they came
  std::vector<HeldFlock> flocks_;
  WaitQueue wait_;
};

// Which owners wait for which, to see circles of them. One for all files, owned
// by the kernel's Subsystems.
class LockWaits {
 public:
  // Whether `owner` waiting for `holder` would close a circle.
  bool WouldDeadlock(LockOwner owner, LockOwner holder) const;
  void Add(LockOwner owner, LockOwner holder);
  void Remove(LockOwner owner, LockOwner holder);

 private:
  std::vector<std::pair<LockOwner, LockOwner>> waits_;
};

}  // namespace emu

#endif  // KERNEL_FS_LOCKS_H_
