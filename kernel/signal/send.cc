// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/send.h"

#include <linux/capability.h>
#include <sys/resource.h>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/job_control.h"
#include "kernel/signal/mask.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/task.h"

namespace emu {
namespace {

bool Lives(const Task& task) { return task.state() != Task::State::kDead; }

// Whether the signal would have no effect, so that it need not be kept. A
// blocked one is kept: its disposition may change until it is let in.
bool IsIgnored(const Process& process, const Task& task, int signo) {
  if ((task.signal_mask() & SignalBit(signo)) != 0) return false;
  const SignalAction& action = process.handlers->of(signo);
  if (action.handler == kHandlerIgnore) return true;
  return action.handler == kHandlerDefault &&
         (SignalBit(signo) & kIgnoredByDefault) != 0;
}

bool Wants(const Task& task, int signo) {
  const SignalSet bit = SignalBit(signo);
  if (!Lives(task)) return false;
  if (((task.signal_mask() & ~task.awaited_signals) & bit) != 0) return false;
  if (signo == SIGKILL) return true;
  return task.state() != Task::State::kStopped && !task.signal_due;
}

// The thread that is to see a signal that has just been queued; null when none
// can now, or all that could are about to look anyway.
Task* ChooseTask(Process& process, Task* only, int signo) {
  if (only != nullptr) return Wants(*only, signo) ? only : nullptr;
  for (const std::unique_ptr<Task>& task : process.tasks) {
    if (Wants(*task, signo)) return task.get();
  }
  return nullptr;
}

void Notify(Task& task, int signo) {
  if ((task.signal_mask() & SignalBit(signo)) == 0) task.signal_due = true;
  if (task.WaitsInterruptibly()) task.Wake();
}

bool EndsProcess(const Process& process, const Task& task, int signo) {
  const SignalSet bit = SignalBit(signo);
  return process.handlers->of(signo).handler == kHandlerDefault &&
         (task.signal_mask() & bit) == 0 &&
         (bit & (kIgnoredByDefault | kStopByDefault | kCoreByDefault)) == 0;
}

// Signals queued for all processes of the user: what RLIMIT_SIGPENDING counts.
size_t CountQueued(Kernel& kernel, Uid uid) {
  size_t count = 0;
  for (const auto& [pid, process] : kernel.pids().processes()) {
    if (process->tasks.empty() || process->leader().creds->uid != uid) continue;
    count += process->pending_signals.size();
    for (const std::unique_ptr<Task>& task : process->tasks) {
      count += task->pending_signals.size();
    }
  }
  return count;
}

// EAGAIN, for those that must not lose what they say.
Result<> CheckQueueLimit(Process& process, const Siginfo& info) {
  const int code = info.code();
  if (info.signo() < kFirstRealtimeSignal || code >= 0 || code == SI_TIMER) {
    return {};
  }
  if (CountQueued(process.kernel(), process.leader().creds->uid) >=
      process.limit(RLIMIT_SIGPENDING)) {
    return Errno(EAGAIN);
  }
  return {};
}

Result<> Send(Process& process, Task* only, const Siginfo& info) {
  const int signo = info.signo();
  if (process.zombie || process.exiting) return {};
  // Init has no handlers, and without one nothing reaches it.
  if (process.parent == nullptr) return {};
  Task* witness = only != nullptr ? only : process.LiveTask();
  if (witness == nullptr || !Lives(*witness)) return {};
  PrepareJobControl(process, signo);
  if (IsIgnored(process, *witness, signo)) return {};
  TRY(CheckQueueLimit(process, info));
  SignalQueue& queue =
      only != nullptr ? only->pending_signals : process.pending_signals;
  if (!queue.Add(info)) return {};
  process.signal_arrived.Wake();
  Task* task = ChooseTask(process, only, signo);
  if (task == nullptr) return {};
  if (EndsProcess(process, *task, signo)) {
    CondemnProcess(process, signo);
  } else {
    Notify(*task, signo);
  }
  return {};
}

}  // namespace

Result<> SendToProcess(Process& process, const Siginfo& info) {
  return Send(process, nullptr, info);
}

Result<> SendToTask(Task& task, const Siginfo& info) {
  return Send(task.process(), &task, info);
}

void SendToGroup(Kernel& kernel, Pid pgid, const Siginfo& info) {
  for (const auto& [pid, process] : kernel.pids().processes()) {
    if (process->pgid == pgid) (void)SendToProcess(*process, info).ok();
  }
}

void SendKernelSignal(Process& process, int signo) {
  (void)SendToProcess(process, Siginfo(signo, SI_KERNEL)).ok();
}

void CondemnProcess(Process& process, int wait_status) {
  process.exiting = true;
  process.exit_status = wait_status;
  for (const std::unique_ptr<Task>& task : process.tasks) {
    if (!Lives(*task)) continue;
    task->signal_due = true;
    if (task->state() == Task::State::kStopped) ResumeStopped(*task);
    task->Wake();
  }
}

void ForceSignal(Task& task, const FaultInfo& fault) {
  task.last_fault = fault;
  ForceSignal(task, Siginfo::Fault(fault));
}

void ForceSignal(Task& task, const Siginfo& info) {
  const int signo = info.signo();
  SignalAction& action = task.process().handlers->of(signo);
  const bool blocked = (task.signal_mask() & SignalBit(signo)) != 0;
  if (blocked || action.handler == kHandlerIgnore) {
    action.handler = kHandlerDefault;
  }
  if (blocked) SetSignalMask(task, task.signal_mask() & ~SignalBit(signo));
  // One that waits already says something else; this one is about now.
  task.pending_signals.Discard(SignalBit(signo));
  task.pending_signals.Add(info);
  task.signal_due = true;
}

bool IgnoresSignal(const Process& process, int signo) {
  const Task* task = process.LiveTask();
  return task == nullptr || IsIgnored(process, *task, signo);
}

bool MaySignal(const Task& sender, const Process& target, int signo) {
  const Credentials& from = *sender.creds;
  const Credentials& to = *target.leader().creds;
  if (&sender.process() == &target) return true;
  if (from.euid == to.suid || from.euid == to.uid || from.uid == to.suid ||
      from.uid == to.uid || from.Has(CAP_KILL)) {
    return true;
  }
  return signo == SIGCONT &&
         sender.process().session->sid == target.session->sid;
}

bool HasFatalSignal(const Task& task) { return task.process().exiting; }

bool HasSignal(const Task& task) {
  if (!task.signal_due) return false;
  const Process& process = task.process();
  const SignalSet pending =
      task.pending_signals.set() | process.pending_signals.set();
  return process.exiting || process.stop_signal != 0 ||
         (pending & ~task.signal_mask()) != 0;
}

}  // namespace emu
