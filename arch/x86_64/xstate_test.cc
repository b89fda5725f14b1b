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

}  // namespace
}  // namespace emu::isa
