// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_settings.h"

#include <asm/prctl.h>
#include <errno.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"

namespace emu {

bool TrapTimestampCounter(bool trap) {
  return prctl(PR_SET_TSC, trap ? PR_TSC_SIGSEGV : PR_TSC_ENABLE, 0, 0, 0) == 0;
}

bool TrapCpuid() { return syscall(SYS_arch_prctl, ARCH_SET_CPUID, 0) == 0; }

bool CanTrapCpuid() {
  return TrapCpuid() && syscall(SYS_arch_prctl, ARCH_SET_CPUID, 1) == 0;
}

int CpuToPinTo(int preferred) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return -1;
  if (preferred >= 0 && preferred < CPU_SETSIZE &&
      CPU_ISSET(preferred, &allowed)) {
    return preferred;
  }
  int skip = getpid() % CPU_COUNT(&allowed);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &allowed) || skip-- > 0) ++cpu;
  return cpu;
}

absl::Status PinToOneCpu(int preferred) {
  const int cpu = CpuToPinTo(preferred);
  if (cpu < 0) return HostError(errno, "sched_getaffinity(0)");
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof(one), &one) != 0) {
    return HostError(errno, absl::StrCat("sched_setaffinity(0, {", cpu, "})"));
  }
  return absl::OkStatus();
}

void RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

CpuAffinity::CpuAffinity() {
  if (sched_getaffinity(0, sizeof(before_), &before_) != 0) CPU_ZERO(&before_);
}

CpuAffinity::~CpuAffinity() {
  if (CPU_COUNT(&before_) > 0) {
    sched_setaffinity(0, sizeof(before_), &before_);
  }
}

}  // namespace emu
