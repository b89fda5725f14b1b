// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/deliver.h"

#include <sys/resource.h>

#include <utility>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/process_life.h"
#include "kernel/signal/alt_stack.h"
#include "kernel/signal/frame_memory.h"
#include "kernel/signal/job_control.h"
#include "kernel/signal/mask.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/signal/send.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/task.h"

namespace emu {
namespace {

// What the interrupted call does when no handler runs.
void SettleWithoutHandler(Task& task) {
  if (task.interrupted) {
    if (*task.interrupted == -ERESTART_RESTARTBLOCK) {
      task.cpu().RestartAs(task.kernel().machine().platform().restart_syscall);
    } else {
      task.cpu().Restart();
    }
    task.interrupted.reset();
  }
  RestoreSignalMask(task);
}

// And when one does.
void SettleBeforeHandler(Task& task, uint64_t flags) {
  if (!task.interrupted) return;
  const int64_t value = *std::exchange(task.interrupted, std::nullopt);
  const bool restart = value == -ERESTARTNOINTR ||
                       (value == -ERESTARTSYS && (flags & SA_RESTART) != 0);
  if (restart) {
    task.cpu().Restart();
  } else {
    task.cpu().SetResult(-EINTR);
  }
}

// A frame could not be written: that is a fault of its own, and the end if the
// handler was that of faults.
void FailFrame(Task& task, int signo) {
  if (signo == SIGSEGV) {
    task.process().handlers->of(SIGSEGV).handler = kHandlerDefault;
  }
  ForceSignal(task, Siginfo(SIGSEGV, SI_KERNEL));
}

void RunHandler(Task& task, const Siginfo& info, const SignalAction& action) {
  SettleBeforeHandler(task, action.flags);
  const GuestAddr sp = task.cpu().sp();
  const bool was_on = IsOnAltStack(task.altstack, sp);
  SignalFrame frame;
  frame.signo = info.signo();
  frame.handler = action.handler;
  frame.flags = action.flags;
  frame.restorer = action.restorer;
  frame.mask = task.saved_mask.value_or(task.signal_mask());
  frame.info = info.bytes();
  frame.altstack = task.altstack;
  frame.on_altstack = (action.flags & SA_ONSTACK) != 0 && !was_on &&
                      task.altstack.size != 0;
  frame.fault = task.last_fault;
  TaskFrameMemory memory(task);
  if (!task.cpu().PushSignalFrame(frame, memory).ok() ||
      ((was_on || frame.on_altstack) &&
       !IsWithinAltStack(task.altstack, task.cpu().sp()))) {
    return FailFrame(task, info.signo());
  }
  if ((task.altstack.flags & kAltStackAutodisarm) != 0) {
    task.altstack = AltStack();
  }
  SignalSet mask = task.signal_mask() | action.mask;
  if ((action.flags & SA_NODEFER) == 0) mask |= SignalBit(info.signo());
  task.saved_mask.reset();
  SetSignalMask(task, mask);
}

// No core file is written, but the status says that there is one where Linux,
// with its default core_pattern, would have made it.
int FatalStatus(const Task& task, int signo) {
  const bool core = (SignalBit(signo) & kCoreByDefault) != 0 &&
                    task.process().limit(RLIMIT_CORE) > 0 && task.dumpable;
  return signo | (core ? 0x80 : 0);
}

void EmitSignal(Task& task, const Siginfo& info) {
  if (task.kernel().sink() == nullptr) return;
  Event event{.kind = Event::Kind::kSignal};
  event.number = info.signo();
  event.args[0] = info.code();
  for (size_t i = 1; i < event.args.size(); ++i) {
    event.args[i] = info.Get<uint64_t>(8 + 8 * i);
  }
  task.kernel().EmitEvent(event, task);
}

// The process was condemned by a signal, of which nothing was told yet. SIGKILL
// is never told: its victim does not see it.
void TellFatalSignal(Task& task) {
  const int signo = task.process().exit_status & 0x7f;
  if (signo == 0 || signo == SIGKILL) return;
  const std::optional<Siginfo> info = TakeSignal(task, SignalBit(signo));
  if (info) EmitSignal(task, *info);
}

// Acts on one signal that the task has taken. False: the process is gone.
bool Act(Task& task, const Siginfo& info) {
  Process& process = task.process();
  const int signo = info.signo();
  SignalAction& slot = process.handlers->of(signo);
  const SignalAction action = slot;
  if (action.handler == kHandlerIgnore) return true;
  EmitSignal(task, info);
  if (action.handler != kHandlerDefault) {
    if ((action.flags & SA_RESETHAND) != 0) slot.handler = kHandlerDefault;
    RunHandler(task, info, action);
    return true;
  }
  const SignalSet bit = SignalBit(signo);
  if ((bit & kIgnoredByDefault) != 0) return true;
  if ((bit & kStopByDefault) != 0) {
    Kernel& kernel = task.kernel();
    if (signo == SIGSTOP ||
        !IsOrphanedGroup(kernel, process.pgid, process.session->sid)) {
      BeginStop(process, signo);
    } else if (kernel.IsOutsideJob(process.pgid)) {
      kernel.StopOutsideJob();
    }
    return true;
  }
  EndProcess(process, FatalStatus(task, signo));
  return false;
}

}  // namespace

std::optional<Siginfo> TakeSignal(Task& task, SignalSet allowed) {
  Process& process = task.process();
  std::optional<Siginfo> info = task.pending_signals.Take(allowed);
  if (!info) info = process.pending_signals.Take(allowed);
  if (info && process.timers != nullptr) process.timers->OnSignalTaken(*info);
  RecalculateSignalDue(task);
  return info;
}

bool DeliverSignals(Task& task) {
  Process& process = task.process();
  while (task.signal_due) {
    if (process.exiting) {
      TellFatalSignal(task);
      EndProcess(process, process.exit_status);
      return false;
    }
    if (process.stop_signal != 0) {
      JoinStop(task);
      return false;
    }
    // The next stop will do.
    if (!task.cpu().CanRedirect()) return true;
    const std::optional<Siginfo> info =
        TakeSignal(task, ~task.signal_mask());
    if (!info) break;
    if (!Act(task, *info)) return false;
  }
  if (task.interrupted || task.saved_mask) {
    SettleWithoutHandler(task);
    // The mask that is back may let in what the call's own kept out.
    if (task.signal_due) return DeliverSignals(task);
  }
  return true;
}

void ReturnFromSignal(Task& task) {
  TaskFrameMemory memory(task);
  const Result<RestoredFrame> frame = task.cpu().PopSignalFrame(memory);
  if (!frame.ok()) {
    return ForceSignal(task, Siginfo(SIGSEGV, SI_KERNEL));
  }
  SetSignalMask(task, frame->mask);
  // Linux takes the stack back if it is a valid one, and says nothing if not.
  (void)SetAltStack(task, frame->altstack).ok();
}

}  // namespace emu
