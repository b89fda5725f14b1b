// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/xstate.h"

#include <cstring>
#include <vector>

#include "arch/isa/cpuid.h"
#include "gtest/gtest.h"

namespace emu::isa {
namespace {

std::vector<char> NewImage() {
  std::vector<char> image(XsaveSize(EnabledFeatures()));
  SetInitialXstate(absl::MakeSpan(image));
  return image;
}

uint64_t DigestOf(const std::vector<char>& image) {
  return DigestXstate(image, 0);
}

TEST(DigestXstateTest, SeesTheRegisters) {
  const std::vector<char> before = NewImage();
  for (size_t at : {0, 24, 32, 160, 415}) {  // FCW, MXCSR, ST0, XMM0, XMM15
    std::vector<char> image = before;
    image[at] ^= 1;
    EXPECT_NE(DigestOf(image), DigestOf(before)) << at;
  }
}

TEST(DigestXstateTest, IsBlindToWhatHostsDifferIn) {
  const std::vector<char> before = NewImage();
  // The last x87 instruction, MXCSR_MASK, the software's bytes, which parts are
  // in use.
  for (size_t at : {6, 8, 16, 28, 464, 512}) {
    std::vector<char> image = before;
    image[at] ^= 2;
    EXPECT_EQ(DigestOf(image), DigestOf(before)) << at;
  }
}

TEST(DigestXstateTest, PartsInTheirInitialStateAreAsGoodAsNone) {
  const std::vector<char> whole = NewImage();
  const std::vector<char> small(whole.begin(), whole.begin() + kMinXsaveSize);
  EXPECT_EQ(DigestOf(whole), DigestOf(small));
}

TEST(DigestXstateTest, SeesTheUpperHalves) {
  const CpuidLeaf avx = HostCpuid(0xd, 2);
  if ((EnabledFeatures() & 4) == 0) return;  // a CPU without AVX
  std::vector<char> image = NewImage();
  const uint64_t before = DigestOf(image);
  image[avx.ebx] = 1;
  EXPECT_NE(DigestOf(image), before);
}

// The feature bits of an image that had `bits` set besides those of its legacy
// part, and the byte `at` changed if that is not 0.
uint64_t CanonicalFeatures(uint64_t bits, size_t at) {
  std::vector<char> image = NewImage();
  uint64_t features = kFeatureFp | kFeatureSse | bits;
  std::memcpy(&image[kLegacySize], &features, sizeof(features));
  if (at != 0) image[at] = 1;
  CanonicalizeXstate(absl::MakeSpan(image));
  std::memcpy(&features, &image[kLegacySize], sizeof(features));
  return features & ~(kFeatureFp | kFeatureSse);
}

TEST(CanonicalizeXstateTest, APartIsInUseIfItHoldsSomething) {
  if ((EnabledFeatures() & 4) == 0) return;  // a CPU without AVX
  EXPECT_EQ(CanonicalFeatures(4, 0), 0u);
  EXPECT_EQ(CanonicalFeatures(4, HostCpuid(0xd, 2).ebx), 4u);
}

TEST(CanonicalizeXstateTest, KeepsTheLastX87InstructionForItsException) {
  for (const bool raises : {false, true}) {
    std::vector<char> image = NewImage();
    image[2] = raises ? '\x80' : 0;  // ES of the status word
    image[8] = 1;                    // the instruction's address
    CanonicalizeXstate(absl::MakeSpan(image));
    EXPECT_EQ(image[8], raises ? 1 : 0);
  }
}

}  // namespace
}  // namespace emu::isa
