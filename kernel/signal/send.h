// SPDX-License-Identifier: Apache-2.0
//
// Sending signals: the one way that any part of the kernel raises one.

#ifndef KERNEL_SIGNAL_SEND_H_
#define KERNEL_SIGNAL_SEND_H_

#include "arch/result.h"
#include "kernel/signal/signal_state.h"

namespace emu {

class Kernel;
class Process;
class Task;

// To the process (any of its threads may take it), or to one thread. Ignored
// signals vanish, SIGCONT continues and SIGSTOP's kin are dropped by it and
// the other way round, and waiting tasks wake. Nothing else happens here and
// now: a process that a signal kills ends when a thread of it is next to run.
// EAGAIN: the queue is full (RLIMIT_SIGPENDING; real-time signals only).
Result<> SendToProcess(Process& process, const Siginfo& info);
Result<> SendToTask(Task& task, const Siginfo& info);
// To every process of the group, as the kernel itself.
void SendToGroup(Kernel& kernel, Pid pgid, const Siginfo& info);
// A synchronous fault: cannot be blocked or ignored.
void ForceSignal(Task& task, const FaultInfo& fault);
void ForceSignal(Task& task, const Siginfo& info);
// Every thread is to end at its next chance, with wait(2)'s status.
void CondemnProcess(Process& process, int wait_status);
// From the kernel itself, without a sender (SI_KERNEL).
void SendKernelSignal(Process& process, int signo);

// Whether the signal would vanish: its disposition says so, and no mask keeps
// it. For the whole process as its leader sees it.
bool IgnoresSignal(const Process& process, int signo);

// kill(2)'s rule.
bool MaySignal(const Task& sender, const Process& target, int signo);

// Whether a signal is there that `task` would act on: delivered at its next
// resume, and the end of any interruptible wait.
bool HasSignal(const Task& task);
// Whether the process is to die: the end of any wait.
bool HasFatalSignal(const Task& task);

}  // namespace emu

#endif  // KERNEL_SIGNAL_SEND_H_
