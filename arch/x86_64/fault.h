// SPDX-License-Identifier: Apache-2.0
//
// What a fault was, as far as a tracer can tell. ptrace(2) gives siginfo_t and
// registers, but neither trap number nor error code: they are inferred from the
// signal and, for the kind of access, from the faulting instruction. Included
// as arch/isa/fault.h.

#ifndef ARCH_X86_64_FAULT_H_
#define ARCH_X86_64_FAULT_H_

#include <cstdint>

#include "absl/types/span.h"
#include "arch/isa/registers.h"
#include "arch/signal_frame.h"

namespace emu::isa {

// Completes `fault`, of which signo, code and addr are set. `instruction` is
// what lies at the instruction pointer, empty if that cannot be read.
void DescribeFault(const Registers& regs, absl::Span<const uint8_t> instruction,
                   FaultInfo& fault);

}  // namespace emu::isa

#endif  // ARCH_X86_64_FAULT_H_
