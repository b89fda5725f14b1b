// SPDX-License-Identifier: Apache-2.0
//
// Sending signals.

#include <signal.h>

#include <climits>
#include <vector>

#include "arch/abi/signal.h"
#include "kernel/fs/pidfd.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/procfs/task_directory.h"
#include "kernel/signal/send.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

// As the sender itself says it: what a signal that was not queued with data
// carries.
Siginfo FromSender(const Task& task, int signo, int code) {
  return Siginfo::Kill(signo, code, task.process().pid(), task.creds->uid);
}

// EINVAL, EPERM. Signal 0 only asks.
Result<> Check(const Task& task, const Process& target, int signo) {
  if (signo < 0 || signo > kSignals) return Errno(EINVAL);
  if (!MaySignal(task, target, signo)) return Errno(EPERM);
  return {};
}

// Whoever was sent a signal runs before the sender goes on, as a sleeper that
// wakes does on Linux: what `kill -STOP` did can be seen when it is done.
void GiveWay(const Task& task, const Process& target) {
  if (&target != &task.process()) task.kernel().scheduler().RequestYield();
}

Result<> Kill(const Task& task, Process& target, const Siginfo& info,
              int signo) {
  TRY(Check(task, target, signo));
  if (signo == 0) return {};
  GiveWay(task, target);
  return SendToProcess(target, info);
}

Result<> KillGroup(Task& task, Pid pgid, int signo) {
  const Siginfo info = FromSender(task, signo, SI_USER);
  bool sent = false;
  Errno error(ESRCH);
  for (const auto& [pid, process] : task.kernel().pids().processes()) {
    if (process->pgid != pgid) continue;
    const Result<> result = Kill(task, *process, info, signo);
    if (result.ok()) {
      sent = true;
    } else {
      error = result.error();
    }
  }
  if (!sent) return error;
  return {};
}

// kill(-1): everybody but init and the caller.
Result<> KillAll(Task& task, int signo) {
  const Siginfo info = FromSender(task, signo, SI_USER);
  bool any = false;
  Result<> last;
  for (const auto& [pid, process] : task.kernel().pids().processes()) {
    if (process->parent == nullptr || process.get() == &task.process()) {
      continue;
    }
    any = true;
    const Result<> result = Kill(task, *process, info, signo);
    if (result.ok() || result.error() != Errno(EPERM)) last = result;
  }
  if (!any) return Errno(ESRCH);
  return last;
}

// One thread; `tgid` 0: of whatever process.
Result<> KillThread(Task& task, Pid tgid, Pid tid, int signo,
                    const Siginfo& info) {
  Task* target = task.kernel().pids().FindTask(tid);
  if (target == nullptr || (tgid != 0 && target->process().pid() != tgid)) {
    return Errno(ESRCH);
  }
  TRY(Check(task, target->process(), signo));
  if (signo == 0) return {};
  GiveWay(task, target->process());
  return SendToTask(*target, info);
}

// Only to oneself may a program say that a signal came from the kernel, kill or
// tkill.
Result<Siginfo> ReadInfo(Task& task, Pid target, int signo,
                         UserPtr<const abi::siginfo> uinfo) {
  Siginfo info(TRY(task.Read(uinfo.As<const SiginfoBytes>())));
  info.Set<int32_t>(0, signo);
  const bool forged = info.code() >= 0 || info.code() == SI_TKILL;
  if (forged && target != task.process().pid() && target != task.tid()) {
    return Errno(EPERM);
  }
  return info;
}

Result<> Queue(Task& task, Process& target, int signo, const Siginfo& info) {
  // What says that it comes from the kernel needs no permission.
  if (info.code() > 0) {
    if (signo < 0 || signo > kSignals) return Errno(EINVAL);
    return signo == 0 ? Result<>() : SendToProcess(target, info);
  }
  return Kill(task, target, info, signo);
}

// pidfd_send_signal(2)'s flags: whom the signal is for.
constexpr uint32_t kScopeThread = 1;   // PIDFD_SIGNAL_THREAD
constexpr uint32_t kScopeProcess = 2;  // PIDFD_SIGNAL_THREAD_GROUP
constexpr uint32_t kScopeGroup = 4;    // PIDFD_SIGNAL_PROCESS_GROUP
constexpr uint32_t kScopes = kScopeThread | kScopeProcess | kScopeGroup;

struct PidFdTarget {
  uint32_t scope = 0;
  Pid id = 0;
  Task* task = nullptr;  // null: it is gone
};

