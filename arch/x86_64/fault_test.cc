// SPDX-License-Identifier: Apache-2.0
#include "arch/isa/fault.h"

#include <signal.h>

#include <vector>

#include "gtest/gtest.h"

namespace emu::isa {
namespace {

constexpr GuestAddr kIp = 0x400000;

FaultInfo Describe(int signo, int code, GuestAddr addr,
                   const std::vector<uint8_t>& bytes,
                   const Registers& regs = InitialRegisters(kIp, 0x8000)) {
  FaultInfo fault;
  fault.signo = signo;
  fault.code = code;
  fault.addr = addr;
  DescribeFault(regs, bytes, fault);
  return fault;
}

TEST(FaultTest, TellsReadsFromWrites) {
  Registers regs = InitialRegisters(kIp, 0x8000);
  regs.rax = 0x10000;
  regs.rsi = 0x20000;
  regs.rdi = 0x30000;
  struct {
    std::vector<uint8_t> bytes;
    GuestAddr addr;
    bool write;
  } const cases[] = {
      {{0x48, 0x8b, 0x00}, 0x10000, false},             // mov rax, [rax]
      {{0x48, 0x89, 0x00}, 0x10000, true},              // mov [rax], rax
      {{0x48, 0x01, 0x00}, 0x10000, true},              // add [rax], rax
      {{0x48, 0x03, 0x00}, 0x10000, false},             // add rax, [rax]
      {{0x48, 0x39, 0x00}, 0x10000, false},             // cmp [rax], rax
      {{0xf3, 0xa4}, 0x20000, false},                   // rep movsb, its source
      {{0xf3, 0xa4}, 0x30000, true},                    // and its target
      {{0xf3, 0xaa}, 0x30000, true},                    // rep stosb
      {{0x50}, 0x7ff8, true},                           // push rax
      {{0x58}, 0x8000, false},                          // pop rax
      {{0xff, 0x30}, 0x7ff8, true},                     // push [rax], the stack
      {{0xff, 0x30}, 0x10000, false},                   // and the operand
      {{0xe8, 0, 0, 0, 0}, 0x7ff8, true},               // call
      {{0xf0, 0x48, 0x0f, 0xb1, 0x08}, 0x10000, true},  // lock cmpxchg
      {{0xc5, 0xfe, 0x7f, 0x00}, 0x10000, true},        // vmovdqu [rax], ymm0
      {{0xc5, 0xfe, 0x6f, 0x00}, 0x10000, false},       // vmovdqu ymm0, [rax]
      {{0x62, 0xf1, 0xfe, 0x48, 0x7f, 0x00}, 0x10000, true},   // vmovdqu64
      {{0x62, 0xf1, 0xfe, 0x48, 0x6f, 0x00}, 0x10000, false},  // its load
      {{0x0f, 0x11, 0x00}, 0x10000, true},              // movups [rax], xmm0
      {{0x0f, 0x10, 0x00}, 0x10000, false},             // movups xmm0, [rax]
      {{0x66, 0x0f, 0xe7, 0x00}, 0x10000, true},        // movntdq [rax], xmm0
      {{0x66, 0x0f, 0x7e, 0x00}, 0x10000, true},        // movd [rax], xmm0
      {{0xd9, 0x18}, 0x10000, true},                    // fstp [rax]
      {{0xd9, 0x00}, 0x10000, false},                   // fld [rax]
      {{0xd9, 0x38}, 0x10000, true},                    // fnstcw [rax]
      {{0x0f, 0xae, 0x20}, 0x10000, true},              // xsave [rax]
      {{0x0f, 0xae, 0x18}, 0x10000, true},              // stmxcsr [rax]
      {{0x0f, 0xae, 0x10}, 0x10000, false},             // ldmxcsr [rax]
      {{0x0f, 0x94, 0x00}, 0x10000, true},              // sete [rax]
      {{0xf0, 0x48, 0x0f, 0xc1, 0x08}, 0x10000, true},  // lock xadd
      {{0x48, 0x87, 0x08}, 0x10000, true},              // xchg [rax], rcx
      {{0x48, 0x0f, 0xab, 0x08}, 0x10000, true},        // bts [rax], rcx
      {{0x48, 0x0f, 0xa3, 0x08}, 0x10000, false},       // bt [rax], rcx
      {{0xf6, 0x00, 0x01}, 0x10000, false},             // test byte [rax], 1
      {{0x48, 0xff, 0x00}, 0x10000, true},              // inc [rax]
      {{0x48, 0xf7, 0x18}, 0x10000, true},              // neg [rax]
      {{0x48, 0xf7, 0x38}, 0x10000, false},             // idiv [rax]
      {{0x48, 0xc1, 0x20, 0x04}, 0x10000, true},        // shl [rax], 4
      {{0xc7, 0x00, 1, 0, 0, 0}, 0x10000, true},        // mov dword [rax], 1
      {{0x0f, 0xc7, 0x08}, 0x10000, true},              // cmpxchg8b [rax]
      {{0x8f, 0x00}, 0x10000, true},                    // pop [rax]
      {{0xff, 0x10}, 0x10000, false},                   // call [rax]
  };
  for (const auto& c : cases) {
    const FaultInfo fault =
        Describe(SIGSEGV, SEGV_MAPERR, c.addr, c.bytes, regs);
    EXPECT_EQ(fault.write, c.write)
        << testing::PrintToString(c.bytes) << " " << c.addr;
    EXPECT_FALSE(fault.exec);
    EXPECT_EQ(fault.trap_number, 14u);
    EXPECT_EQ(fault.error_code, c.write ? 6u : 4u);
  }
}

TEST(FaultTest, KnowsAFetch) {
  const FaultInfo fault = Describe(SIGSEGV, SEGV_MAPERR, kIp, {});
  EXPECT_TRUE(fault.exec);
  EXPECT_FALSE(fault.write);
  EXPECT_EQ(fault.error_code, 20u);
}

// The instruction's first bytes lie on the page before.
TEST(FaultTest, KnowsAFetchThatBeginsOnAnotherPage) {
  Registers regs = InitialRegisters(kIp - 2, 0x8000);
  EXPECT_TRUE(Describe(SIGSEGV, SEGV_MAPERR, kIp, {0x48, 0x89}, regs).exec);
}

TEST(FaultTest, NumbersTheTraps) {
  EXPECT_EQ(Describe(SIGFPE, FPE_INTDIV, kIp, {0xf7, 0xf1}).trap_number, 0u);
  EXPECT_EQ(Describe(SIGFPE, FPE_FLTDIV, kIp, {0xd8, 0xf1}).trap_number, 16u);
  EXPECT_EQ(Describe(SIGFPE, FPE_FLTDIV, kIp, {0x0f, 0x5e, 0xc1}).trap_number,
            19u);
  EXPECT_EQ(Describe(SIGILL, ILL_ILLOPN, kIp, {0x0f, 0x0b}).trap_number, 6u);
  EXPECT_EQ(Describe(SIGTRAP, SI_KERNEL, 0, {0xcc}).trap_number, 3u);
  EXPECT_EQ(Describe(SIGTRAP, TRAP_TRACE, kIp, {0x90}).trap_number, 1u);
  EXPECT_EQ(Describe(SIGSEGV, SI_KERNEL, 0, {0xf4}).trap_number, 13u);
  EXPECT_EQ(Describe(SIGBUS, BUS_ADRALN, 0, {0x90}).trap_number, 17u);
  EXPECT_EQ(Describe(SIGBUS, BUS_ADRERR, 1, {0x90}).trap_number, 14u);
}

}  // namespace
}  // namespace emu::isa
