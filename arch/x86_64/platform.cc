// SPDX-License-Identifier: Apache-2.0
#include "arch/x86_64/platform.h"

#include <elf.h>
#include <sys/auxv.h>
#include <sys/syscall.h>

#include "arch/isa/cpu_info.h"
#include "arch/isa/cpuid.h"
#include "arch/isa/signal_frame.h"

namespace emu::isa {
namespace {

// Whether user code may write the bases of FS and GS is the host kernel's to
// say; CPUID does not tell. The other bit, ring 3's MWAIT, waits for what no
// guest should see.
constexpr uint64_t kFsGsBase = 2;  // HWCAP2_FSGSBASE

}  // namespace

Machine::Platform HostPlatform() {
  Machine::Platform platform = {};
  platform.machine = "x86_64";
  platform.elf_machine = EM_X86_64;
  platform.hwcap = HostCpuid(1, 0).edx;
  platform.hwcap2 = getauxval(AT_HWCAP2) & kFsGsBase;
  platform.min_sigstack = MinSignalStack();
  platform.rt_sigreturn = SYS_rt_sigreturn;
  platform.restart_syscall = SYS_restart_syscall;
  platform.cpu_info = CpuInfo;
  return platform;
}

}  // namespace emu::isa
