// SPDX-License-Identifier: Apache-2.0

#include "arch/isa/cpu_features.h"

#include <cstdint>

#include "arch/base/digest.h"
#include "arch/isa/cpuid.h"

namespace emu::isa {
namespace {

struct Feature {
  uint32_t leaf;  // subleaf 0
  uint32_t CpuidLeaf::*part;
  int bit;
  const char* name;
};

constexpr Feature kFeatures[] = {
    {1, &CpuidLeaf::ecx, 0, "pni"},
    {1, &CpuidLeaf::ecx, 1, "pclmulqdq"},
    {1, &CpuidLeaf::ecx, 9, "ssse3"},
    {1, &CpuidLeaf::ecx, 12, "fma"},
    {1, &CpuidLeaf::ecx, 19, "sse4_1"},
    {1, &CpuidLeaf::ecx, 20, "sse4_2"},
    {1, &CpuidLeaf::ecx, 22, "movbe"},
    {1, &CpuidLeaf::ecx, 23, "popcnt"},
    {1, &CpuidLeaf::ecx, 25, "aes"},
    {1, &CpuidLeaf::ecx, 26, "xsave"},
    {1, &CpuidLeaf::ecx, 28, "avx"},
    {1, &CpuidLeaf::ecx, 29, "f16c"},
    {7, &CpuidLeaf::ebx, 3, "bmi1"},
    {7, &CpuidLeaf::ebx, 5, "avx2"},
    {7, &CpuidLeaf::ebx, 8, "bmi2"},
    {7, &CpuidLeaf::ebx, 9, "erms"},
    {7, &CpuidLeaf::ebx, 16, "avx512f"},
    {7, &CpuidLeaf::ebx, 17, "avx512dq"},
    {7, &CpuidLeaf::ebx, 19, "adx"},
    {7, &CpuidLeaf::ebx, 21, "avx512ifma"},
    {7, &CpuidLeaf::ebx, 28, "avx512cd"},
    {7, &CpuidLeaf::ebx, 29, "sha_ni"},
    {7, &CpuidLeaf::ebx, 30, "avx512bw"},
    {7, &CpuidLeaf::ebx, 31, "avx512vl"},
    {7, &CpuidLeaf::ecx, 1, "avx512vbmi"},
    {7, &CpuidLeaf::ecx, 6, "avx512_vbmi2"},
    {7, &CpuidLeaf::ecx, 8, "gfni"},
    {7, &CpuidLeaf::ecx, 9, "vaes"},
    {7, &CpuidLeaf::ecx, 10, "vpclmulqdq"},
    {7, &CpuidLeaf::ecx, 11, "avx512_vnni"},
    {7, &CpuidLeaf::ecx, 12, "avx512_bitalg"},
    {7, &CpuidLeaf::ecx, 14, "avx512_vpopcntdq"},
    {7, &CpuidLeaf::edx, 4, "fsrm"},
    {0x8000'0001, &CpuidLeaf::ecx, 0, "lahf_lm"},
    {0x8000'0001, &CpuidLeaf::ecx, 5, "abm"},
    {0x8000'0001, &CpuidLeaf::ecx, 11, "xop"},
    {0x8000'0001, &CpuidLeaf::ecx, 16, "fma4"},
};

}  // namespace

std::vector<std::string> CpuFeatures() {
  std::vector<std::string> names;
  // In a virtual machine each takes 30 us or more.
  uint32_t known = UINT32_MAX;
  CpuidLeaf leaf = {};
  for (const Feature& feature : kFeatures) {
    if (feature.leaf != known) {
      known = feature.leaf;
      leaf = {};
      if (GuestCpuid(known & 0x8000'0000, 0).eax >= known) {
        leaf = GuestCpuid(known, 0);
      }
    }
    if (((leaf.*feature.part >> feature.bit) & 1) != 0) {
      names.push_back(feature.name);
    }
  }
  return names;
}

uint64_t CpuModel() {
  // The vendor; family, model and features; the name; the address sizes; what the
  // cores of a package share, in Intel's words and AMD's. Few: see above.
  struct Leaf {
    uint32_t leaf, subleaf;
  };
  constexpr Leaf kLeaves[] = {
      {0, 0},           {1, 0},           {7, 0},
      {7, 1},           {4, 3},           {0x8000'0001, 0},
      {0x8000'0002, 0}, {0x8000'0003, 0}, {0x8000'0004, 0},
      {0x8000'0008, 0}, {0x8000'001d, 3},
  };
  uint64_t digest = 0;
  for (const auto& [number, subleaf] : kLeaves) {
    const CpuidLeaf leaf = GuestCpuid(number, subleaf);
    digest = Digest(&leaf, sizeof(leaf), digest);
  }
  return digest;
}

}  // namespace emu::isa
