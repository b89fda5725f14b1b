// SPDX-License-Identifier: Apache-2.0
//
// Delivery: what happens to a task between two stretches of user code. The one
// place that decides between EINTR and a restart.

#ifndef KERNEL_SIGNAL_DELIVER_H_
#define KERNEL_SIGNAL_DELIVER_H_

#include <optional>

#include "arch/result.h"
#include "kernel/signal/signal_state.h"

namespace emu {

class Task;

// Takes and acts on the task's signals until none is left: runs handlers (by
// pushing their frames), stops, continues, ends the process; settles an
// interrupted call (task.interrupted). False: the task must not run now
// (stopped, or gone: it may have been destroyed if it was gone).
bool DeliverSignals(Task& task);

// Takes the task's next pending signal in `allowed`, its own before its
// process's: for delivery, sigtimedwait and signalfd.
std::optional<Siginfo> TakeSignal(Task& task, SignalSet allowed);

// rt_sigreturn(2): the frame's registers, mask and alternate stack are the
// task's again. A frame that cannot be read is a SIGSEGV.
void ReturnFromSignal(Task& task);

}  // namespace emu

#endif  // KERNEL_SIGNAL_DELIVER_H_
