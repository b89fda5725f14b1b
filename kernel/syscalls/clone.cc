// SPDX-License-Identifier: Apache-2.0
//
// New threads and processes: clone(2), fork(2), vfork(2).

#include <sched.h>

#include <algorithm>
#include <climits>
#include <cstring>
#include <memory>

#include "arch/abi/clone.h"
#include "arch/page_store.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/process_life.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/struct_in.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kExitSignal = 0xff;              // CSIGNAL
constexpr uint64_t kDetached = 0x00400000;          // CLONE_DETACHED
constexpr uint64_t kClearSighand = 0x100000000;     // CLONE_CLEAR_SIGHAND
constexpr uint64_t kIntoCgroup = 0x200000000;       // CLONE_INTO_CGROUP
constexpr uint64_t kNewTime = 0x80;                 // CLONE_NEWTIME
constexpr uint64_t kNamespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET |
                                 CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER |
                                 CLONE_NEWUTS;
constexpr uint64_t kMaxPidLevels = 32;  // MAX_PID_NS_LEVEL

// The task that a vfork made.
struct VforkScratch : CallScratch {
  Pid tid = 0;
};

// Until the child has left the memory that it shares with `task`.
Result<Pid> WaitForVfork(Task& task, Pid tid) {
  Task* child = task.kernel().pids().FindTask(tid);
  if (child == nullptr || child->vfork_parent != &task) return tid;
  task.pending().killable_only = true;
  task.WaitOn(child->vfork_done);
  return task.Block();
}

bool HasAll(uint64_t flags, uint64_t all) { return (flags & all) == all; }

// What flags may go together: copy_process's rules, in its order.
Result<> CheckFlags(const Task& task, uint64_t flags) {
  if (HasAll(flags, CLONE_NEWNS | CLONE_FS) ||
      HasAll(flags, CLONE_NEWUSER | CLONE_FS)) {
    return Errno(EINVAL);
  }
  if ((flags & CLONE_THREAD) != 0 && (flags & CLONE_SIGHAND) == 0) {
    return Errno(EINVAL);
  }
  if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0) {
    return Errno(EINVAL);
  }
  if ((flags & CLONE_PARENT) != 0 && task.process().parent == nullptr) {
    return Errno(EINVAL);
  }
  if ((flags & CLONE_THREAD) != 0 &&
      (flags & (CLONE_NEWUSER | CLONE_NEWPID)) != 0) {
    return Errno(EINVAL);
  }
  if (HasAll(flags, CLONE_PIDFD | kDetached)) return Errno(EINVAL);
  if ((flags & kNamespaces) != 0) return Errno(EPERM);
  return {};
}

Result<Pid> DoClone(Task& task, const CloneRequest& request) {
  if (task.pending().rerun) {
    return WaitForVfork(
        task, static_cast<VforkScratch&>(*task.pending().scratch).tid);
  }
  TRY(CheckFlags(task, request.flags));
  // As arch_prctl(2) says of such a thread pointer.
  if ((request.flags & CLONE_SETTLS) != 0 &&
      request.tls >= task.mm->space().highest()) {
    return Errno(EPERM);
  }
  const Pid tid = TRY(Clone(task, request));
  if ((request.flags & CLONE_VFORK) == 0) return tid;
  auto scratch = std::make_unique<VforkScratch>();
  scratch->tid = tid;
  task.pending().scratch = std::move(scratch);
  return WaitForVfork(task, tid);
}

bool IsValidStack(const Task& task, const abi::clone_args& args) {
  if (args.stack == 0) return args.stack_size == 0;
  const GuestAddr highest = task.mm->space().highest();
  return args.stack_size != 0 && args.stack < highest &&
         args.stack_size <= highest - args.stack;
}

Result<> CheckSetTid(Task& task, const abi::clone_args& args) {
  if (args.set_tid_size == 0) return {};
  (void)TRY(task.Read(UserPtr<const Pid>(args.set_tid)));
  return Errno(EPERM);
}

