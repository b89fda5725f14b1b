// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/mask.h"

#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {

void RecalculateSignalDue(Task& task) {
  const Process& process = task.process();
  const SignalSet pending =
      task.pending_signals.set() | process.pending_signals.set();
  task.signal_due = (pending & ~task.signal_mask()) != 0 || process.exiting ||
                    process.stop_signal != 0;
}

void RetargetSignals(Task& task, SignalSet which) {
  Process& process = task.process();
  which &= process.pending_signals.set();
  for (const std::unique_ptr<Task>& other : process.tasks) {
    if (which == 0) return;
    if (other.get() == &task || other->state() == Task::State::kDead) continue;
    if ((which & ~other->signal_mask()) == 0) continue;
    which &= other->signal_mask();
    if (other->signal_due) continue;
    other->signal_due = true;
    if (other->WaitsInterruptibly()) other->Wake();
  }
}

void SetSignalMask(Task& task, SignalSet mask) {
  mask &= ~kUnblockable;
  const SignalSet newly_blocked = mask & ~task.signal_mask_;
  if (task.signal_due && newly_blocked != 0) {
    RetargetSignals(task, newly_blocked);
  }
  task.signal_mask_ = mask;
  RecalculateSignalDue(task);
}

void InheritSignalMask(Task& task, SignalSet mask) {
  task.signal_mask_ = mask;
}

void WaitWithMask(Task& task, SignalSet mask) {
  if (task.saved_mask) return;
  task.saved_mask = task.signal_mask();
  SetSignalMask(task, mask);
}

void RestoreSignalMask(Task& task) {
  if (!task.saved_mask) return;
  const SignalSet mask = *task.saved_mask;
  task.saved_mask.reset();
  SetSignalMask(task, mask);
}

}  // namespace emu
