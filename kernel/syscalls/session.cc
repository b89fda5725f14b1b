// SPDX-License-Identifier: Apache-2.0
//
// Process groups and sessions.

#include <linux/capability.h>

#include <memory>

#include "kernel/dev/terminal.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

bool LeadsSession(const Process& process) {
  return process.session->sid == process.pid();
}

// The process that `pid` means; 0 is the caller's. ESRCH.
Result<Process*> Find(Task& task, Pid pid) {
  if (pid == 0) return &task.process();
  Task* found = task.kernel().pids().FindTask(pid);
  if (found == nullptr) return Errno(ESRCH);
  return &found->process();
}

// Whether a process of the caller's session is in the group.
bool GroupInSession(Task& task, Pid pgid) {
  for (const auto& [pid, process] : task.kernel().pids().processes()) {
    if (process->pgid == pgid) {
      return process->session->sid == task.process().session->sid;
    }
  }
  return false;
}

// The process whose group setpgid may change.
Result<Process*> FindToMove(Task& task, Pid pid) {
  Process& self = task.process();
  Task* found = task.kernel().pids().FindTask(pid);
  if (found == nullptr) return Errno(ESRCH);
  if (!found->IsLeader()) return Errno(EINVAL);
  Process& process = found->process();
  if (process.parent == &self) {
    if (process.session->sid != self.session->sid) return Errno(EPERM);
    if (process.has_execed) return Errno(EACCES);
  } else if (&process != &self) {
    return Errno(ESRCH);
  }
  if (LeadsSession(process)) return Errno(EPERM);
  return &process;
}

}  // namespace

// getpgrp(2).
Result<Pid> sys_getpgrp(Task& task) { return task.process().pgid; }

// getpgid(2).
Result<Pid> sys_getpgid(Task& task, Pid pid) {
  const Process* process = TRY(Find(task, pid));
  return process->pgid;
}

// setpgid(2).
Result<> sys_setpgid(Task& task, Pid pid, Pid pgid) {
  if (pid == 0) pid = task.process().pid();
  if (pgid == 0) pgid = pid;
  if (pgid < 0) return Errno(EINVAL);
  Process* process = TRY(FindToMove(task, pid));
  if (pgid != pid && !GroupInSession(task, pgid)) return Errno(EPERM);
  process->pgid = pgid;
  return {};
}

// getsid(2).
Result<Pid> sys_getsid(Task& task, Pid pid) {
  const Process* process = TRY(Find(task, pid));
  return process->session->sid;
}

// setsid(2).
Result<Pid> sys_setsid(Task& task) {
  Process& process = task.process();
  if (LeadsSession(process) ||
      task.kernel().pids().GroupExists(process.pid())) {
    return Errno(EPERM);
  }
  process.session = std::make_shared<Session>(Session{.sid = process.pid()});
  process.pgid = process.pid();
  return process.pid();
}

// vhangup(2).
Result<> sys_vhangup(Task& task) {
  if (!task.creds->Has(CAP_SYS_TTY_CONFIG)) return Errno(EPERM);
  const std::shared_ptr<Terminal> terminal = task.process().session->terminal;
  if (terminal != nullptr) terminal->HangUp();
  return {};
}

}  // namespace emu