// Of a pidfd or, as before there were any, a process's directory in procfs. EBADF.
Result<PidFdTarget> TargetOfFile(Task& task, Fd fd) {
  const FileRef file = TRY(task.GetFile(fd));
  if (const auto* directory = FileAs<ProcessDirectoryFile>(*file)) {
    const TaskKey& leader = directory->leader();
    return PidFdTarget{kScopeProcess, leader.tid, leader.Find(task.kernel())};
  }
  const auto* pidfd = FileAs<PidFd>(*file);
  if (pidfd == nullptr) return Errno(EBADF);
  return PidFdTarget{pidfd->is_thread() ? kScopeThread : kScopeProcess,
                     pidfd->pid(), pidfd->task()};
}

// EBADF. `scope` of 0: the usual one of such a descriptor.
Result<PidFdTarget> FindPidFdTarget(Task& task, Fd fd, uint32_t scope) {
  constexpr int kSelfThread = -10000;   // PIDFD_SELF_THREAD
  constexpr int kSelfProcess = -10001;  // PIDFD_SELF_THREAD_GROUP
  PidFdTarget target;
  if (fd.value == kSelfThread) {
    target = {kScopeThread, task.tid(), &task};
  } else if (fd.value == kSelfProcess) {
    target = {kScopeProcess, task.process().pid(), &task.process().leader()};
  } else {
    target = TRY(TargetOfFile(task, fd));
  }
  if (scope != 0) target.scope = scope;
  return target;
}

Result<> SendByPidFd(Task& task, const PidFdTarget& target,
                     const Siginfo& info, int signo) {
  if (target.scope == kScopeGroup) return KillGroup(task, target.id, signo);
  if (target.task == nullptr) return Errno(ESRCH);
  if (target.scope == kScopeThread) {
    return KillThread(task, 0, target.id, signo, info);
  }
  // Of a thread's process, only its leader's descriptor can speak.
  if (!target.task->IsLeader()) return Errno(ESRCH);
  return Queue(task, target.task->process(), signo, info);
}

}  // namespace

// kill(2).
Result<> sys_kill(Task& task, Pid pid, int signo) {
  if (pid == INT_MIN) return Errno(ESRCH);
  if (pid == -1) return KillAll(task, signo);
  if (pid <= 0) {
    return KillGroup(task, pid == 0 ? task.process().pgid : -pid, signo);
  }
  Task* target = task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  return Kill(task, target->process(), FromSender(task, signo, SI_USER), signo);
}

// tkill(2).
Result<> sys_tkill(Task& task, Pid tid, int signo) {
  if (tid <= 0) return Errno(EINVAL);
  return KillThread(task, 0, tid, signo, FromSender(task, signo, SI_TKILL));
}

// tgkill(2).
Result<> sys_tgkill(Task& task, Pid tgid, Pid tid, int signo) {
  if (tid <= 0 || tgid <= 0) return Errno(EINVAL);
  return KillThread(task, tgid, tid, signo, FromSender(task, signo, SI_TKILL));
}

// rt_sigqueueinfo(2).
Result<> sys_rt_sigqueueinfo(Task& task, Pid pid, int signo,
                             UserPtr<const abi::siginfo> uinfo) {
  const Siginfo info = TRY(ReadInfo(task, pid, signo, uinfo));
  Task* target = task.kernel().pids().FindTask(pid);
  if (target == nullptr) return Errno(ESRCH);
  return Queue(task, target->process(), signo, info);
}

// rt_tgsigqueueinfo(2).
Result<> sys_rt_tgsigqueueinfo(Task& task, Pid tgid, Pid tid, int signo,
                               UserPtr<const abi::siginfo> uinfo) {
  if (tid <= 0 || tgid <= 0) return Errno(EINVAL);
  const Siginfo info = TRY(ReadInfo(task, tid, signo, uinfo));
  return KillThread(task, tgid, tid, signo, info);
}

// pidfd_send_signal(2).
Result<> sys_pidfd_send_signal(Task& task, Fd fd, int signo,
                               UserPtr<const abi::siginfo> uinfo,
                               uint32_t flags) {
  if ((flags & ~kScopes) != 0 || (flags & (flags - 1)) != 0) {
    return Errno(EINVAL);
  }
  const PidFdTarget target = TRY(FindPidFdTarget(task, fd, flags));
  if (!uinfo) {
    const int code = target.scope == kScopeThread ? SI_TKILL : SI_USER;
    return SendByPidFd(task, target, FromSender(task, signo, code), signo);
  }
  const Siginfo info(TRY(task.Read(uinfo.As<const SiginfoBytes>())));
  if (info.signo() != signo) return Errno(EINVAL);
  const bool forged = info.code() >= 0 || info.code() == SI_TKILL;
  const bool own = target.id == task.tid() && target.scope != kScopeGroup;
  if (!own && forged) return Errno(EPERM);
  return SendByPidFd(task, target, info, signo);
}

}  // namespace emu
