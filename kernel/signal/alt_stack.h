// SPDX-License-Identifier: Apache-2.0
//
// sigaltstack(2).

#ifndef KERNEL_SIGNAL_ALT_STACK_H_
#define KERNEL_SIGNAL_ALT_STACK_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/signal_frame.h"

namespace emu {

class Task;

inline constexpr int32_t kAltStackOn = 1;                 // SS_ONSTACK
inline constexpr int32_t kAltStackDisabled = 2;           // SS_DISABLE
inline constexpr int32_t kAltStackAutodisarm = INT32_MIN;  // SS_AUTODISARM

// Whether `sp` lies in it, and whether a task with that stack pointer counts as
// running on it (one that disarms itself never does).
bool IsWithinAltStack(const AltStack& stack, GuestAddr sp);
bool IsOnAltStack(const AltStack& stack, GuestAddr sp);

// EPERM while the task runs on its present one, EINVAL for unknown flags,
// ENOMEM for one that is too small.
Result<> SetAltStack(Task& task, const AltStack& stack);

}  // namespace emu

#endif  // KERNEL_SIGNAL_ALT_STACK_H_
