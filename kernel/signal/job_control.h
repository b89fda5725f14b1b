// SPDX-License-Identifier: Apache-2.0
//
// Stopping and continuing whole processes. A stop is asked for by one thread,
// which took the signal, and is complete when every thread has come to its next
// DeliverSignals; the parent is told then.

#ifndef KERNEL_SIGNAL_JOB_CONTROL_H_
#define KERNEL_SIGNAL_JOB_CONTROL_H_

#include "arch/user_ptr.h"

namespace emu {

class Kernel;
class Process;
class Task;

// A signal is being sent, blocked and ignored or not: SIGCONT continues the
// process and drops stop signals, a stop signal drops SIGCONT.
void PrepareJobControl(Process& process, int signo);

// The process stops by `signo`: its threads are to join.
void BeginStop(Process& process, int signo);
// `task` stops as part of it. It is not in the run queue.
void JoinStop(Task& task);
// A thread stopped or ended: the stop may be complete now.
void CheckStopComplete(Process& process);
// A stopped task runs again.
void ResumeStopped(Task& task);

// Whether no member of the group has a parent in another group of the same
// session: nobody there would continue it. `leaving` is taken as gone.
bool IsOrphanedGroup(Kernel& kernel, Pid pgid, Pid sid,
                     const Process* leaving = nullptr);

}  // namespace emu

#endif  // KERNEL_SIGNAL_JOB_CONTROL_H_
