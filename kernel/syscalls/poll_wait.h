// SPDX-License-Identifier: Apache-2.0
//
// What the calls that wait for several files have in common: the signal mask
// that holds while they wait, and their time limit.

#ifndef KERNEL_SYSCALLS_POLL_WAIT_H_
#define KERNEL_SYSCALLS_POLL_WAIT_H_

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "arch/abi/time.h"
#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/clock.h"
#include "kernel/signal/signal_state.h"

namespace emu {

class Task;

// Takes the mask at `mask` (unless null) for the length of the call; the old one
// comes back when it ends. EINVAL: `size` is not the kernel's; EFAULT.
Result<> UseMaskWhileWaiting(Task& task, UserPtr<const SignalSet> mask,
                             uint64_t size);

// A length of time as these calls take it: null means no limit. Nothing on later
// runs of the handler: the wait's end is set. EFAULT, EINVAL.
Result<std::optional<Nanos>> ReadTimeout(Task& task,
                                         UserPtr<const abi::timespec> timeout);

// Sets the wait's end, at the call's first run. A limit of zero says that the
// call polls.
void LimitWait(Task& task, std::optional<Nanos> timeout);

// Whether the wait is over although nothing came: its end is there, or a signal,
// which then is the result.
bool WaitIsOver(Task& task);

// Tells a guest that gave a limit how much of it is left, when the call ends.
// Returns what the call is to return; `write` stores the time.
Result<int> WithTimeLeft(Task& task, const Result<int>& result,
                         absl::FunctionRef<Result<>(Nanos)> write);

}  // namespace emu

#endif  // KERNEL_SYSCALLS_POLL_WAIT_H_
