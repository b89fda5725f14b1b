// SPDX-License-Identifier: Apache-2.0
//
// Locks on files: flock(2)'s, and fcntl(2)'s record locks of processes (POSIX)
// and of open file descriptions, and its leases (lease.h has their rules).
// Owned by the inode; the LockTable knows of all inodes that have some.

#ifndef KERNEL_FS_LOCKS_H_
#define KERNEL_FS_LOCKS_H_

#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "arch/env.h"
#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/inode.h"
#include "kernel/wait_queue.h"

namespace emu {

class FileLocks;

// Whose a lock is: a table of descriptors (that is what Linux takes for a
// process here), or an open file description. Compared, never ordered by.
using LockOwner = const void*;

inline constexpr uint64_t kLockEnd = INT64_MAX;  // to the end, however far

struct FileLock {
  enum class Kind { kProcess, kDescription, kFlock, kLease };
  Kind kind = Kind::kProcess;
  bool exclusive = false;
  uint64_t start = 0;
  uint64_t last = kLockEnd;
  LockOwner owner = nullptr;
  Pid pid = 0;          // who took it; -1 for a description's
  uint64_t serial = 0;  // set when it is taken: later ones are greater
};

// A description that is told before others open its file.
struct Lease {
  FileLock lock;
  FileDescription* file;
  Fd fd;  // that the signal names
  // Someone waits for it to become a read lease, or to go; and when that is
  // done by force.
  bool downgrading = false;
  bool ending = false;
  Nanos downgrade_time = 0;
  Nanos end_time = 0;

  bool breaking() const { return downgrading || ending; }
};

// A task waits for a lock of that file; known for as long as this lives.
class LockWaiter {
 public:
  LockWaiter(FileLocks& locks, const FileLock& wanted);
  LockWaiter(const LockWaiter&) = delete;
  LockWaiter& operator=(const LockWaiter&) = delete;
  ~LockWaiter();

  const FileLock& wanted() const { return wanted_; }

 private:
  const InodeRef inode_;
  FileLocks& locks_;
  const FileLock wanted_;
};

class LockTable;

class FileLocks {
 public:
  explicit FileLocks(Inode& inode) : inode_(inode) {}
  FileLocks(const FileLocks&) = delete;
  FileLocks& operator=(const FileLocks&) = delete;
  ~FileLocks();

  // The first record lock of another owner that `wanted` cannot be beside; null
  // if there is none.
  const FileLock* FindConflict(const FileLock& wanted) const;
  // Replaces what its owner has in that range. No conflict is looked for.
  void Set(const FileLock& lock);
  void Unset(LockOwner owner, uint64_t start, uint64_t last);

  // flock(2) by a description: EAGAIN. One it had is given up first, unless it
  // is the same.
  Result<> Flock(const FileLock& lock);
  void Unflock(LockOwner file);

  // The description ended.
  void ReleaseFile(const FileDescription& file);
  // A table of descriptors closed one on this file: its process's locks end.
  void ReleaseOwner(LockOwner owner);

  // Woken when a lock was given up.
  WaitQueue& wait_queue() { return wait_; }

  // In order of their making.
  std::vector<Lease> leases;

 private:
  friend class LockTable;
  friend class LockWaiter;
  // Takes [start, last] out of the owner's locks; whether there were any.
  bool Cut(LockOwner owner, uint64_t start, uint64_t last);

  Inode& inode_;
  LockTable* table_ = nullptr;
  std::list<FileLocks*>::iterator place_;  // in the table
  std::vector<FileLock> records_;          // by start, then as they came
  std::vector<FileLock> flocks_;
  std::vector<const LockWaiter*> waiters_;  // as they came
  WaitQueue wait_;
};

// Which owners wait for which, to see circles of them.
class LockWaits {
 public:
  // Whether `owner` waiting for `holder` would close a circle.
  bool WouldDeadlock(LockOwner owner, LockOwner holder) const;
  void Add(LockOwner owner, LockOwner holder);
  void Remove(LockOwner owner, LockOwner holder);

 private:
  std::vector<std::pair<LockOwner, LockOwner>> waits_;
};

// One for all files, owned by the kernel's Subsystems.
class LockTable {
 public:
  LockTable() = default;
  LockTable(const LockTable&) = delete;
  LockTable& operator=(const LockTable&) = delete;
  ~LockTable();

  // The inode's locks, known here from now on: for those who take one.
  FileLocks& Of(Inode& inode);
  uint64_t NextSerial() { return next_serial_++; }
  // /proc/locks: the latest first, each with those who wait for it below it.
  std::string Describe() const;

  LockWaits waits;

 private:
  friend class FileLocks;
  std::list<FileLocks*> files_;
  uint64_t next_serial_ = 1;
};

}  // namespace emu

#endif  // KERNEL_FS_LOCKS_H_
