// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/memory_use.h"

#include <optional>

#include "arch/x86_64/disassembler.h"

namespace emu::isa {
namespace {

// Of the instructions that the decoder knows, those that read what is neither a
// register nor memory, write where no operand says, or much.
bool IsOpaque(unsigned id) {
  switch (id) {
    // The host's CPU, or its chance.
    case X86_INS_RDRAND:
    case X86_INS_RDSEED:
    case X86_INS_RDTSC:
    case X86_INS_RDTSCP:
    case X86_INS_RDPMC:
    case X86_INS_XGETBV:
    case X86_INS_SGDT:
    case X86_INS_SIDT:
    case X86_INS_SLDT:
    case X86_INS_STR:
    case X86_INS_SMSW:
    case X86_INS_LAR:
    case X86_INS_LSL:
    case X86_INS_XBEGIN:
    case X86_INS_XEND:
    case X86_INS_XABORT:
    case X86_INS_XTEST:
    // Out of user code, or into another kind of it.
    case X86_INS_INT:
    case X86_INS_INT1:
    case X86_INS_INT3:
    case X86_INS_INTO:
    case X86_INS_IRET:
    case X86_INS_IRETD:
    case X86_INS_IRETQ:
    case X86_INS_SYSCALL:
    case X86_INS_SYSENTER:
    case X86_INS_LCALL:
    case X86_INS_LJMP:
    case X86_INS_RETF:
    case X86_INS_RETFQ:
    case X86_INS_LSS:
    case X86_INS_MONITOR:
    case X86_INS_MWAIT:
    // To memory that no operand names.
    case X86_INS_ENTER:
    case X86_INS_MASKMOVQ:
    case X86_INS_MASKMOVDQU:
    case X86_INS_VMASKMOVDQU:
    case X86_INS_VPSCATTERDD:
    case X86_INS_VPSCATTERDQ:
    case X86_INS_VPSCATTERQD:
    case X86_INS_VPSCATTERQQ:
    case X86_INS_VSCATTERDPD:
    case X86_INS_VSCATTERDPS:
    case X86_INS_VSCATTERQPD:
    case X86_INS_VSCATTERQPS:
    // More than a window, or in a form that differs between CPUs.
    case X86_INS_FNSAVE:
    case X86_INS_FNSTENV:
    case X86_INS_FXSAVE:
    case X86_INS_FXSAVE64:
    case X86_INS_XSAVE:
    case X86_INS_XSAVE64:
    case X86_INS_XSAVEC:
    case X86_INS_XSAVEC64:
    case X86_INS_XSAVEOPT:
    case X86_INS_XSAVEOPT64:
    case X86_INS_XSAVES:
    case X86_INS_XSAVES64:
      return true;
    default:
      return false;
  }
}

// MOVS, CMPS, STOS, LODS and SCAS, by their only byte of opcode: others have the
// prefix as a part of theirs.
bool IsString(uint8_t opcode) {
  return (opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf);
}

bool WritesBelowStackPointer(unsigned id) {
  switch (id) {
    case X86_INS_CALL:
    case X86_INS_PUSH:
    case X86_INS_PUSHF:
    case X86_INS_PUSHFQ:
      return true;
    default:
      return false;
  }
}

// The bit's number says how far from the operand it lies.
bool ReachesFar(unsigned id, const cs_x86& x86) {
  return (id == X86_INS_BTS || id == X86_INS_BTR || id == X86_INS_BTC) &&
         x86.op_count > 1 && x86.operands[1].type == X86_OP_REG;
}

}  // namespace

MemoryUse DecodeMemoryUse(const Registers& regs,
                          absl::Span<const uint8_t> bytes) {
  MemoryUse use;
  const cs_insn* insn = Disassemble(bytes, regs.rip);
  if (insn == nullptr || IsOpaque(insn->id)) return use;
  const cs_x86& x86 = insn->detail->x86;
  if (ReachesFar(insn->id, x86)) return use;
  if (WritesBelowStackPointer(insn->id)) {
    use.windows[use.count++] = regs.rsp - MemoryUse::kWindow;
  }
  for (int i = 0; i < x86.op_count; ++i) {
    const cs_x86_op& op = x86.operands[i];
    // The host's single step goes one instruction further behind this one.
    if (op.type == X86_OP_REG && op.reg == X86_REG_SS) return use;
    if (op.type != X86_OP_MEM) continue;
    const std::optional<GuestAddr> at =
        AddressOf(op, regs, regs.rip + insn->size);
    if (!at || use.count == use.windows.size()) return use;
    use.windows[use.count++] = *at;
  }
  use.known = true;
  return use;
}

std::optional<Repetition> DecodeRepetition(const Registers& regs,
                                           absl::Span<const uint8_t> bytes) {
  const cs_insn* insn = Disassemble(bytes, regs.rip);
  if (insn == nullptr) return std::nullopt;
  const uint8_t prefix = insn->detail->x86.prefix[0];
  const bool repeated = prefix == X86_PREFIX_REP || prefix == X86_PREFIX_REPNE;
  if (!repeated || !IsString(insn->detail->x86.opcode[0])) return std::nullopt;
  return Repetition{regs.rcx, regs.rip + insn->size};
}

}  // namespace emu::isa
