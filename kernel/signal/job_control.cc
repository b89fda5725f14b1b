// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/job_control.h"

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

void Discard(Process& process, SignalSet set) {
  process.pending_signals.Discard(set);
  for (const std::unique_ptr<Task>& task : process.tasks) {
    task->pending_signals.Discard(set);
  }
}

// `code` is CLD_STOPPED or CLD_CONTINUED.
void TellParent(Process& process, int code, int status) {
  Process* parent = process.parent;
  const SignalAction& action = parent->handlers->of(SIGCHLD);
  if (action.handler != kHandlerIgnore &&
      (action.flags & SA_NOCLDSTOP) == 0) {
    (void)SendToProcess(
        *parent, Siginfo::Child(SIGCHLD, code, process.pid(),
                                process.leader().creds->uid, status,
                                ToClockTicks(process.user_time()),
                                ToClockTicks(process.system_time())))
        .ok();
  }
  parent->child_changed.Wake();
}

void Continue(Process& process) {
  if (process.stop_signal == 0) return;
  const int signo = process.stop_signal;
  const bool complete = process.stopped;
  process.stop_signal = 0;
  process.stopped = false;
  process.stop_unreported = false;
  process.continue_unreported = true;
  for (const std::unique_ptr<Task>& task : process.tasks) {
    if (task->state() == Task::State::kStopped) ResumeStopped(*task);
  }
  if (complete) {
    TellParent(process, CLD_CONTINUED, SIGCONT);
  } else {
    TellParent(process, CLD_STOPPED, signo);
  }
}

}  // namespace

void PrepareJobControl(Process& process, int signo) {
  if (signo == SIGCONT) {
    Discard(process, kStopByDefault);
    Continue(process);
  } else if ((SignalBit(signo) & kStopByDefault) != 0) {
    Discard(process, SignalBit(SIGCONT));
  }
}

void BeginStop(Process& process, int signo) {
  process.stop_signal = signo;
  process.continue_unreported = false;
  for (const std::unique_ptr<Task>& task : process.tasks) {
    if (task->state() == Task::State::kDead) continue;
    task->signal_due = true;
    if (task->WaitsInterruptibly()) task->Wake();
  }
}

void JoinStop(Task& task) {
  task.set_state(Task::State::kStopped);
  CheckStopComplete(task.process());
}

void CheckStopComplete(Process& process) {
  if (process.stop_signal == 0 || process.stopped || process.exiting) return;
  for (const std::unique_ptr<Task>& task : process.tasks) {
    const bool waits_on = task->state() == Task::State::kParked &&
                          !task->WaitsInterruptibly();
    if (task->state() == Task::State::kRunnable ||
        (task->state() == Task::State::kParked && !waits_on)) {
      return;
    }
  }
  process.stopped = true;
  process.stop_unreported = true;
  TellParent(process, CLD_STOPPED, process.stop_signal);
}

void ResumeStopped(Task& task) {
  task.set_state(Task::State::kRunnable);
  task.kernel().scheduler().Add(task);
}

bool IsOrphanedGroup(Kernel& kernel, Pid pgid, Pid sid,
                     const Process* leaving) {
  const Process* init = &kernel.pids().init();
  for (const auto& [pid, process] : kernel.pids().processes()) {
    if (process->pgid != pgid || process.get() == leaving || process->zombie ||
        process->parent == nullptr || process->parent == init) {
      continue;
    }
    if (process->parent->pgid != pgid && process->parent->session->sid == sid) {
      return false;
    }
  }
  return true;
}

}  // namespace emu
