// SPDX-License-Identifier: Apache-2.0
//
// What the CPU says of itself: to emu, and, where CPUID can be trapped, to
// guests.

#ifndef ARCH_X86_64_CPUID_H_
#define ARCH_X86_64_CPUID_H_

#include <cstdint>

namespace emu::isa {

struct CpuidLeaf {
  uint32_t eax = 0;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
};

CpuidLeaf HostCpuid(uint32_t leaf, uint32_t subleaf);

// The host's answer for a single CPU numbered 0, without RDRAND, RDSEED, TSX
// and the cycle counters, whose results no two runs share.
CpuidLeaf GuestCpuid(uint32_t leaf, uint32_t subleaf);
// The second half of that: what becomes of `host`.
CpuidLeaf MaskCpuid(uint32_t leaf, uint32_t subleaf, const CpuidLeaf& host);

}  // namespace emu::isa

#endif  // ARCH_X86_64_CPUID_H_
