// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/instruction.h"

#include <sys/syscall.h>

#include <vector>

#include "arch/isa/cpuid.h"
#include "gtest/gtest.h"

namespace emu::isa {
namespace {

using Bytes = std::vector<uint8_t>;

struct TrappedCase {
  Bytes bytes;
  Stop::Trap trap;
  size_t length;
};

TEST(InstructionTest, KnowsTrappedInstructionsWithAnyPrefixes) {
  const TrappedCase cases[] = {
      {{0x0f, 0x31}, Stop::Trap::kTsc, 2},
      {{0x0f, 0x31, 0x90, 0x90}, Stop::Trap::kTsc, 2},
      {{0x48, 0x0f, 0x31}, Stop::Trap::kTsc, 3},
      {{0xf3, 0x66, 0x2e, 0x41, 0x0f, 0x31}, Stop::Trap::kTsc, 6},
      {{0x0f, 0x01, 0xf9}, Stop::Trap::kTscAux, 3},
      {{0x4f, 0x0f, 0x01, 0xf9}, Stop::Trap::kTscAux, 4},
      {{0x0f, 0xa2}, Stop::Trap::kCpuid, 2},
  };
  for (const TrappedCase& c : cases) {
    auto decoded = DecodeTrapped(c.bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->trap, c.trap);
    EXPECT_EQ(decoded->length, c.length);
  }
}

TEST(InstructionTest, TakesNothingElseForATrappedInstruction) {
  for (const Bytes& bytes :
       {Bytes{}, Bytes{0x0f}, Bytes{0x0f, 0x05}, Bytes{0x0f, 0x01},
        Bytes{0x0f, 0x01, 0xf8}, Bytes{0x31, 0x0f}, Bytes{0xf4},
        Bytes(15, 0x66), Bytes(14, 0x48)}) {
    EXPECT_FALSE(DecodeTrapped(bytes).has_value());
  }
}

TEST(InstructionTest, FinishesTheCounter) {
  Registers regs = InitialRegisters(0x1000, 0x2000);
  regs.rcx = 5;
  FinishTrapped(regs, {Stop::Trap::kTsc, 2}, 0x1234567890abcdef);
  EXPECT_EQ(regs.rax, 0x90abcdefu);
  EXPECT_EQ(regs.rdx, 0x12345678u);
  EXPECT_EQ(regs.rcx, 5u);
  EXPECT_EQ(regs.rip, 0x1002u);
  FinishTrapped(regs, {Stop::Trap::kTscAux, 3}, 1);
  EXPECT_EQ(regs.rcx, 0u);
  EXPECT_EQ(regs.rip, 0x1005u);
}

TEST(InstructionTest, AnswersCpuid) {
  Registers regs = InitialRegisters(0x1000, 0x2000);
  FinishTrapped(regs, {Stop::Trap::kCpuid, 2}, 0);
  const CpuidLeaf host = HostCpuid(0, 0);
  EXPECT_EQ(regs.rax, host.eax);
  EXPECT_EQ(regs.rbx, host.ebx);
  EXPECT_EQ(regs.rcx, host.ecx);
  EXPECT_EQ(regs.rdx, host.edx);
}

TEST(InstructionTest, CpuidShowsOneCpuWithoutRandomness) {
  const CpuidLeaf all = {~0u, ~0u, ~0u, ~0u};
  EXPECT_EQ(MaskCpuid(1, 0, all).ecx & (1u << 30), 0u) << "RDRAND";
  EXPECT_EQ(MaskCpuid(1, 0, all).ebx >> 24, 0u) << "APIC id";
  EXPECT_EQ(MaskCpuid(7, 0, all).ebx & (1u << 18), 0u) << "RDSEED";
  EXPECT_EQ(MaskCpuid(7, 0, all).ebx & ((1u << 4) | (1u << 11)), 0u) << "TSX";
  EXPECT_EQ(MaskCpuid(7, 1, all).ebx, ~0u) << "another subleaf";
  EXPECT_EQ(MaskCpuid(0xb, 0, all).edx, 0u);
  EXPECT_EQ(MaskCpuid(0xb, 0, all).ebx, 1u);
  EXPECT_EQ(MaskCpuid(0xb, 2, all).ebx, 0u);
  EXPECT_EQ(MaskCpuid(2, 0, all).eax, ~0u);
}

TEST(InstructionTest, KnowsPushf) {
  EXPECT_EQ(PushedFlags(Bytes{0x9c}), 8u);
  EXPECT_EQ(PushedFlags(Bytes{0x66, 0x9c}), 2u);
  EXPECT_EQ(PushedFlags(Bytes{0x48, 0x9c}), 8u);
  EXPECT_EQ(PushedFlags(Bytes{0x9d}), 0u);
  EXPECT_EQ(PushedFlags(Bytes{}), 0u);
}

TEST(InstructionTest, KnowsTheVsyscallsEntries) {
  EXPECT_EQ(VsyscallNumber(0xffffffffff600000), SYS_gettimeofday);
  EXPECT_EQ(VsyscallNumber(0xffffffffff600400), SYS_time);
  EXPECT_EQ(VsyscallNumber(0xffffffffff600800), SYS_getcpu);
  EXPECT_EQ(VsyscallNumber(0xffffffffff600001), std::nullopt);
  EXPECT_EQ(VsyscallNumber(0xffffffffff601000), std::nullopt);
  EXPECT_EQ(VsyscallNumber(0x600000), std::nullopt);
}

// What is done where the host has no vsyscall page.
TEST(InstructionTest, ReturnsFromTheVsyscallPage) {
  Registers regs = InitialRegisters(0xffffffffff600000, 0x2000);
  EXPECT_TRUE(ReturnFromVsyscall(regs, [](GuestAddr from, uint64_t* to) {
    EXPECT_EQ(from, 0x2000u);
    *to = 0x4000;
    return true;
  }));
  EXPECT_EQ(regs.rip, 0x4000u);
  EXPECT_EQ(regs.rsp, 0x2008u);
  EXPECT_FALSE(
      ReturnFromVsyscall(regs, [](GuestAddr, uint64_t*) { return false; }));
  EXPECT_EQ(regs.rip, 0x4000u);
}

}  // namespace
}  // namespace emu::isa
