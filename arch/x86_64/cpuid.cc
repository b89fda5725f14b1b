// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/cpuid.h"

#include <cpuid.h>

namespace emu::isa {
namespace {

constexpr uint32_t Bits() { return 0; }
template <typename... Rest>
constexpr uint32_t Bits(int bit, Rest... rest) {
  return (uint32_t{1} << bit) | Bits(rest...);
}

}  // namespace

CpuidLeaf HostCpuid(uint32_t leaf, uint32_t subleaf) {
  CpuidLeaf result;
  __cpuid_count(leaf, subleaf, result.eax, result.ebx, result.ecx, result.edx);
  return result;
}

CpuidLeaf GuestCpuid(uint32_t leaf, uint32_t subleaf) {
  return MaskCpuid(leaf, subleaf, HostCpuid(leaf, subleaf));
}

CpuidLeaf MaskCpuid(uint32_t leaf, uint32_t subleaf, const CpuidLeaf& host) {
  CpuidLeaf result = host;
  switch (leaf) {
    case 0x1:
      // APIC id 0, one logical CPU; no RDRAND (30), x2APIC (21).
      result.ebx = (result.ebx & 0xffff) | (1 << 16);
      result.ecx &= ~Bits(30, 21);
      break;
    case 0x4:
      result.eax &= 0x3fff;  // shared by one CPU, one core a package
      break;
    case 0x7:
      if (subleaf == 0) {
        // RTM (11), HLE (4), RDSEED (18); RDPID (ecx 22).
        result.ebx &= ~Bits(4, 11, 18);
        result.ecx &= ~Bits(22);
      }
      break;
    case 0xa:  // performance counters
      result = {};
      break;
    case 0xb:
    case 0x1f:  // topology: one thread of one core
      result.eax = 0;
      result.ebx = subleaf < 2 ? 1 : 0;
      result.ecx = subleaf | (subleaf < 2 ? (subleaf + 1) << 8 : 0);
      result.edx = 0;
      break;
    case 0x8000'0008:
      result.ecx &= ~uint32_t{0xffff};  // one core
      break;
    case 0x8000'001e:  // AMD's topology
      result.eax = 0;
      result.ebx = 0;
      result.ecx = 0;
      break;
    default:
      break;
  }
  return result;
}

}  // namespace emu::isa
