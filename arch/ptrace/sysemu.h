// SPDX-License-Identifier: Apache-2.0
//
// PTRACE_SYSEMU (ptrace(2)), for the ISAs that have it: the tracee runs until
// its next system call, which the host does not execute. Errors: as ptrace.h
// says.

#ifndef ARCH_PTRACE_SYSEMU_H_
#define ARCH_PTRACE_SYSEMU_H_

#include <optional>

#include "absl/status/status.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

// Runs until a system call (one stop a call, at its entry), a signal, an event
// or the end.
absl::Status sysemu(Tid tid, std::optional<Signal> signal = std::nullopt);

// The same, but for one instruction at most.
absl::Status sysemu_step(Tid tid, std::optional<Signal> signal = std::nullopt);

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_SYSEMU_H_
