// SPDX-License-Identifier: Apache-2.0
//
// Dispositions, masks and waiting for signals. Sending is in kill.cc.

#include <signal.h>

#include "arch/abi/signal.h"
#include "arch/abi/time.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/alt_stack.h"
#include "kernel/signal/deliver.h"
#include "kernel/signal/mask.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

bool IsValid(int signo) { return signo >= 1 && signo <= kSignals; }

// Flags that the kernel keeps (UAPI_SA_FLAGS).
constexpr uint64_t kRestorer = 0x04000000;    // SA_RESTORER
constexpr uint64_t kExposeTagBits = 0x800;    // SA_EXPOSE_TAGBITS
constexpr uint64_t kKnownFlags =
    SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_ONSTACK | SA_RESTART |
    SA_NODEFER | SA_RESETHAND | kRestorer | kExposeTagBits;

// Signals that nobody will see any more are forgotten, blocked or not.
void DiscardIfIgnored(Process& process, int signo) {
  const GuestAddr handler = process.handlers->of(signo).handler;
  const SignalSet bit = SignalBit(signo);
  if (handler != kHandlerIgnore &&
      !(handler == kHandlerDefault && (bit & kIgnoredByDefault) != 0)) {
    return;
  }
  process.pending_signals.Discard(bit);
  for (const std::unique_ptr<Task>& task : process.tasks) {
    task->pending_signals.Discard(bit);
  }
}

// rt_sigtimedwait's set is the task's for as long as it waits.
struct AwaitedSignals : CallScratch {
  explicit AwaitedSignals(Task& task) : task(task) {}
  ~AwaitedSignals() override { task.awaited_signals = 0; }
  Task& task;
};

}  // namespace

// rt_sigaction(2).
Result<> sys_rt_sigaction(Task& task, int signo,
                          UserPtr<const abi::sigaction> act,
                          UserPtr<abi::sigaction> oldact, size_t size) {
  if (size != sizeof(SignalSet)) return Errno(EINVAL);
  abi::sigaction wanted = {};
  if (act) wanted = TRY(task.Read(act));
  if (!IsValid(signo) || (act && (SignalBit(signo) & kUnblockable) != 0)) {
    return Errno(EINVAL);
  }
  Process& process = task.process();
  const SignalAction old = process.handlers->of(signo);
  if (act) {
    process.handlers->of(signo) = {.handler = wanted.handler,
                                   .flags = wanted.flags & kKnownFlags,
                                   .restorer = wanted.restorer,
                                   .mask = wanted.mask & ~kUnblockable};
    DiscardIfIgnored(process, signo);
    if (process.timers != nullptr) process.timers->OnDispositionChange(signo);
  }
  if (!oldact) return {};
  return task.Write(oldact, {old.handler, old.flags, old.restorer, old.mask});
}

// rt_sigprocmask(2).
Result<> sys_rt_sigprocmask(Task& task, int how, UserPtr<const SignalSet> set,
                            UserPtr<SignalSet> oldset, size_t size) {
  if (size != sizeof(SignalSet)) return Errno(EINVAL);
  const SignalSet old = task.signal_mask();
  if (set) {
    const SignalSet wanted = TRY(task.Read(set));
    switch (how) {
      case SIG_BLOCK:
        SetSignalMask(task, old | wanted);
        break;
      case SIG_UNBLOCK:
        SetSignalMask(task, old & ~wanted);
        break;
      case SIG_SETMASK:
        SetSignalMask(task, wanted);
        break;
      default:
        return Errno(EINVAL);
    }
  }
  if (oldset) TRY(task.Write(oldset, old));
  return {};
}

// rt_sigpending(2).
Result<> sys_rt_sigpending(Task& task, UserPtr<SignalSet> set, size_t size) {
  if (size > sizeof(SignalSet)) return Errno(EINVAL);
  const SignalSet pending = (task.pending_signals.set() |
                             task.process().pending_signals.set()) &
                            task.signal_mask();
  return task.mm->CopyOut(set.addr(), &pending, size);
}

// rt_sigsuspend(2).
Result<> sys_rt_sigsuspend(Task& task, UserPtr<const SignalSet> set,
                           size_t size) {
  if (!task.pending().rerun) {
    if (size != sizeof(SignalSet)) return Errno(EINVAL);
    WaitWithMask(task, TRY(task.Read(set)));
  }
  task.OnSignal(ERESTARTNOHAND);
  return task.Block();
}

// pause(2).
Result<> sys_pause(Task& task) {
  task.OnSignal(ERESTARTNOHAND);
  return task.Block();
}

// rt_sigtimedwait(2).
Result<int> sys_rt_sigtimedwait(Task& task, UserPtr<const SignalSet> set,
                                UserPtr<abi::siginfo> info,
                                UserPtr<const abi::timespec> timeout,
                                size_t size) {
  PendingSyscall& call = task.pending();
  SignalSet wanted = task.awaited_signals;
  if (!call.rerun) {
    if (size != sizeof(SignalSet)) return Errno(EINVAL);
    wanted = TRY(task.Read(set)) & ~kUnblockable;
    if (timeout) {
      const abi::timespec length = TRY(task.Read(timeout));
      task.WaitUntil(After(task.clock().now(), TRY(FromTimespec(length))));
    }
  }
  if (std::optional<Siginfo> taken = TakeSignal(task, wanted)) {
    if (info) TRY(task.Write(info.As<SiginfoBytes>(), taken->bytes()));
    return taken->signo();
  }
  if (task.DeadlinePassed()) {
    if (!call.rerun) task.clock().TickPolling();
    return Errno(EAGAIN);
  }
  if (!call.rerun) call.scratch = std::make_unique<AwaitedSignals>(task);
  task.awaited_signals = wanted;
  task.OnSignal(EINTR);
  return task.Block();
}

// rt_sigreturn(2).
Result<> sys_rt_sigreturn(Task& task) {
  ReturnFromSignal(task);
  return kNoReturn;
}

// sigaltstack(2).
Result<> sys_sigaltstack(Task& task, UserPtr<const abi::stack_t> stack,
                         UserPtr<abi::stack_t> old_stack) {
  const AltStack old = task.altstack;
  if (stack) {
    const abi::stack_t wanted = TRY(task.Read(stack));
    TRY(SetAltStack(task, {.base = wanted.ss_sp,
                           .size = wanted.ss_size,
                           .flags = wanted.ss_flags}));
  }
  if (!old_stack) return {};
  int32_t flags = old.flags & kAltStackAutodisarm;
  if (old.size == 0) {
    flags |= kAltStackDisabled;
  } else if (IsOnAltStack(old, task.cpu().sp())) {
    flags |= kAltStackOn;
  }
  return task.Write(old_stack, {.ss_sp = old.base,
                                .ss_flags = flags,
                                .padding = 0,
                                .ss_size = old.size});
}

// restart_syscall(2): goes on with the wait that a signal without a handler
// interrupted, until the time that it was to last.
Result<int64_t> sys_restart_syscall(Task& task) {
  const Task::RestartBlock block = task.restart;
  if (block.entry == nullptr) return Errno(EINTR);
  task.restart = {};
  PendingSyscall& call = task.pending();
  call.entry = block.entry;
  call.args = block.args;
  call.deadline = block.deadline;
  call.rerun = true;
  return block.entry->call(task, call.args);
}

}  // namespace emu
