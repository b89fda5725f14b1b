// SPDX-License-Identifier: Apache-2.0
//
// The general registers of x86-64 as ptrace(2) has them, in words that every
// ISA knows. Included as arch/isa/registers.h.

#ifndef ARCH_X86_64_REGISTERS_H_
#define ARCH_X86_64_REGISTERS_H_

#include <sys/user.h>

#include <cstddef>
#include <cstdint>

#include "arch/result.h"
#include "arch/signal_frame.h"
#include "arch/user_ptr.h"

namespace emu::isa {

using Registers = user_regs_struct;

// Where PTRACE_POKEUSER finds the registers that change most.
inline constexpr size_t kIpOffset = offsetof(user_regs_struct, rip);
inline constexpr size_t kResultOffset = offsetof(user_regs_struct, rax);
inline constexpr size_t kNumberOffset = offsetof(user_regs_struct, orig_rax);

// And the debug register that holds an address to stop at, and the one that says
// so: bit 0, with a length and kind of 0 for an instruction.
inline constexpr size_t kBreakpointOffset = offsetof(user, u_debugreg[0]);
inline constexpr size_t kBreakpointControlOffset =
    offsetof(user, u_debugreg[7]);
inline constexpr uint64_t kBreakpointOn = 1;

// In kNumberOffset: the stop is in no system call, so that the host neither
// makes nor restarts one.
inline constexpr uint64_t kNoSyscall = ~uint64_t{0};

// Guest memory ends where the stub begins; above the stub is nothing.
inline constexpr GuestAddr kLowestAddress = 0x10000;
inline constexpr GuestAddr kStubAddress = 0x7fff'ffff'c000;
inline constexpr GuestAddr kEndOfMemory = 0x7fff'ffff'f000;

inline GuestAddr Ip(const Registers& regs) { return regs.rip; }
inline GuestAddr Sp(const Registers& regs) { return regs.rsp; }
inline void SetIp(Registers& regs, GuestAddr ip) { regs.rip = ip; }
inline void SetSp(Registers& regs, GuestAddr sp) { regs.rsp = sp; }
inline void SetTls(Registers& regs, GuestAddr tls) { regs.fs_base = tls; }
inline void SetResult(Registers& regs, uint64_t value) { regs.rax = value; }
inline uint64_t GetResult(const Registers& regs) { return regs.rax; }
inline void SetNoSyscall(Registers& regs) { regs.orig_rax = kNoSyscall; }

// Takes out what tells how the host came to stop the thread, and nothing of the
// guest: the call's number, and the flag that holds back a breakpoint.
inline void Neutralize(Registers& regs) {
  SetNoSyscall(regs);
  regs.eflags &= ~uint64_t{0x1'0000};
}
// CPUs differ in the flags that an instruction leaves undefined.
inline void ClearFlags(Registers& regs) { regs.eflags = 0; }

// Makes the system call that `regs` has just left to be made (again).
void RestartSyscall(Registers& regs, uint64_t number);

// What a new program finds.
Registers InitialRegisters(GuestAddr entry, GuestAddr sp);

// Trap flag: the host single-steps a thread whose flags hold it.
inline bool StepsItself(const Registers& regs) {
  return (regs.eflags & 0x100) != 0;
}
// A SYSCALL made while being single-stepped shows the trap flag in r11.
void HideStepFromSyscall(Registers& regs);

// Whether `addr` can stand in a segment base or an instruction pointer.
inline bool IsUserAddress(GuestAddr addr) { return addr < kEndOfMemory; }

// arch_prctl(2): bases of FS and GS. *changed says whether `regs` is to be
// written back.
Result<int64_t> ArchPrctl(Registers& regs, int code, GuestAddr arg,
                          FrameMemory& memory, bool* changed);

}  // namespace emu::isa

#endif  // ARCH_X86_64_REGISTERS_H_
