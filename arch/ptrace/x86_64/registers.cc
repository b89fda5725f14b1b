// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/isa/registers.h"

#include <cstdint>

#include "absl/status/status.h"
#include "arch/ptrace/request.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

absl::Status getregs(Tid tid, GeneralRegisters::Regs* regs) {
  return Call(Request::GETREGS, tid, 0, reinterpret_cast<uintptr_t>(regs));
}

absl::Status setregs(Tid tid, const GeneralRegisters::Regs& regs) {
  return Call(Request::SETREGS, tid, 0, reinterpret_cast<uintptr_t>(&regs));
}

absl::Status getfpregs(Tid tid, FloatingPointRegisters::Regs* regs) {
  return Call(Request::GETFPREGS, tid, 0, reinterpret_cast<uintptr_t>(regs));
}

absl::Status setfpregs(Tid tid, const FloatingPointRegisters::Regs& regs) {
  return Call(Request::SETFPREGS, tid, 0, reinterpret_cast<uintptr_t>(&regs));
}

}  // namespace emu::ptrace
