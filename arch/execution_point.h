// SPDX-License-Identifier: Apache-2.0
//
// A point in a thread's execution, described so that another run of the same
// program can tell when it is there: by digests alone, which do not depend on the
// host.

#ifndef ARCH_EXECUTION_POINT_H_
#define ARCH_EXECUTION_POINT_H_

#include <cstdint>

#include "arch/user_ptr.h"

namespace emu {

struct ExecutionPoint {
  GuestAddr ip = 0;
  uint64_t registers = 0;  // Digest of all that the ISA has
  uint64_t stack = 0;      // Digest of the page that the stack pointer is in

  friend bool operator==(const ExecutionPoint&,
                         const ExecutionPoint&) = default;
};

}  // namespace emu

#endif  // ARCH_EXECUTION_POINT_H_
