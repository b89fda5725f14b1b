// SPDX-License-Identifier: Apache-2.0
//
// What signals do when nobody handles them: signal(7)'s table.

#ifndef KERNEL_SIGNAL_SIGNAL_DEFAULTS_H_
#define KERNEL_SIGNAL_SIGNAL_DEFAULTS_H_

#include <signal.h>

#include "kernel/signal/signal_state.h"

namespace emu {

// SignalAction::handler's two special values.
inline constexpr GuestAddr kHandlerDefault = 0;
inline constexpr GuestAddr kHandlerIgnore = 1;

inline constexpr SignalSet kIgnoredByDefault =
    SignalBit(SIGCONT) | SignalBit(SIGCHLD) | SignalBit(SIGWINCH) |
    SignalBit(SIGURG);
inline constexpr SignalSet kStopByDefault =
    SignalBit(SIGSTOP) | SignalBit(SIGTSTP) | SignalBit(SIGTTIN) |
    SignalBit(SIGTTOU);
inline constexpr SignalSet kCoreByDefault =
    SignalBit(SIGQUIT) | SignalBit(SIGILL) | SignalBit(SIGTRAP) |
    SignalBit(SIGABRT) | SignalBit(SIGFPE) | SignalBit(SIGSEGV) |
    SignalBit(SIGBUS) | SignalBit(SIGSYS) | SignalBit(SIGXCPU) |
    SignalBit(SIGXFSZ);

}  // namespace emu

#endif  // KERNEL_SIGNAL_SIGNAL_DEFAULTS_H_
