// SPDX-License-Identifier: Apache-2.0

#include "kernel/process_life.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "kernel/dev/terminal.h"
#include "kernel/ipc/semaphores.h"
#include "kernel/kernel.h"
#include "kernel/mm/futex.h"
#include "kernel/mm/shared_segment.h"
#include "kernel/process.h"
#include "kernel/signal/job_control.h"
#include "kernel/signal/mask.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/signal/send.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// The last user of a descriptor table closes what is in it.
void CloseFiles(Task& task) {
  if (task.files != nullptr && task.files.use_count() == 1) {
    for (int fd = 0; fd < task.files->size(); ++fd) {
      const Result<FileRef> file = task.files->Remove(Fd{fd});
      if (file.ok()) (*file)->OnClose(task);
    }
  }
  task.files.reset();
}

// Children that this thread made are told that it is gone, and belong to
// another of its process from now on.
void LeaveChildren(Task& task) {
  Process& process = task.process();
  for (Process* child : process.children) {
    if (child->parent_task != &task) continue;
    child->parent_task = process.LiveTask();
    for (const std::unique_ptr<Task>& thread : child->tasks) {
      if (thread->parent_death_signal != 0) {
        (void)SendToProcess(*child, Siginfo::Kill(thread->parent_death_signal,
                                                  SI_USER, process.pid(),
                                                  task.creds->uid))
            .ok();
      }
    }
  }
}

// The end of one thread. Its object stays where it is.
void EndThread(Task& task) {
  Process& process = task.process();
  Kernel& kernel = task.kernel();
  task.StopWaiting();
  kernel.scheduler().Remove(task);
  LeaveMemory(task);
  CloseFiles(task);
  task.pending().active = false;
  task.pending().scratch.reset();
  task.set_state(Task::State::kDead);
  RetargetSignals(task, ~task.signal_mask());
  task.pending_signals.Discard(~SignalSet{0});
  process.dead_user_time += task.user_time;
  process.dead_system_time += task.system_time;
  process.ended_io.Add(task.io);
  task.io = {};
  LeaveChildren(task);
  task.mm.reset();
  task.fs.reset();
  task.cpu_ref().reset();
  task.seccomp_filters.reset();
  task.ended.Wake();
}

// Takes a dead thread out of its process and gives its id back.
void Remove(Task& task) {
  Process& process = task.process();
  Kernel& kernel = task.kernel();
  kernel.pids().RemoveTask(task);
  kernel.pids().ReleaseId(task.tid());
  const auto it =
      std::find_if(process.tasks.begin(), process.tasks.end(),
                   [&](const auto& owned) { return owned.get() == &task; });
  std::unique_ptr<Task> owned = std::move(*it);
  process.tasks.erase(it);
  kernel.Bury(std::move(owned));
}

// Ends all threads but `survivor`, and takes all but the leader out.
void EndThreads(Process& process, const Task* survivor) {
  std::vector<Task*> others;
  for (const std::unique_ptr<Task>& task : process.tasks) {
    if (task.get() != survivor) others.push_back(task.get());
  }
  for (Task* task : others) {
    if (task->state() != Task::State::kDead) {
      if (survivor != nullptr || !task->IsLeader()) {
        task->kernel().Emit(Event::Kind::kDeath, *task);
      }
      EndThread(*task);
    }
    if (!task->IsLeader()) Remove(*task);
  }
}

bool HasStoppedMember(Kernel& kernel, Pid pgid) {
  for (const auto& [pid, process] : kernel.pids().processes()) {
    if (process->pgid == pgid && process->stopped) return true;
  }
  return false;
}

// `process` ended (`parent` is its own) or lost `parent`: if its group has
// nobody left who would continue its stopped members, they are hung up.
void HangUpOrphanedGroup(Process& process, const Process& parent,
                         const Process* leaving) {
  Kernel& kernel = process.kernel();
  const Pid pgid = process.pgid;
  const Pid sid = process.session->sid;
  if (parent.pgid == pgid || parent.session->sid != sid) return;
  if (!IsOrphanedGroup(kernel, pgid, sid, leaving)) return;
  if (!HasStoppedMember(kernel, pgid)) return;
  SendToGroup(kernel, pgid, Siginfo(SIGHUP, SI_KERNEL));
  SendToGroup(kernel, pgid, Siginfo(SIGCONT, SI_KERNEL));
}

Siginfo ExitInfo(const Process& process) {
  const int status = process.exit_status;
  const int signo = status & 0x7f;
  const int code = signo == 0              ? CLD_EXITED
                   : (status & 0x80) != 0 ? CLD_DUMPED
                                           : CLD_KILLED;
  return Siginfo::Child(process.exit_signal, code, process.pid(),
                        process.leader().creds->uid,
                        signo == 0 ? (status >> 8) & 0xff : signo,
                        ToClockTicks(process.user_time()),
                        ToClockTicks(process.system_time()));
}

