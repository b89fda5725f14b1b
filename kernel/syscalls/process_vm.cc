// SPDX-License-Identifier: Apache-2.0
//
// Other processes' memory: process_vm_readv(2), process_vm_writev(2) and
// process_madvise(2).

#include <limits.h>
#include <sys/mman.h>

#include <algorithm>
#include <vector>

#include "arch/abi/uio.h"
#include "kernel/fs/pidfd.h"
#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/pid_namespace.h"
#include "kernel/process.h"
#include "kernel/ptrace_access.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

using Vectors = std::vector<abi::iovec>;

Result<Vectors> ReadVectors(Task& task, UserPtr<const abi::iovec> from,
                            uint64_t count) {
  if (count > IOV_MAX) return Errno(EINVAL);
  Vectors vectors = TRY(task.ReadArray(from, count));
  for (const abi::iovec& v : vectors) {
    if (static_cast<int64_t>(v.iov_len) < 0) return Errno(EINVAL);
  }
  return vectors;
}

// The task of a process whose memory is copied. ESRCH, EPERM.
Result<Task*> FindTarget(Task& task, Pid pid) {
  Task* target = task.kernel().pids().FindTask(pid);
  if (target == nullptr || target->mm == nullptr) return Errno(ESRCH);
  if (!MayInspect(task, *target)) return Errno(EPERM);
  return target;
}

// One stretch of the other's memory to or from `local`, which says how much it
// took by moving on. False: it ended early.
Result<bool> CopyStretch(MemoryMap& other, const abi::iovec& remote,
                         IovIter& local, bool write) {
  std::vector<char> buffer(std::min<uint64_t>(remote.iov_len, 64 << 10));
  uint64_t done = 0;
  while (done < remote.iov_len && local.remaining() > 0) {
    const GuestAddr at = remote.iov_base + done;
    const size_t want = std::min<uint64_t>(
        {buffer.size(), remote.iov_len - done, local.remaining()});
    if (write) {
      const uint64_t before = local.done();
      const size_t got = TRY(local.Get(buffer.data(), want));
      const size_t put = other.CopyOutPartial(at, buffer.data(), got);
      local.Rewind(before + put);
      done += put;
      if (put < want) return false;
    } else {
      const size_t got = other.CopyInPartial(buffer.data(), at, want);
      if (got > 0) TRY(local.Put(buffer.data(), got));
      done += got;
      if (got < want) return false;
    }
  }
  return true;
}

Result<size_t> Copy(Task& task, Pid pid, UserPtr<const abi::iovec> local_from,
                    uint64_t local_count, UserPtr<const abi::iovec> remote_from,
                    uint64_t remote_count, uint64_t flags, bool write) {
  if (flags != 0) return Errno(EINVAL);
  IovIter local = TRY(task.ReadIov(local_from.addr(), local_count));
  if (local.remaining() == 0) return 0;
  const Vectors remote = TRY(ReadVectors(task, remote_from, remote_count));
  uint64_t wanted = 0;
  for (const abi::iovec& v : remote) wanted += v.iov_len;
  if (wanted == 0) return 0;
  Task* target = TRY(FindTarget(task, pid));
  for (const abi::iovec& stretch : remote) {
    const Result<bool> whole = CopyStretch(*target->mm, stretch, local, write);
    if (!whole.ok() || !*whole) {
      if (local.done() == 0) return Errno(EFAULT);
      break;
    }
  }
  return local.done();
}

// What may be said of another's memory.
bool MayAdviseOthers(int advice) {
  return advice == MADV_COLD || advice == MADV_PAGEOUT ||
         advice == MADV_WILLNEED || advice == 25 /* MADV_COLLAPSE */;
}

}  // namespace

// process_vm_readv(2).
Result<size_t> sys_process_vm_readv(Task& task, Pid pid,
                                    UserPtr<const abi::iovec> local,
                                    uint64_t local_count,
                                    UserPtr<const abi::iovec> remote,
                                    uint64_t remote_count, uint64_t flags) {
  return Copy(task, pid, local, local_count, remote, remote_count, flags,
              false);
}

// process_vm_writev(2).
Result<size_t> sys_process_vm_writev(Task& task, Pid pid,
                                     UserPtr<const abi::iovec> local,
                                     uint64_t local_count,
                                     UserPtr<const abi::iovec> remote,
                                     uint64_t remote_count, uint64_t flags) {
  return Copy(task, pid, local, local_count, remote, remote_count, flags, true);
}

// process_madvise(2).
Result<size_t> sys_process_madvise(Task& task, Fd pidfd,
                                   UserPtr<const abi::iovec> from,
                                   uint64_t count, int advice, uint32_t flags) {
  if (flags != 0) return Errno(EINVAL);
  const Vectors vectors = TRY(ReadVectors(task, from, count));
  const auto file = TRY(GetPidFd(task, pidfd));
  Task* target =
      file->process() == nullptr ? nullptr : file->process()->LiveTask();
  if (target == nullptr || target->mm == nullptr) return Errno(ESRCH);
  if (!MayAdviseOthers(advice)) return Errno(EINVAL);
  if (!MayInspect(task, *target)) return Errno(EPERM);
  size_t done = 0;
  for (const abi::iovec& v : vectors) {
    const uint64_t length = PageUp(v.iov_len);
    if (v.iov_base % kPageSize != 0) return Errno(EINVAL);
    if (!target->mm->InRange(v.iov_base, length)) return Errno(ENOMEM);
    const Result<> advised = target->mm->Advise(v.iov_base, length, advice);
    if (!advised.ok()) {
      if (done == 0) return advised.error();
      break;
    }
    done += v.iov_len;
  }
  return done;
}

}  // namespace emu
