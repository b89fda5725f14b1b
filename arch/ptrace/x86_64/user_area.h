// SPDX-License-Identifier: Apache-2.0
//
// Where read_user() and write_user() find the registers of x86-64: offsets into
// struct user of <sys/user.h>. Included as arch/ptrace/isa/user_area.h.

#ifndef ARCH_PTRACE_X86_64_USER_AREA_H_
#define ARCH_PTRACE_X86_64_USER_AREA_H_

#include <sys/user.h>

#include <cstddef>

#include "arch/ptrace/types.h"

namespace emu::ptrace::user_offset {

inline constexpr UserOffset r15{offsetof(user, regs.r15)};
inline constexpr UserOffset r14{offsetof(user, regs.r14)};
inline constexpr UserOffset r13{offsetof(user, regs.r13)};
inline constexpr UserOffset r12{offsetof(user, regs.r12)};
inline constexpr UserOffset rbp{offsetof(user, regs.rbp)};
inline constexpr UserOffset rbx{offsetof(user, regs.rbx)};
inline constexpr UserOffset r11{offsetof(user, regs.r11)};
inline constexpr UserOffset r10{offsetof(user, regs.r10)};
inline constexpr UserOffset r9{offsetof(user, regs.r9)};
inline constexpr UserOffset r8{offsetof(user, regs.r8)};
inline constexpr UserOffset rax{offsetof(user, regs.rax)};
inline constexpr UserOffset rcx{offsetof(user, regs.rcx)};
inline constexpr UserOffset rdx{offsetof(user, regs.rdx)};
inline constexpr UserOffset rsi{offsetof(user, regs.rsi)};
inline constexpr UserOffset rdi{offsetof(user, regs.rdi)};
inline constexpr UserOffset orig_rax{offsetof(user, regs.orig_rax)};
inline constexpr UserOffset rip{offsetof(user, regs.rip)};
inline constexpr UserOffset cs{offsetof(user, regs.cs)};
inline constexpr UserOffset eflags{offsetof(user, regs.eflags)};
inline constexpr UserOffset rsp{offsetof(user, regs.rsp)};
inline constexpr UserOffset ss{offsetof(user, regs.ss)};
inline constexpr UserOffset fs_base{offsetof(user, regs.fs_base)};
inline constexpr UserOffset gs_base{offsetof(user, regs.gs_base)};
inline constexpr UserOffset ds{offsetof(user, regs.ds)};
inline constexpr UserOffset es{offsetof(user, regs.es)};
inline constexpr UserOffset fs{offsetof(user, regs.fs)};
inline constexpr UserOffset gs{offsetof(user, regs.gs)};

// Debug register `n`, 0 to 3, 6 or 7.
constexpr UserOffset DebugRegister(size_t n) {
  return {offsetof(user, u_debugreg) + n * sizeof(user::u_debugreg[0])};
}

}  // namespace emu::ptrace::user_offset

#endif  // ARCH_PTRACE_X86_64_USER_AREA_H_
