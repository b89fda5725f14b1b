// SPDX-License-Identifier: Apache-2.0

#include "arch/isa/dwarf_registers.h"

#include <sys/user.h>

#include <algorithm>
#include <cstring>

namespace emu::isa {

DwarfRegisters ToDwarf(const std::string& dump) {
  user_regs_struct regs = {};
  std::memcpy(&regs, dump.data(), std::min(dump.size(), sizeof(regs)));
  return {regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi,
          regs.rbp, regs.rsp, regs.r8,  regs.r9,  regs.r10, regs.r11,
          regs.r12, regs.r13, regs.r14, regs.r15, regs.rip};
}

}  // namespace emu::isa
