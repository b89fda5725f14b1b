// SPDX-License-Identifier: Apache-2.0
//
// The register sets of x86-64, and the requests that read and write the two
// common ones whole. Included as arch/ptrace/isa/registers.h, where each ISA
// offers GeneralRegisters, FloatingPointRegisters and the functions below; one
// without PTRACE_GETREGS makes them from getregset(). Errors: as ptrace.h says.

#ifndef ARCH_PTRACE_X86_64_REGISTERS_H_
#define ARCH_PTRACE_X86_64_REGISTERS_H_

#include <sys/user.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "arch/ptrace/register_set.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

// What XSAVE writes, in its standard format. The kernel fills as much as the
// CPU's features need: 576 bytes and up, 11,008 with AMX.
struct XsaveArea {
  user_fpregs_struct legacy;
  uint64_t xstate_bv;
  uint64_t xcomp_bv;
  uint64_t reserved[6];
  std::byte extended[16384 - 576];
};
static_assert(sizeof(XsaveArea) == 16384);
static_assert(offsetof(XsaveArea, extended) == 576);

template <>
struct RegisterSet<RegisterSetValue::PRSTATUS> {
  static constexpr RegisterSetValue kValue = RegisterSetValue::PRSTATUS;
  using Regs = user_regs_struct;
};
template <>
struct RegisterSet<RegisterSetValue::PRFPREG> {
  static constexpr RegisterSetValue kValue = RegisterSetValue::PRFPREG;
  using Regs = user_fpregs_struct;
};
template <>
struct RegisterSet<RegisterSetValue::X86_XSTATE> {
  static constexpr RegisterSetValue kValue = RegisterSetValue::X86_XSTATE;
  using Regs = XsaveArea;
};

using GeneralRegisters = RegisterSet<RegisterSetValue::PRSTATUS>;
using FloatingPointRegisters = RegisterSet<RegisterSetValue::PRFPREG>;
using ExtendedRegisters = RegisterSet<RegisterSetValue::X86_XSTATE>;

// PTRACE_GETREGS and PTRACE_SETREGS. EIO: a value that no user code could have
// (a segment base outside the address space).
absl::Status getregs(Tid tid, GeneralRegisters::Regs* regs);
absl::Status setregs(Tid tid, const GeneralRegisters::Regs& regs);

// PTRACE_GETFPREGS and PTRACE_SETFPREGS: x87 and SSE. EINVAL: reserved bits of
// mxcsr set.
absl::Status getfpregs(Tid tid, FloatingPointRegisters::Regs* regs);
absl::Status setfpregs(Tid tid, const FloatingPointRegisters::Regs& regs);

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_X86_64_REGISTERS_H_