// clone3's own rules, in its order.
Result<> CheckArgs(Task& task, const abi::clone_args& args, uint64_t size) {
  constexpr uint64_t kKnown = 0xffffffff | kClearSighand | kIntoCgroup;
  if (args.set_tid_size > kMaxPidLevels) return Errno(EINVAL);
  if ((args.set_tid == 0) != (args.set_tid_size == 0)) return Errno(EINVAL);
  if ((args.exit_signal & ~kExitSignal) != 0 || args.exit_signal > kSignals) {
    return Errno(EINVAL);
  }
  if ((args.flags & kIntoCgroup) != 0 &&
      (args.cgroup > INT_MAX || size < sizeof(args))) {
    return Errno(EINVAL);
  }
  TRY(CheckSetTid(task, args));
  if ((args.flags & ~kKnown) != 0) return Errno(EINVAL);
  if ((args.flags & (kDetached | (kExitSignal & ~kNewTime))) != 0) {
    return Errno(EINVAL);
  }
  if (HasAll(args.flags, CLONE_SIGHAND | kClearSighand)) return Errno(EINVAL);
  if ((args.flags & (CLONE_THREAD | CLONE_PARENT)) != 0 &&
      args.exit_signal != 0) {
    return Errno(EINVAL);
  }
  if (!IsValidStack(task, args)) return Errno(EINVAL);
  // There are no control groups that a descriptor could name, nor clocks of
  // one's own.
  if ((args.flags & kIntoCgroup) != 0) return Errno(EBADF);
  if ((args.flags & kNewTime) != 0) return Errno(EPERM);
  return {};
}

}  // namespace

// clone(2).
Result<Pid> sys_clone(Task& task, uint64_t flags, GuestAddr stack,
                      UserPtr<Pid> parent_tid, UserPtr<Pid> child_tid,
                      GuestAddr tls) {
  CloneRequest request;
  request.flags = flags & 0xffffffff & ~kExitSignal;
  request.exit_signal = static_cast<int>(flags & kExitSignal);
  request.stack = stack;
  request.tls = tls;
  request.parent_tid = request.pidfd = parent_tid.addr();
  request.child_tid = child_tid.addr();
  if (HasAll(flags, CLONE_PIDFD | CLONE_PARENT_SETTID)) return Errno(EINVAL);
  return DoClone(task, request);
}

// clone3(2).
Result<Pid> sys_clone3(Task& task, UserPtr<const abi::clone_args> uargs,
                       size_t size) {
  if (task.pending().rerun) return DoClone(task, {});
  if (size > kPageSize) return Errno(E2BIG);
  if (size < 64) return Errno(EINVAL);
  abi::clone_args args = TRY(ReadStruct(task, uargs, size));
  TRY(CheckArgs(task, args, size));
  CloneRequest request;
  request.flags = args.flags;
  request.exit_signal = static_cast<int>(args.exit_signal);
  request.stack = args.stack == 0 ? 0 : args.stack + args.stack_size;
  request.tls = args.tls;
  request.parent_tid = args.parent_tid;
  request.child_tid = args.child_tid;
  request.pidfd = args.pidfd;
  return DoClone(task, request);
}

// fork(2).
Result<Pid> sys_fork(Task& task) {
  CloneRequest request;
  request.exit_signal = SIGCHLD;
  return DoClone(task, request);
}

// vfork(2).
Result<Pid> sys_vfork(Task& task) {
  CloneRequest request;
  request.flags = CLONE_VFORK | CLONE_VM;
  request.exit_signal = SIGCHLD;
  return DoClone(task, request);
}

// unshare(2). Namespaces are for those who may make them, and nobody may.
Result<> sys_unshare(Task& task, uint64_t flags) {
  constexpr uint64_t kOwn = CLONE_THREAD | CLONE_FS | CLONE_SIGHAND | CLONE_VM |
                            CLONE_FILES | CLONE_SYSVSEM;
  if ((flags & ~(kOwn | kNamespaces | kNewTime)) != 0) return Errno(EINVAL);
  // What cannot be taken apart: threads, and memory that others use.
  if ((flags & (CLONE_THREAD | CLONE_SIGHAND | CLONE_VM)) != 0 &&
      task.process().tasks.size() > 1) {
    return Errno(EINVAL);
  }
  if ((flags & (CLONE_SIGHAND | CLONE_VM)) != 0 &&
      task.process().handlers.use_count() > 1) {
    return Errno(EINVAL);
  }
  if ((flags & CLONE_VM) != 0 && task.mm.use_count() > 1) return Errno(EINVAL);
  if ((flags & (kNamespaces | kNewTime)) != 0) return Errno(EPERM);
  if ((flags & CLONE_FILES) != 0 && task.files.use_count() > 1) {
    task.files = task.files->Copy();
  }
  if ((flags & CLONE_FS) != 0 && task.fs.use_count() > 1) {
    task.fs = std::make_shared<FsContext>(*task.fs);
  }
  return {};
}

// setns(2). There is one namespace of each kind, and everybody is in it.
Result<> sys_setns(Task& task, Fd fd, int) {
  (void)TRY(task.GetFile(fd));
  return Errno(EINVAL);
}

}  // namespace emu
