// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/instruction.h"

#include <linux/audit.h>
#include <sys/syscall.h>

#include "arch/isa/cpuid.h"

namespace emu::isa {
namespace {

bool IsLegacyPrefix(uint8_t byte) {
  switch (byte) {
    case 0x26:
    case 0x2e:
    case 0x36:
    case 0x3e:
    case 0x64:
    case 0x65:
    case 0x66:
    case 0x67:
    case 0xf2:
    case 0xf3:
      return true;
    default:
      return false;
  }
}

// What is behind the prefixes; REX must come last to count, and none of the
// instructions here cares about it.
absl::Span<const uint8_t> SkipPrefixes(absl::Span<const uint8_t> bytes) {
  while (!bytes.empty() &&
         (IsLegacyPrefix(bytes[0]) || (bytes[0] & 0xf0) == 0x40)) {
    bytes.remove_prefix(1);
  }
  return bytes;
}

}  // namespace

std::optional<TrappedInstruction> DecodeTrapped(
    absl::Span<const uint8_t> bytes) {
  const absl::Span<const uint8_t> opcode = SkipPrefixes(bytes);
  const size_t prefixes = bytes.size() - opcode.size();
  if (opcode.size() < 2 || opcode[0] != 0x0f) return std::nullopt;
  if (opcode[1] == 0x31)
    return TrappedInstruction{Stop::Trap::kTsc, prefixes + 2};
  if (opcode[1] == 0xa2) {
    return TrappedInstruction{Stop::Trap::kCpuid, prefixes + 2};
  }
  if (opcode.size() >= 3 && opcode[1] == 0x01 && opcode[2] == 0xf9) {
    return TrappedInstruction{Stop::Trap::kTscAux, prefixes + 3};
  }
  return std::nullopt;
}

void FinishTrapped(Registers& regs, const TrappedInstruction& instruction,
                   uint64_t value) {
  regs.rip += instruction.length;
  switch (instruction.trap) {
    case Stop::Trap::kTscAux:
      regs.rcx = 0;  // CPU 0 of node 0
      [[fallthrough]];
    case Stop::Trap::kTsc:
      regs.rax = static_cast<uint32_t>(value);
      regs.rdx = value >> 32;
      break;
    case Stop::Trap::kCpuid: {
      const CpuidLeaf leaf = GuestCpuid(static_cast<uint32_t>(regs.rax),
                                        static_cast<uint32_t>(regs.rcx));
      regs.rax = leaf.eax;
      regs.rbx = leaf.ebx;
      regs.rcx = leaf.ecx;
      regs.rdx = leaf.edx;
      break;
    }
  }
}

size_t PushedFlags(absl::Span<const uint8_t> bytes) {
  const absl::Span<const uint8_t> opcode = SkipPrefixes(bytes);
  if (opcode.empty() || opcode[0] != 0x9c) return 0;
  for (uint8_t byte : bytes.first(bytes.size() - opcode.size())) {
    if (byte == 0x66) return 2;
  }
  return 8;
}

std::optional<uint64_t> VsyscallNumber(GuestAddr ip) {
  if (!InVsyscallPage(ip)) return std::nullopt;
  switch (ip & 0xfff) {
    case 0x000:
      return SYS_gettimeofday;
    case 0x400:
      return SYS_time;
    case 0x800:
      return SYS_getcpu;
    default:
      return std::nullopt;
  }
}

bool IsForeignSyscall(uint32_t arch, uint64_t number) {
  constexpr uint64_t kX32Bit = 0x4000'0000;
  // Negative numbers have every bit.
  return arch != AUDIT_ARCH_X86_64 || (number >> 30) == (kX32Bit >> 30);
}

std::array<uint64_t, 6> SyscallArgs(const Registers& regs) {
  return {regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9};
}

}  // namespace emu::isa
