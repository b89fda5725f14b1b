// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/lease.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "kernel/fs/async_io.h"
#include "kernel/fs/locks.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

// /proc/sys/fs/lease-break-time
constexpr Nanos kBreakTime = 45 * kNanosPerSecond;

// Someone waits for leases to be given up. It counts as having the file open
// already: what the holder may ask for instead depends on it.
struct BreakWait : CallScratch {
  BreakWait(FileLocks& locks, const FileLock& wanted, int& opens)
      : waiter(locks, wanted), opens(opens) {
    ++opens;
  }
  ~BreakWait() override { --opens; }
  const LockWaiter waiter;  // keeps the inode
  int& opens;
};

std::vector<Lease>::iterator FindLease(FileLocks& locks,
                                       const FileDescription& file) {
  return std::find_if(locks.leases.begin(), locks.leases.end(),
                      [&](const Lease& lease) { return lease.file == &file; });
}

// It is gone, and who was told of it with it.
void Remove(FileLocks& locks, std::vector<Lease>::iterator lease) {
  lease->file->owner = {};
  locks.leases.erase(lease);
  locks.wait_queue().Wake();
}

void Downgrade(FileLocks& locks, Lease& lease) {
  lease.lock.exclusive = false;
  lease.downgrading = false;
  locks.wait_queue().Wake();
}

// What holders did not do in time.
void ForceOverdue(FileLocks& locks, Nanos now) {
  for (size_t i = 0; i < locks.leases.size();) {
    Lease& lease = locks.leases[i];
    if (lease.downgrading && lease.downgrade_time <= now) {
      Downgrade(locks, lease);
    }
    if (lease.ending && lease.end_time <= now) {
      Remove(locks, locks.leases.begin() + i);
    } else {
      ++i;
    }
  }
}

// Whether others have the file open in a way that the lease rules out.
Result<> CheckOpens(const FileDescription& file, bool exclusive) {
  const Inode& inode = file.inode();
  if (!exclusive) return inode.write_count > 0 ? Errno(EAGAIN) : Result<>();
  const int own_writes = file.writable() ? 1 : 0;
  const int own_reads = file.readable() && !file.writable() ? 1 : 0;
  if (inode.write_count != own_writes || inode.read_count != own_reads) {
    return Errno(EAGAIN);
  }
  return {};
}

Result<> Take(Task& task, Fd fd, FileDescription& file, bool exclusive) {
  LockTable& table = task.kernel().subsystems().locks;
  FileLocks& locks = table.Of(file.inode());
  TRY(CheckOpens(file, exclusive));
  for (const Lease& lease : locks.leases) {
    if (lease.file == &file) continue;
    if (exclusive || lease.ending) return Errno(EAGAIN);
  }
  auto own = FindLease(locks, file);
  if (own != locks.leases.end()) {
    own->lock.exclusive = exclusive;
    if (!exclusive) own->downgrading = false;
    locks.wait_queue().Wake();
    return {};
  }
  locks.leases.push_back({.lock = {.kind = FileLock::Kind::kLease,
                                   .exclusive = exclusive,
                                   .owner = &file,
                                   .pid = task.process().pid(),
                                   .serial = table.NextSerial()},
                          .file = &file,
                          .fd = fd});
  if (file.owner.id != 0) return {};
  return SetFileOwner(task, file, task.process().pid());
}

// Tells the holders that `breaker` conflicts with, each once.
void Announce(Task& task, FileLocks& locks, bool writes) {
  const Nanos until = task.clock().now() + kBreakTime;
  for (Lease& lease : locks.leases) {
    if (!lease.lock.exclusive && !writes) continue;
    if (writes ? lease.ending : lease.breaking()) continue;
    (writes ? lease.ending : lease.downgrading) = true;
    (writes ? lease.end_time : lease.downgrade_time) = until;
    TellOwner(task.kernel(), *lease.file, lease.fd, POLL_MSG);
  }
}

// The first lease in the way; null if there is none.
const Lease* InTheWay(const FileLocks& locks, bool writes) {
  for (const Lease& lease : locks.leases) {
    if (lease.lock.exclusive || writes) return &lease;
  }
  return nullptr;
}

}  // namespace

Result<> SetLease(Task& task, Fd fd, FileDescription& file, int type) {
  if (type != F_RDLCK && type != F_WRLCK && type != F_UNLCK) {
    return Errno(EINVAL);
  }
  Inode& inode = file.inode();
  if (inode.attr().uid != task.creds->fsuid && !task.creds->Has(CAP_LEASE)) {
    return Errno(EACCES);
  }
  if (!inode.IsRegular()) return Errno(EINVAL);
  FileLocks* locks = inode.existing_locks();
  if (locks != nullptr) ForceOverdue(*locks, task.clock().now());
  if (type != F_UNLCK) return Take(task, fd, file, type == F_WRLCK);
  if (locks == nullptr) return Errno(EAGAIN);
  auto lease = FindLease(*locks, file);
  if (lease == locks->leases.end()) return Errno(EAGAIN);
  Remove(*locks, lease);
  return {};
}

int GetLease(Task& task, FileDescription& file) {
  FileLocks* locks = file.inode().existing_locks();
  if (locks == nullptr) return F_UNLCK;
  ForceOverdue(*locks, task.clock().now());
  auto lease = FindLease(*locks, file);
  if (lease == locks->leases.end() || lease->ending) return F_UNLCK;
  if (lease->downgrading) return F_RDLCK;
  return lease->lock.exclusive ? F_WRLCK : F_RDLCK;
}

Result<> BreakLeases(Task& task, Inode& inode, int flags) {
  FileLocks* locks = inode.existing_locks();
  if (locks == nullptr || locks->leases.empty()) return {};
  // This call's own earlier wait is no open of the file.
  task.pending().scratch = nullptr;
  const bool writes = (flags & O_ACCMODE) != O_RDONLY;
  ForceOverdue(*locks, task.clock().now());
  if (InTheWay(*locks, writes) == nullptr) return {};
  Announce(task, *locks, writes);
  if ((flags & O_NONBLOCK) != 0) return Errno(EWOULDBLOCK);
  const Lease& lease = *InTheWay(*locks, writes);
  task.pending().deadline =
      lease.ending ? lease.end_time : lease.downgrade_time;
  task.pending().scratch = std::make_unique<BreakWait>(
      *locks,
      FileLock{.kind = FileLock::Kind::kLease,
               .exclusive = writes,
               .pid = task.process().pid()},
      writes ? inode.write_count : inode.read_count);
  task.WaitOn(locks->wait_queue());
  return task.Block();
}

}  // namespace emu
