// SPDX-License-Identifier: Apache-2.0
//
// Guests that are followed closely: which of them spin, and where they come to
// rest.

#include <signal.h>
#include <time.h>

#include <cstdint>
#include <string>
#include <vector>

#include "arch/host/test_machine.h"

namespace emu {
namespace {

constexpr uint32_t kSteps = 200;

GUEST_CODE(waits_for_word, R"(
  mov ecx, 7
1:
  pause
  cmp dword ptr [0x500000], 0
  je 1b
  mov eax, 231
  mov edi, ecx
  syscall
)")
constexpr GuestAddr kPause = kCode + 5;

TEST(WatchTest, AThreadThatWaitsForMemorySpins) {
  TestMachine host;
  Machine::Guest guest = host.Start(waits_for_word);
  const Stop stop = guest.cpu->Run({.watch = kSteps});
  ASSERT_EQ(stop.kind, Stop::Kind::kSpin);
  EXPECT_EQ(stop.cycle, 3u);
  EXPECT_FALSE(stop.unmoved);
  EXPECT_EQ(guest.cpu->ip(), kPause);
  Poke<uint32_t>(*guest.memory, kData, 1);
  const Stop end = guest.cpu->Run({});
  ASSERT_THAT(end, IsSyscall(SYS_exit_group));
  EXPECT_EQ(end.args[0], 7u);
}

TEST(WatchTest, WhereItRestsDoesNotDependOnWhenTheWatchBegan) {
  for (int before = 0; before < 8; ++before) {
    TestMachine host;
    Machine::Guest guest = host.Start(waits_for_word);
    for (int i = 0; i < before; ++i) guest.cpu->Run({.step = true});
    const Stop stop = guest.cpu->Run({.watch = kSteps});
    ASSERT_EQ(stop.kind, Stop::Kind::kSpin);
    EXPECT_EQ(stop.cycle, 3u);
    EXPECT_EQ(guest.cpu->ip(), kPause) << before;
  }
}

TEST(WatchTest, OneThatStillWaitsHasNotMoved) {
  TestMachine host;
  Machine::Guest guest = host.Start(waits_for_word);
  ASSERT_EQ(guest.cpu->Run({.watch = kSteps}).kind, Stop::Kind::kSpin);
  for (int i = 0; i < 3; ++i) {
    const Stop stop = guest.cpu->Run({.watch = 3});
    ASSERT_EQ(stop.kind, Stop::Kind::kSpin);
    EXPECT_TRUE(stop.unmoved);
    EXPECT_EQ(guest.cpu->ip(), kPause);
  }
}

TEST(WatchTest, WhatComesFromOutsideMeanwhileIsToldByTheNextRun) {
  TestMachine host;
  Machine::Guest guest = host.Start(waits_for_word);
  host.signals->Interrupt();
  EXPECT_EQ(guest.cpu->Run({.watch = kSteps}).kind, Stop::Kind::kSpin);
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kSlice);
}

struct SpinCase {
  const char* name;
  absl::string_view code;
  uint32_t cycle;  // 0: it does not spin
  GuestAddr rest;  // from the code's start
};

void PrintTo(const SpinCase& c, std::ostream* os) { *os << c.name; }

GUEST_CODE(jumps_to_itself, "1: jmp 1b")
GUEST_CODE(exchanges, R"(
  mov dword ptr [0x500000], 1
  mov eax, 1
1:
  xchg [0x500000], eax
  test eax, eax
  jne 1b
)")
GUEST_CODE(compares, R"(
  mov dword ptr [0x500000], 1
  mov ecx, 2
1:
  xor eax, eax
  lock cmpxchg [0x500000], ecx
  jne 1b
)")
// Each call leaves another return address at the same place of the stack.
GUEST_CODE(calls, R"(
1:
  call 2f
  call 2f
  jmp 1b
2:
  push rcx
  pop rcx
  ret
)")
// All is as it was only when the inner loop has gone its three rounds.
GUEST_CODE(counts_on_the_stack, R"(
1:
  mov dword ptr [rsp - 8], 0
2:
  add dword ptr [rsp - 8], 1
  cmp dword ptr [rsp - 8], 3
  jl 2b
  cmp dword ptr [0x500000], 0
  je 1b
)")
GUEST_CODE(fills_with_the_same, R"(
1:
  mov edi, 0x500000
  mov ecx, 5
  xor eax, eax
  rep stosb
  jmp 1b
)")
GUEST_CODE(counts_in_a_register, "1: inc rbx\n jmp 1b")
GUEST_CODE(counts_in_memory, "1: lea rbx, [rbx + 0]\n"
                             "inc dword ptr [0x500000]\n test ebx, ebx\n"
                             "jmp 1b")
GUEST_CODE(counts_in_a_vector, R"(
  pcmpeqd xmm1, xmm1
1:
  paddd xmm0, xmm1
  jmp 1b
)")
// Registers repeat, and every second time memory does.
GUEST_CODE(flips_a_flag, "1: not dword ptr [0x500000]\n jmp 1b")
GUEST_CODE(asks_for_chance, "1: rdrand rax\n xor eax, eax\n jmp 1b")

class SpinTest : public testing::TestWithParam<SpinCase> {};

TEST_P(SpinTest, IsToldFromComputing) {
  const SpinCase& c = GetParam();
  std::string registers;
  for (int before : {0, 1, 4, 9, 15}) {
    TestMachine host;
    Machine::Guest guest = host.Start(c.code);
    for (int i = 0; i < before; ++i) {
      ASSERT_EQ(guest.cpu->Run({.step = true}).kind, Stop::Kind::kStep);
    }
    const Stop stop = guest.cpu->Run({.watch = kSteps});
    if (c.cycle == 0) {
      EXPECT_EQ(stop.kind, Stop::Kind::kSlice);
      continue;
    }
    ASSERT_EQ(stop.kind, Stop::Kind::kSpin);
    EXPECT_EQ(stop.cycle, c.cycle);
    EXPECT_EQ(guest.cpu->ip(), kCode + c.rest);
    if (before == 0) registers = guest.cpu->DumpRegisters();
    EXPECT_EQ(guest.cpu->DumpRegisters(), registers);
  }
}

INSTANTIATE_TEST_SUITE_P(
    WatchTest, SpinTest,
    testing::Values(SpinCase{"JumpsToItself", jumps_to_itself, 1, 0},
                    SpinCase{"Exchanges", exchanges, 3, 16},
                    SpinCase{"Compares", compares, 3, 16},
                    SpinCase{"Calls", calls, 9, 0},
                    SpinCase{"CountsOnTheStack", counts_on_the_stack, 12, 0},
                    SpinCase{"FillsWithTheSame", fills_with_the_same, 9, 0},
                    SpinCase{"InARegister", counts_in_a_register, 0, 0},
                    SpinCase{"InMemory", counts_in_memory, 0, 0},
                    SpinCase{"InAVector", counts_in_a_vector, 0, 0},
                    SpinCase{"FlipsAFlag", flips_a_flag, 0, 0},
                    SpinCase{"AsksForChance", asks_for_chance, 0, 0}),
    [](const auto& info) { return info.param.name; });

GUEST_CODE(calls_after_a_while, R"(
  mov ecx, 20
1:
  loop 1b
  mov eax, 39
  syscall
  rdtsc
)")

TEST(WatchTest, OtherStopsEndIt) {
  TestMachine host;
  Machine::Guest guest = host.Start(calls_after_a_while);
  EXPECT_THAT(guest.cpu->Run({.watch = kSteps}), IsSyscall(SYS_getpid));
  guest.cpu->SetResult(5);
  EXPECT_EQ(guest.cpu->Run({.watch = kSteps}).kind, Stop::Kind::kTrapped);
}

}  // namespace
}  // namespace emu
