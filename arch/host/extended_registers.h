// SPDX-License-Identifier: Apache-2.0
//
// A thread's floating-point and vector registers, in the layout that the ISA
// keeps them in memory.

#ifndef ARCH_HOST_EXTENDED_REGISTERS_H_
#define ARCH_HOST_EXTENDED_REGISTERS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "arch/ptrace/isa/registers.h"
#include "arch/ptrace/types.h"

namespace emu {

class ExtendedRegisters {
 public:
  absl::Status Fetch(ptrace::Tid tid);
  absl::Status Store(ptrace::Tid tid) const;

  // As many as the last Fetch found.
  absl::Span<char> bytes() {
    return absl::MakeSpan(reinterpret_cast<char*>(&area_), size_);
  }

 private:
  ptrace::ExtendedRegisters::Regs area_ = {};
  size_t size_ = 0;
};

}  // namespace emu

#endif  // ARCH_HOST_EXTENDED_REGISTERS_H_
