// SPDX-License-Identifier: Apache-2.0
//
// Registers by the numbers that DWARF gives them, for unwinding: the System V
// ABI's AMD64 supplement, figure 3.36. Included as arch/isa/dwarf_registers.h.

#ifndef ARCH_X86_64_DWARF_REGISTERS_H_
#define ARCH_X86_64_DWARF_REGISTERS_H_

#include <array>
#include <cstdint>
#include <string>

namespace emu::isa {

// The last one is the return address column: the instruction pointer.
using DwarfRegisters = std::array<uint64_t, 17>;

// `dump` is what Cpu::DumpRegisters returns.
DwarfRegisters ToDwarf(const std::string& dump);

}  // namespace emu::isa

#endif  // ARCH_X86_64_DWARF_REGISTERS_H_
