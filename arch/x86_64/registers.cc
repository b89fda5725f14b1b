// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/registers.h"

#include <asm/prctl.h>

namespace emu::isa {
namespace {

constexpr uint64_t kInitialFlags = 0x202;  // IF and the bit that is always set
constexpr uint64_t kUserCs = 0x33;
constexpr uint64_t kUserSs = 0x2b;
constexpr uint64_t kSyscallLength = 2;  // SYSCALL and INT 0x80

}  // namespace

void RestartSyscall(Registers& regs, uint64_t number) {
  regs.rip -= kSyscallLength;
  regs.rax = number;
}

Registers InitialRegisters(GuestAddr entry, GuestAddr sp) {
  Registers regs = {};
  regs.rip = entry;
  regs.rsp = sp;
  regs.eflags = kInitialFlags;
  regs.cs = kUserCs;
  regs.ss = kUserSs;
  SetNoSyscall(regs);
  return regs;
}

void HideStepFromSyscall(Registers& regs) {
  if (!StepsItself(regs)) regs.r11 &= ~uint64_t{0x100};
}

Result<int64_t> ArchPrctl(Registers& regs, int code, GuestAddr arg,
                          FrameMemory& memory, bool* changed) {
  *changed = false;
  switch (code) {
    case ARCH_SET_FS:
    case ARCH_SET_GS:
      if (!IsUserAddress(arg)) return Errno(EPERM);
      (code == ARCH_SET_FS ? regs.fs_base : regs.gs_base) = arg;
      // As Linux: setting the base makes the selector null.
      (code == ARCH_SET_FS ? regs.fs : regs.gs) = 0;
      *changed = true;
      return 0;
    case ARCH_GET_FS:
    case ARCH_GET_GS: {
      uint64_t base = code == ARCH_GET_FS ? regs.fs_base : regs.gs_base;
      TRY(memory.CopyOut(arg, &base, sizeof(base)));
      return 0;
    }
    case ARCH_GET_CPUID:
      return 1;  // enabled: CPUID answers, whether trapped or not
    default:
      return Errno(EINVAL);
  }
}

}  // namespace emu::isa
