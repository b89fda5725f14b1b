// SPDX-License-Identifier: Apache-2.0
//
// A process's timers.

#ifndef KERNEL_SIGNAL_POSIX_TIMERS_H_
#define KERNEL_SIGNAL_POSIX_TIMERS_H_

#include "kernel/signal/signal_state.h"

namespace emu {

class PosixTimers {
 public:
  // A signal is about to be delivered.
  void OnSignalTaken(Siginfo&) {}
  // The end of timer_create's timers, at exec.
  void DeleteAll() {}
};

}  // namespace emu

#endif  // KERNEL_SIGNAL_POSIX_TIMERS_H_
