// SPDX-License-Identifier: Apache-2.0
//
// Delivery: what happens to a task between two stretches of user code. The one
// place that decides between EINTR and a restart.

#ifndef KERNEL_SIGNAL_DELIVER_H_
#define KERNEL_SIGNAL_DELIVER_H_

namespace emu {

class Task;

// Takes and acts on the task's signals until none is left: runs handlers (by
// pushing their frames), stops, continues, ends the process; settles an
// interrupted call (task.interrupted_by_signal()). False: the task must not run
// now (stopped, or gone: it may have been destroyed if it was gone).
bool DeliverSignals(Task& task);

}  // namespace emu

#endif  // KERNEL_SIGNAL_DELIVER_H_
