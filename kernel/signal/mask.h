// SPDX-License-Identifier: Apache-2.0
//
// A task's signal mask. Changing it may make signals that wait for the process
// this task's to take, or another's, so it goes through here.

#ifndef KERNEL_SIGNAL_MASK_H_
#define KERNEL_SIGNAL_MASK_H_

#include "kernel/signal/signal_state.h"

namespace emu {

class Task;

// SIGKILL and SIGSTOP are never in the mask, whatever `mask` says.
void SetSignalMask(Task& task, SignalSet mask);
// For a task that has not run yet: its creator's.
void InheritSignalMask(Task& task, SignalSet mask);
// The mask for the time of a call that waits (sigsuspend, ppoll, …). Put back
// when the call ends, or by the frame of the handler that ends it. A second run
// of the same call changes nothing.
void WaitWithMask(Task& task, SignalSet mask);
// Puts back what WaitWithMask replaced, if it did.
void RestoreSignalMask(Task& task);

// `task` will not take these any more (it blocks them, or ends): another thread
// of the process that can is told of those that are pending.
void RetargetSignals(Task& task, SignalSet which);

// Looks again whether something is due to `task` (Linux's recalc_sigpending).
void RecalculateSignalDue(Task& task);

}  // namespace emu

#endif  // KERNEL_SIGNAL_MASK_H_
