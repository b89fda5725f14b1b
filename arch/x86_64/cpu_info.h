// SPDX-License-Identifier: Apache-2.0
//
// /proc/cpuinfo of x86: of a CPU that is the same on every host, and claims no
// more than any has that guests are likely to meet. Its time stamp counter, as
// guests see it, runs at 1 GHz.

#ifndef ARCH_X86_64_CPU_INFO_H_
#define ARCH_X86_64_CPU_INFO_H_

#include <string>

namespace emu::isa {

// What is said of processor `cpu` of `cpus`, behind its number.
std::string CpuInfo(int cpu, int cpus);

}  // namespace emu::isa

#endif  // ARCH_X86_64_CPU_INFO_H_
