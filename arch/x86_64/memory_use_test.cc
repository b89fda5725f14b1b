// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/memory_use.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu::isa {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr GuestAddr kIp = 0x400000;
constexpr GuestAddr kSp = 0x8000;

Registers TestRegisters() {
  Registers regs = InitialRegisters(kIp, kSp);
  regs.rax = 0x10000;
  regs.rcx = 0x20;
  regs.rdi = 0x30000;
  regs.rsi = 0x40000;
  regs.fs_base = 0x70000;
  return regs;
}

std::vector<GuestAddr> Windows(const std::vector<uint8_t>& bytes) {
  const MemoryUse use = DecodeMemoryUse(TestRegisters(), bytes);
  EXPECT_TRUE(use.known);
  return {use.windows.begin(), use.windows.begin() + use.count};
}

bool Known(const std::vector<uint8_t>& bytes) {
  return DecodeMemoryUse(TestRegisters(), bytes).known;
}

TEST(MemoryUseTest, NamesEveryOperandInMemory) {
  // mov [rax], rcx; xchg [rax], rcx; lock cmpxchg [rax], rcx
  EXPECT_THAT(Windows({0x48, 0x89, 0x08}), ElementsAre(0x10000));
  EXPECT_THAT(Windows({0x48, 0x87, 0x08}), ElementsAre(0x10000));
  EXPECT_THAT(Windows({0xf0, 0x48, 0x0f, 0xb1, 0x08}), ElementsAre(0x10000));
  // mov [rax + rcx*4 - 1], ecx; mov fs:[0x10], eax; mov [rip + 0x10], eax
  EXPECT_THAT(Windows({0x89, 0x4c, 0x88, 0xff}), ElementsAre(0x1007f));
  EXPECT_THAT(Windows({0x64, 0x89, 0x04, 0x25, 0x10, 0, 0, 0}),
              ElementsAre(0x70010));
  EXPECT_THAT(Windows({0x89, 0x05, 0x10, 0, 0, 0}), ElementsAre(kIp + 0x16));
  // rep stosb; movsq
  EXPECT_THAT(Windows({0xf3, 0xaa}), testing::Contains(0x30000));
  EXPECT_THAT(Windows({0x48, 0xa5}), testing::Contains(0x30000));
}

TEST(DecodeRepetitionTest, KnowsThoseThatRepeatThemselves) {
  const auto decode = [](const std::vector<uint8_t>& bytes) {
    return DecodeRepetition(TestRegisters(), bytes);
  };
  // rep stosb; repne scasb; rep movsq
  ASSERT_TRUE(decode({0xf3, 0xaa}));
  EXPECT_EQ(decode({0xf3, 0xaa})->rounds, 0x20u);
  EXPECT_EQ(decode({0xf3, 0xaa})->end, kIp + 2);
  EXPECT_TRUE(decode({0xf2, 0xae}));
  EXPECT_EQ(decode({0xf3, 0x48, 0xa5})->end, kIp + 3);
  // movsb; pause; popcnt eax, ecx; movsd xmm0, [rax]
  EXPECT_FALSE(decode({0xa4}));
  EXPECT_FALSE(decode({0xf3, 0x90}));
  EXPECT_FALSE(decode({0xf3, 0x0f, 0xb8, 0xc1}));
  EXPECT_FALSE(decode({0xf2, 0x0f, 0x10, 0x00}));
}

TEST(MemoryUseTest, KnowsTheStack) {
  // push rax; call +0; pushfq; push [rax]; pop rax; ret
  EXPECT_THAT(Windows({0x50}), ElementsAre(kSp - 64));
  EXPECT_THAT(Windows({0xe8, 0, 0, 0, 0}), ElementsAre(kSp - 64));
  EXPECT_THAT(Windows({0x9c}), ElementsAre(kSp - 64));
  EXPECT_THAT(Windows({0xff, 0x30}), ElementsAre(kSp - 64, 0x10000));
  EXPECT_THAT(Windows({0x58}), IsEmpty());
  EXPECT_THAT(Windows({0xc3}), IsEmpty());
}

TEST(MemoryUseTest, RegistersAloneChangeNoMemory) {
  // pause; inc rax; cmp eax, ecx; jne -2
  EXPECT_THAT(Windows({0xf3, 0x90}), IsEmpty());
  EXPECT_THAT(Windows({0x48, 0xff, 0xc0}), IsEmpty());
  EXPECT_THAT(Windows({0x39, 0xc8}), IsEmpty());
  EXPECT_THAT(Windows({0x75, 0xfe}), IsEmpty());
}

TEST(MemoryUseTest, DoesNotPretendToKnow) {
  EXPECT_FALSE(Known({}));
  EXPECT_FALSE(Known({0x06})) << "none in 64-bit mode";
  EXPECT_FALSE(Known({0x0f, 0xc7, 0xf0})) << "rdrand eax";
  EXPECT_FALSE(Known({0x0f, 0x31})) << "rdtsc";
  EXPECT_FALSE(Known({0x0f, 0x05})) << "syscall";
  EXPECT_FALSE(Known({0xc8, 0, 0, 0})) << "enter";
  EXPECT_FALSE(Known({0x0f, 0xae, 0x20})) << "xsave [rax]";
  EXPECT_FALSE(Known({0x66, 0x0f, 0xf7, 0xc1})) << "maskmovdqu xmm0, xmm1";
  EXPECT_FALSE(Known({0x48, 0x0f, 0xab, 0x08})) << "bts [rax], rcx";
  EXPECT_FALSE(Known({0x67, 0x89, 0x08})) << "mov [eax], ecx";
  EXPECT_FALSE(Known({0x8e, 0xd0})) << "mov ss, eax";
  EXPECT_FALSE(Known({0x62, 0xf2, 0x7d, 0x49, 0xa0, 0x04, 0x08}))
      << "vpscatterdd [rax + zmm1], zmm0";
}

}  // namespace
}  // namespace emu::isa
