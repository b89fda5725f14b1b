// SPDX-License-Identifier: Apache-2.0

#include <linux/capability.h>
#include <sched.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "kernel/fs/pidfd.h"
#include "kernel/kernel.h"
#include "kernel/mm/shared_segment.h"
#include "kernel/process.h"
#include "kernel/process_life.h"
#include "kernel/signal/mask.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kClearSighand = 0x100000000;  // CLONE_CLEAR_SIGHAND
constexpr int kDeadline = 6;                     // SCHED_DEADLINE

// RLIMIT_NPROC counts the user's tasks.
Result<> CheckProcessLimit(Task& creator) {
  const Credentials& creds = *creator.creds;
  const uint64_t limit = creator.process().limit(RLIMIT_NPROC);
  if (limit == RLIM64_INFINITY || creds.uid == 0 || creds.Has(CAP_SYS_ADMIN) ||
      creds.Has(CAP_SYS_RESOURCE)) {
    return {};
  }
  uint64_t count = 0;
  for (const auto& [pid, process] : creator.kernel().pids().processes()) {
    for (const std::unique_ptr<Task>& task : process->tasks) {
      if (task->creds->uid == creds.uid) ++count;
    }
  }
  if (count >= limit) return Errno(EAGAIN);
  return {};
}

// The memory and registers of the new task.
Result<Machine::Guest> MakeGuest(Task& creator, uint64_t flags) {
  Machine& machine = creator.kernel().machine();
  if ((flags & CLONE_VM) == 0) {
    return machine.Fork(creator.mm->space(), creator.cpu());
  }
  Machine::Guest guest;
  guest.memory = creator.mm->space_ref();
  guest.cpu = TRY(machine.NewThread(guest.memory, creator.cpu()));
  return guest;
}

std::shared_ptr<SignalHandlers> InheritHandlers(const Process& from,
                                                uint64_t flags) {
  if ((flags & CLONE_SIGHAND) != 0) return from.handlers;
  auto handlers = std::make_shared<SignalHandlers>(*from.handlers);
  if ((flags & kClearSighand) != 0) {
    for (SignalAction& action : handlers->actions) {
      const bool ignored = action.handler == kHandlerIgnore;
      action = {.handler = ignored ? kHandlerIgnore : kHandlerDefault};
    }
  }
  return handlers;
}

Process& NewProcessLike(Task& creator, Pid pid, const CloneRequest& request) {
  Process& from = creator.process();
  const bool sibling = (request.flags & CLONE_PARENT) != 0;
  Process& process = creator.kernel().pids().NewProcess(
      pid, sibling ? from.parent : &from);
  process.parent_task = sibling ? from.parent_task : &creator;
  process.pgid = from.pgid;
  process.session = from.session;
  process.exit_signal = sibling ? from.exit_signal : request.exit_signal;
  process.handlers = InheritHandlers(from, request.flags);
  process.limits = from.limits;
  ArmCpuLimit(process);
  process.oom_score_adj = from.oom_score_adj;
  process.coredump_filter = from.coredump_filter;
  return process;
}

void InheritFromTask(Task& task, const Task& creator,
                     const CloneRequest& request) {
  const uint64_t flags = request.flags;
  task.files =
      (flags & CLONE_FILES) != 0 ? creator.files : creator.files->Copy();
  task.fs = (flags & CLONE_FS) != 0 ? creator.fs
                                    : std::make_shared<FsContext>(*creator.fs);
  task.creds = creator.creds;
  task.comm = creator.comm;
  InheritSignalMask(task, creator.signal_mask());
  if ((flags & (CLONE_VM | CLONE_VFORK)) != CLONE_VM) {
    task.altstack = creator.altstack;
  }
  if ((flags & CLONE_CHILD_CLEARTID) != 0) {
    task.clear_child_tid = request.child_tid;
  }
  task.affinity = creator.affinity;
  task.nice = creator.nice;
  task.io_priority = creator.io_priority;
  if (!creator.sched_reset_on_fork) {
    task.sched_policy = creator.sched_policy;
    task.sched_priority = creator.sched_priority;
    task.sched_attributes = creator.sched_attributes;
  } else {
    task.nice = std::max(task.nice, 0);
  }
  task.timer_slack = creator.timer_slack;
  task.personality = creator.personality;
  task.memory_policy = creator.memory_policy;
  task.memory_policy_node = creator.memory_policy_node;
  task.dumpable = creator.dumpable;
  task.seccomp_mode = creator.seccomp_mode;
  task.seccomp_filters = creator.seccomp_filters;
  task.start_time = creator.kernel().clock().now();
}

