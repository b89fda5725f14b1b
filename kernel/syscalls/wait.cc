// SPDX-License-Identifier: Apache-2.0

#include <sys/wait.h>

#include <climits>
#include <optional>

#include "arch/abi/resource.h"
#include "arch/abi/signal.h"
#include "kernel/fs/pidfd.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/resource_usage.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr int kNoThread = 0x20000000;  // __WNOTHREAD
constexpr int kAll = 0x40000000;       // __WALL
constexpr int kClone = static_cast<int>(0x80000000);  // __WCLONE
constexpr int kContinuedStatus = 0xffff;

// Whom a call waits for, and for what.
struct Query {
  idtype_t type = P_ALL;
  Pid id = 0;
  int options = 0;  // with WEXITED always spelled out
};

struct Found {
  Pid pid = 0;
  Uid uid = 0;
  int code = 0;    // CLD_*
  int status = 0;  // wait(2)'s status word
  abi::rusage usage = {};
};

bool Matches(const Task& task, const Process& child, const Query& query) {
  if (query.type == P_PID && child.pid() != query.id) return false;
  if (query.type == P_PGID && child.pgid != query.id) return false;
  if ((query.options & kNoThread) != 0 && child.parent_task != &task) {
    return false;
  }
  if ((query.options & kAll) != 0) return true;
  return (child.exit_signal != SIGCHLD) == ((query.options & kClone) != 0);
}

int ExitCode(int status) {
  if (WIFEXITED(status)) return CLD_EXITED;
  return WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
}

// What `child` has to tell that the query asks for; told once, unless WNOWAIT.
std::optional<Found> Ask(Process& child, int options) {
  Found found;
  found.pid = child.pid();
  found.uid = child.leader().creds->uid;
  const bool keep = (options & WNOWAIT) != 0;
  if (child.zombie) {
    if ((options & WEXITED) == 0) return std::nullopt;
    found.code = ExitCode(child.exit_status);
    found.status = child.exit_status;
  } else if (child.stop_unreported && (options & WSTOPPED) != 0) {
    found.code = CLD_STOPPED;
    found.status = W_STOPCODE(child.stop_signal);
    if (!keep) child.stop_unreported = false;
  } else if (child.continue_unreported && (options & WCONTINUED) != 0) {
    found.code = CLD_CONTINUED;
    found.status = kContinuedStatus;
    if (!keep) child.continue_unreported = false;
  } else {
    return std::nullopt;
  }
  found.usage = UsageWithChildren(child);
  return found;
}

void ReapInto(Process& parent, Process& child) {
  parent.children_user_time += child.user_time() + child.children_user_time;
  parent.children_system_time +=
      child.system_time() + child.children_system_time;
  parent.ended_io.Add(child.io());
  child.kernel().pids().Reap(child);
}

// ECHILD: nobody to wait for. Pid 0 in what is found: nothing yet, and WNOHANG.
Result<Found> Wait(Task& task, const Query& query) {
  Process& process = task.process();
  bool any = false;
  for (Process* child : process.children) {
    if (!Matches(task, *child, query)) continue;
    any = true;
    std::optional<Found> found = Ask(*child, query.options);
    if (!found) continue;
    if (child->zombie && (query.options & WNOWAIT) == 0) {
      ReapInto(process, *child);
    }
    return *std::move(found);
  }
  if (!any) return Errno(ECHILD);
  if ((query.options & WNOHANG) != 0) return Found();
  task.WaitOn(process.child_changed);
  return task.Block();
}

// si_status: of an exit, the code; otherwise the signal.
int SiStatus(const Found& found) {
  switch (found.code) {
    case CLD_EXITED:
      return WEXITSTATUS(found.status);
    case CLD_STOPPED:
      return WSTOPSIG(found.status);
    case CLD_CONTINUED:
      return SIGCONT;
    default:
      return WTERMSIG(found.status);
  }
}

// waitid's own siginfo: no times.
Siginfo InfoOf(const Found& found) {
  if (found.pid == 0) return Siginfo();
  return Siginfo::Child(SIGCHLD, found.code, found.pid, found.uid,
                        SiStatus(found), 0, 0);
}

// waitid's P_PID, P_PGID, P_PIDFD. `nonblocking`: it is a pidfd that says EAGAIN
// instead of waiting.
Result<Query> ReadQuery(Task& task, int type, Pid id, bool* nonblocking) {
  Query query;
  switch (type) {
    case P_ALL:
      break;
    case P_PID:
      if (id <= 0) return Errno(EINVAL);
      query = {.type = P_PID, .id = id};
      break;
    case P_PGID:
      if (id < 0) return Errno(EINVAL);
      query = {.type = P_PGID, .id = id != 0 ? id : task.process().pgid};
      break;
    case P_PIDFD: {
      if (id < 0) return Errno(EINVAL);
      const std::shared_ptr<PidFd> file = TRY(GetPidFd(task, Fd{id}));
      // That of a process which has been reaped names nobody's child.
      query = {.type = P_PID,
               .id = file->process() != nullptr ? file->pid() : 0};
      *nonblocking = file->nonblocking();
      break;
    }
    default:
      return Errno(EINVAL);
  }
  return query;
}

}  // namespace

// wait4(2).
Result<Pid> sys_wait4(Task& task, Pid pid, UserPtr<int> status, int options,
                      UserPtr<abi::rusage> usage) {
  if ((options &
       ~(WNOHANG | WUNTRACED | WCONTINUED | kNoThread | kClone | kAll)) != 0) {
    return Errno(EINVAL);
  }
  if (pid == INT_MIN) return Errno(ESRCH);
  Query query;
  query.options = options | WEXITED;
  if (pid > 0) {
    query.type = P_PID;
    query.id = pid;
  } else if (pid != -1) {
    query.type = P_PGID;
    query.id = pid == 0 ? task.process().pgid : -pid;
  }
  const Found found = TRY(Wait(task, query));
  if (found.pid == 0) return 0;
  if (status) TRY(task.Write(status, found.status));
  if (usage) TRY(task.Write(usage, found.usage));
  return found.pid;
}

// waitid(2).
Result<> sys_waitid(Task& task, int type, Pid id, UserPtr<abi::siginfo> info,
                    int options, UserPtr<abi::rusage> usage) {
  if ((options & ~(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED |
                   kNoThread | kClone | kAll)) != 0 ||
      (options & (WEXITED | WSTOPPED | WCONTINUED)) == 0) {
    return Errno(EINVAL);
  }
  bool nonblocking = false;
  Query query = TRY(ReadQuery(task, type, id, &nonblocking));
  query.options = options | (nonblocking ? WNOHANG : 0);
  const Found found = TRY(Wait(task, query));
  if (found.pid == 0 && nonblocking && (options & WNOHANG) == 0) {
    return Errno(EAGAIN);
  }
  if (usage && found.pid != 0) TRY(task.Write(usage, found.usage));
  if (info) TRY(task.Write(info.As<SiginfoBytes>(), InfoOf(found).bytes()));
  return {};
}

}  // namespace emu
