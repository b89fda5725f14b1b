// SPDX-License-Identifier: Apache-2.0
//
// Request: every ptrace(2) request of this ISA, and the one way to make one.
// The typed functions (ptrace.h, register_set.h, sysemu.h, ...) are built on
// it.

#ifndef ARCH_PTRACE_REQUEST_H_
#define ARCH_PTRACE_REQUEST_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

enum class Request : int {
#define REQUEST(name, number) name = number,
#include "arch/ptrace/isa/requests.inc"
#include "arch/ptrace/requests.inc"
#undef REQUEST
};

// "PTRACE_CONT" for Request::CONT.
absl::string_view RequestName(Request request);

// The bare system call: what the kernel returned, or -errno. Unlike glibc's
// ptrace(), it gives a peeked word through `data`, so that -1 is a word like
// any other and no errno needs clearing.
long RawCall(Request request, Tid tid, uintptr_t addr, uintptr_t data);

// "ptrace(PTRACE_CONT, 123): No such process" for ESRCH; see ErrnoOf().
absl::Status CallError(Request request, Tid tid, int error);

// One request whose result is success or failure.
inline absl::Status Call(Request request, Tid tid, uintptr_t addr = 0,
                         uintptr_t data = 0) {
  const long result = RawCall(request, tid, addr, data);
  if (result < 0) return CallError(request, tid, static_cast<int>(-result));
  return absl::OkStatus();
}

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_REQUEST_H_
