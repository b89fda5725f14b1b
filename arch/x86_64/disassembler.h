// SPDX-License-Identifier: Apache-2.0
//
// Capstone, as far as emu uses it: one instruction at a time, and where its
// operands lie in memory. The library's own word on what an instruction reads and
// writes is wrong for many and not asked for. For x86_64's own sources.

#ifndef ARCH_X86_64_DISASSEMBLER_H_
#define ARCH_X86_64_DISASSEMBLER_H_

#include <capstone/capstone.h>

#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "arch/isa/registers.h"
#include "arch/user_ptr.h"

namespace emu::isa {

// The instruction at the start of `bytes`, which lie at `ip`; null if there is
// none that is known. It holds until the next call.
const cs_insn* Disassemble(absl::Span<const uint8_t> bytes, GuestAddr ip);
bool InGroup(const cs_insn& instruction, unsigned group);

// Where an operand in memory lies, before the instruction with `next_ip` behind
// it runs. No value if its address is made of other than 64-bit registers.
std::optional<GuestAddr> AddressOf(const cs_x86_op& operand,
                                   const Registers& regs, GuestAddr next_ip);

}  // namespace emu::isa

#endif  // ARCH_X86_64_DISASSEMBLER_H_