void SetRegisters(Task& task, const CloneRequest& request) {
  task.cpu().SetResult(0);
  if (request.stack != 0) task.cpu().SetStack(request.stack);
  if ((request.flags & CLONE_SETTLS) != 0) task.cpu().SetTls(request.tls);
}

Task& NewTask(Task& creator, Pid tid, Machine::Guest guest,
              const CloneRequest& request) {
  Kernel& kernel = creator.kernel();
  Process& process = (request.flags & CLONE_THREAD) != 0
                         ? creator.process()
                         : NewProcessLike(creator, tid, request);
  process.tasks.push_back(
      std::make_unique<Task>(process, tid, std::move(guest.cpu)));
  Task& task = *process.tasks.back();
  kernel.pids().AddTask(task);
  task.mm = (request.flags & CLONE_VM) != 0
                ? creator.mm
                : std::shared_ptr<MemoryMap>(
                      creator.mm->Fork(std::move(guest.memory)));
  if ((request.flags & CLONE_VM) == 0) {
    NoteAttached(kernel.subsystems().segments, *task.mm,
                 creator.process().pid(), kernel.clock().realtime());
  }
  InheritFromTask(task, creator, request);
  SetRegisters(task, request);
  return task;
}

// Makes the descriptor of CLONE_PIDFD and tells its number.
Result<std::shared_ptr<PidFd>> OpenPidFd(Task& creator, int flags,
                                         GuestAddr where, Fd* fd) {
  std::shared_ptr<PidFd> file = NewPidFd(creator, flags);
  *fd = TRY(creator.AddFd(file, /*cloexec=*/true));
  const Result<> written = creator.Write(UserPtr<Fd>(where), *fd);
  if (!written.ok()) {
    (void)creator.files->Remove(*fd).ok();
    return written.error();
  }
  return file;
}

// Everything that can fail.
struct Parts {
  Pid tid = 0;
  std::shared_ptr<PidFd> pidfd;
  Machine::Guest guest;
};

Result<Parts> MakeParts(Task& creator, const CloneRequest& request) {
  Kernel& kernel = creator.kernel();
  Parts parts;
  parts.tid = TRY(kernel.pids().NewId());
  absl::Cleanup release = [&] { kernel.pids().ReleaseId(parts.tid); };
  Fd fd;
  if ((request.flags & CLONE_PIDFD) != 0) {
    const bool thread = (request.flags & CLONE_THREAD) != 0;
    parts.pidfd = TRY(
        OpenPidFd(creator, thread ? kPidfdThread : 0, request.pidfd, &fd));
  }
  Result<Machine::Guest> guest = MakeGuest(creator, request.flags);
  if (!guest.ok()) {
    if (parts.pidfd != nullptr) (void)creator.files->Remove(fd).ok();
    return guest.error();
  }
  parts.guest = guest.Take();
  std::move(release).Cancel();
  return parts;
}

}  // namespace

Result<Pid> Clone(Task& creator, const CloneRequest& request) {
  Kernel& kernel = creator.kernel();
  TRY(CheckProcessLimit(creator));
  // A promise of processor time cannot be made twice.
  if (creator.sched_policy == kDeadline && !creator.sched_reset_on_fork) {
    return Errno(EAGAIN);
  }
  Parts parts = TRY(MakeParts(creator, request));
  const Pid tid = parts.tid;
  Task& task = NewTask(creator, tid, std::move(parts.guest), request);
  if (parts.pidfd != nullptr) {
    (request.flags & CLONE_THREAD) != 0
        ? parts.pidfd->AttachThread(task)
        : parts.pidfd->Attach(task.process());
  }
  // A bad address does not undo what has been made: Linux ignores it as well.
  if ((request.flags & CLONE_PARENT_SETTID) != 0) {
    (void)creator.Write(UserPtr<Pid>(request.parent_tid), tid).ok();
  }
  if ((request.flags & CLONE_CHILD_SETTID) != 0) {
    (void)task.Write(UserPtr<Pid>(request.child_tid), tid).ok();
  }
  if ((request.flags & CLONE_VFORK) != 0) task.vfork_parent = &creator;
  kernel.Emit(Event::Kind::kSpawn, creator, tid, request.flags);
  kernel.scheduler().Add(task);
  return tid;
}

}  // namespace emu
