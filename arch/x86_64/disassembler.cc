// SPDX-License-Identifier: Apache-2.0
#include "arch/x86_64/disassembler.h"

namespace emu::isa {
namespace {

// Made when the first instruction is asked for.
class Disassembler {
 public:
  Disassembler() {
    if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle_) != CS_ERR_OK) return;
    cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
    instruction_ = cs_malloc(handle_);
  }
  ~Disassembler() {
    if (instruction_ == nullptr) return;
    cs_free(instruction_, 1);
    cs_close(&handle_);
  }

  const cs_insn* Decode(absl::Span<const uint8_t> bytes, GuestAddr ip) {
    const uint8_t* code = bytes.data();
    size_t size = bytes.size();
    if (instruction_ == nullptr ||
        !cs_disasm_iter(handle_, &code, &size, &ip, instruction_)) {
      return nullptr;
    }
    return instruction_;
  }

  bool InGroup(const cs_insn& instruction, unsigned group) const {
    return cs_insn_group(handle_, &instruction, group);
  }

 private:
  csh handle_ = 0;
  cs_insn* instruction_ = nullptr;
};

Disassembler& Shared() {
  static Disassembler disassembler;
  return disassembler;
}

std::optional<uint64_t> Value(const Registers& regs, x86_reg reg,
                              GuestAddr next_ip) {
  switch (reg) {
    case X86_REG_INVALID:
    case X86_REG_RIZ:
      return 0;
    case X86_REG_RAX:
      return regs.rax;
    case X86_REG_RBX:
      return regs.rbx;
    case X86_REG_RCX:
      return regs.rcx;
    case X86_REG_RDX:
      return regs.rdx;
    case X86_REG_RSI:
      return regs.rsi;
    case X86_REG_RDI:
      return regs.rdi;
    case X86_REG_RBP:
      return regs.rbp;
    case X86_REG_RSP:
      return regs.rsp;
    case X86_REG_R8:
      return regs.r8;
    case X86_REG_R9:
      return regs.r9;
    case X86_REG_R10:
      return regs.r10;
    case X86_REG_R11:
      return regs.r11;
    case X86_REG_R12:
      return regs.r12;
    case X86_REG_R13:
      return regs.r13;
    case X86_REG_R14:
      return regs.r14;
    case X86_REG_R15:
      return regs.r15;
    case X86_REG_RIP:
      return next_ip;
    default:
      return std::nullopt;
  }
}

}  // namespace

const cs_insn* Disassemble(absl::Span<const uint8_t> bytes, GuestAddr ip) {
  return Shared().Decode(bytes, ip);
}

bool InGroup(const cs_insn& instruction, unsigned group) {
  return Shared().InGroup(instruction, group);
}

std::optional<GuestAddr> AddressOf(const cs_x86_op& operand,
                                   const Registers& regs, GuestAddr next_ip) {
  const std::optional<uint64_t> base = Value(regs, operand.mem.base, next_ip);
  const std::optional<uint64_t> index = Value(regs, operand.mem.index, next_ip);
  if (!base || !index) return std::nullopt;
  GuestAddr at = static_cast<GuestAddr>(operand.mem.disp) + *base +
                 *index * static_cast<uint64_t>(operand.mem.scale);
  if (operand.mem.segment == X86_REG_FS) at += regs.fs_base;
  if (operand.mem.segment == X86_REG_GS) at += regs.gs_base;
  return at;
}

}  // namespace emu::isa
