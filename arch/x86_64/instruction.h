// SPDX-License-Identifier: Apache-2.0
//
// The few x86-64 instructions that emu must know by their bytes: those that are
// trapped and answered by emu, and those that show the trap flag. Included as
// arch/isa/instruction.h.

#ifndef ARCH_X86_64_INSTRUCTION_H_
#define ARCH_X86_64_INSTRUCTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "arch/isa/registers.h"
#include "arch/machine.h"
#include "arch/user_ptr.h"

namespace emu::isa {

// No instruction is longer.
inline constexpr size_t kMaxInstruction = 15;

struct TrappedInstruction {
  Stop::Trap trap;
  size_t length;
};

// RDTSC, RDTSCP or CPUID, with whatever prefixes, at the start of `bytes`.
std::optional<TrappedInstruction> DecodeTrapped(
    absl::Span<const uint8_t> bytes);

// Executes it in `regs`: `value` is the counter; CPUID is answered from the
// host's CPU without what would make two runs differ.
void FinishTrapped(Registers& regs, const TrappedInstruction& instruction,
                   uint64_t value);

// How many bytes the PUSHF at the start of `bytes` pushes; 0: it is none.
size_t PushedFlags(absl::Span<const uint8_t> bytes);
inline constexpr uint64_t kTrapFlag = 0x100;

// The vsyscall page, which the host answers without a stop.
constexpr bool InVsyscallPage(GuestAddr ip) {
  return (ip & ~GuestAddr{0xfff}) == 0xffff'ffff'ff60'0000;
}
// The system call that an entry of it stands for.
std::optional<uint64_t> VsyscallNumber(GuestAddr ip);

// What its RET does; `read` copies a word and says whether it could.
template <typename Read>
bool ReturnFromVsyscall(Registers& regs, Read read) {
  GuestAddr back = 0;
  if (!read(regs.rsp, &back)) return false;
  regs.rip = back;
  regs.rsp += 8;
  return true;
}

// Whether a system call came by an entry other than 64-bit SYSCALL's: int 0x80
// or x32 (`arch` is AUDIT_ARCH_*).
bool IsForeignSyscall(uint32_t arch, uint64_t number);

// The arguments of the system call that `regs` would make.
std::array<uint64_t, 6> SyscallArgs(const Registers& regs);

}  // namespace emu::isa

#endif  // ARCH_X86_64_INSTRUCTION_H_
