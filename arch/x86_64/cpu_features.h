// SPDX-License-Identifier: Apache-2.0
//
// Extensions of the instruction set by which programs choose their code. Included
// as arch/isa/cpu_features.h.

#ifndef ARCH_X86_64_CPU_FEATURES_H_
#define ARCH_X86_64_CPU_FEATURES_H_

#include <cstdint>
#include <string>
#include <vector>

namespace emu::isa {

// Those that guests find on this CPU, by /proc/cpuinfo's names.
std::vector<std::string> CpuFeatures();

// A digest of what else CPUID says, but for what tells one CPU of a host from
// another.
uint64_t CpuModel();

}  // namespace emu::isa

#endif  // ARCH_X86_64_CPU_FEATURES_H_