// Tells the parent of a zombie; one that wants no word of it never sees it.
void TellParentOfEnd(Process& process) {
  Kernel& kernel = process.kernel();
  Process& parent = *process.parent;
  const SignalAction& action = parent.handlers->of(SIGCHLD);
  const bool ignores = action.handler == kHandlerIgnore;
  const bool unwanted =
      process.exit_signal == SIGCHLD &&
      (ignores || (action.flags & SA_NOCLDWAIT) != 0);
  if (process.exit_signal > 0 && process.exit_signal <= kSignals &&
      !(unwanted && ignores)) {
    (void)SendToProcess(parent, ExitInfo(process)).ok();
  }
  parent.child_changed.Wake();
  // The run ends with the main process: its status is still wanted.
  if (&process == kernel.main_process()) return;
  if (unwanted || &parent == &kernel.pids().init()) {
    kernel.pids().Reap(process);
  }
}

Process& FindReaper(const Process& father) {
  for (Process* p = father.parent; p != nullptr; p = p->parent) {
    if (p->is_subreaper && !p->zombie) return *p;
  }
  return father.kernel().pids().init();
}

void GiveAwayChildren(Process& father) {
  if (father.children.empty()) return;
  Process& reaper = FindReaper(father);
  const std::vector<Process*> children = std::move(father.children);
  father.children.clear();
  for (Process* child : children) {
    child->parent = &reaper;
    child->parent_task = reaper.LiveTask();
    child->exit_signal = SIGCHLD;
    reaper.children.push_back(child);
  }
  for (Process* child : children) {
    HangUpOrphanedGroup(*child, father, nullptr);
    if (child->zombie) TellParentOfEnd(*child);
  }
}

// All threads have ended.
void FinishProcess(Process& process) {
  process.kernel().Emit(Event::Kind::kDeath, process.leader(),
                        process.exit_status);
  process.zombie = true;
  process.exiting = true;
  process.stop_signal = 0;
  process.stopped = process.stop_unreported = false;
  process.continue_unreported = false;
  process.pending_signals.Discard(~SignalSet{0});
  process.timers.reset();
  if (process.session->sid == process.pid()) {
    DisassociateTerminal(process, /*ending=*/true);
  }
  UndoSemaphores(process);
  GiveAwayChildren(process);
  HangUpOrphanedGroup(process, *process.parent, &process);
  process.ended.Wake();
  TellParentOfEnd(process);
}

}  // namespace

void LeaveMemory(Task& task) {
  if (task.mm != nullptr) {
    ExitRobustList(task);
    if (task.clear_child_tid != 0 && task.mm.use_count() > 1) {
      const UserPtr<int32_t> tid(task.clear_child_tid);
      if (task.Write(tid, 0).ok()) FutexWakeAddress(*task.mm, tid.addr(), 1);
    }
    if (task.mm.use_count() == 1) {
      NoteDetached(task.kernel().subsystems().segments, *task.mm,
                   task.process().pid(), task.clock().realtime());
    }
  }
  task.clear_child_tid = 0;
  task.robust_list = 0;
  if (task.vfork_parent != nullptr) {
    task.vfork_parent = nullptr;
    task.vfork_done.Wake();
  }
}

void EndTask(Task& task, int wait_status) {
  Process& process = task.process();
  if (process.exiting) return EndProcess(process, process.exit_status);
  if (task.IsLeader()) process.exit_status = wait_status;
  EndThread(task);
  if (process.LiveTask() == nullptr) {
    if (!task.IsLeader()) Remove(task);
    return FinishProcess(process);
  }
  task.kernel().Emit(Event::Kind::kDeath, task);
  if (!task.IsLeader()) Remove(task);
  CheckStopComplete(process);
}

void EndProcess(Process& process, int wait_status) {
  process.exiting = true;
  process.exit_status = wait_status;
  EndThreads(process, nullptr);
  FinishProcess(process);
}

void EndOtherThreads(Task& task) {
  Process& process = task.process();
  EndThreads(process, &task);
  process.exit_status = 0;
  if (task.IsLeader()) return;
  PidNamespace& pids = task.kernel().pids();
  Task& old_leader = process.leader();
  std::swap(process.tasks.front(), process.tasks.back());
  pids.RemoveTask(task);
  const Pid old_tid = task.tid();
  task.set_tid(process.pid());
  old_leader.set_tid(old_tid);
  Remove(old_leader);
  pids.AddTask(task);
}

void ResetForExec(Task& task) {
  Process& process = task.process();
  if (process.handlers.use_count() > 1) {
    process.handlers = std::make_shared<SignalHandlers>(*process.handlers);
  }
  for (SignalAction& action : process.handlers->actions) {
    const bool ignored = action.handler == kHandlerIgnore;
    action = {.handler = ignored ? kHandlerIgnore : kHandlerDefault};
  }
  task.creds = ExecCredentials(*task.creds);
  task.altstack = AltStack();
  task.restart = {};
  task.user_dispatch = {};
  task.dumpable = true;
  if (process.timers != nullptr) process.timers->DeleteAll();
  process.exit_signal = SIGCHLD;
  process.has_execed = true;
}

}  // namespace emu
