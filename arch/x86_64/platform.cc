// SPDX-License-Identifier: Apache-2.0
#include "arch/x86_64/platform.h"

#include <elf.h>
#include <sys/syscall.h>

#include "arch/isa/cpu_info.h"
#include "arch/isa/signal_frame.h"

namespace emu::isa {
namespace {

// AT_HWCAP is CPUID's leaf 1, edx: here what every x86-64 CPU has, whatever more
// this one says. AT_HWCAP2 tells of instructions that depend on the host's
// kernel, and stays empty.
constexpr uint64_t kHwcap = 0x078bfbff;

}  // namespace

Machine::Platform HostPlatform() {
  Machine::Platform platform = {};
  platform.machine = "x86_64";
  platform.elf_machine = EM_X86_64;
  platform.hwcap = kHwcap;
  platform.min_sigstack = MinSignalStack();
  platform.rt_sigreturn = SYS_rt_sigreturn;
  platform.restart_syscall = SYS_restart_syscall;
  platform.cpu_info = CpuInfo;
  return platform;
}

}  // namespace emu::isa
