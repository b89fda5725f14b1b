// SPDX-License-Identifier: Apache-2.0
//
// A processor in words: /proc/cpuinfo's, as CPUID tells guests.

#ifndef ARCH_X86_64_CPU_INFO_H_
#define ARCH_X86_64_CPU_INFO_H_

#include <string>

namespace emu::isa {

// The lines for processor `cpu` of `cpus`, behind the one with its number.
std::string CpuInfo(int cpu, int cpus);

}  // namespace emu::isa

#endif  // ARCH_X86_64_CPU_INFO_H_
