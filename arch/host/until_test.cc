// SPDX-License-Identifier: Apache-2.0
//
// Points of an execution that are found again, by the host's breakpoint or by the
// guest itself.

#include <signal.h>

#include <cstdint>
#include <vector>

#include "arch/host/test_machine.h"
#include "arch/page_digests.h"
#include "arch/page_store.h"

namespace emu {
namespace {

GUEST_CODE(counts_in_a_register, "1: inc rbx\n jmp 1b")

// A place that it comes to often, with other registers each time; then a call.
GUEST_CODE(counts_long, R"(
  mov ecx, 20000
1:
  mov [rsp - 8], rcx
  dec ecx
  jne 1b
  mov eax, 39
  syscall
)")

ExecutionPoint PointAfter(int steps) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts_long);
  for (int i = 0; i < steps; ++i) guest.cpu->Run({.step = true});
  return guest.cpu->Point();
}

constexpr int64_t kMinute = 60'000'000'000;

TEST(UntilTest, APointIsFoundAgain) {
  const int steps = 3 * 700 + 1;
  const ExecutionPoint point = PointAfter(steps);
  TestMachine host;
  Machine::Guest guest = host.Start(counts_long);
  const Stop stop = guest.cpu->Run({.until = &point, .budget = kMinute});
  ASSERT_EQ(stop.kind, Stop::Kind::kReached);
  EXPECT_EQ(guest.cpu->Point(), point);
  EXPECT_EQ(Peek<uint64_t>(*guest.memory, kStack - 8), 20000u - 699u);
  // There already.
  EXPECT_EQ(guest.cpu->Run({.until = &point, .budget = kMinute}).kind,
            Stop::Kind::kReached);
  EXPECT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
}

TEST(UntilTest, StopsBeforeItAreTold) {
  ExecutionPoint point = PointAfter(100);
  point.registers ^= 1;
  TestMachine host;
  Machine::Guest guest = host.Start(counts_long);
  EXPECT_THAT(guest.cpu->Run({.until = &point, .budget = kMinute}),
              IsSyscall(SYS_getpid));
}

TEST(UntilTest, ASearchEndsWithItsBudget) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts_in_a_register);
  ExecutionPoint point = guest.cpu->Point();
  point.stack ^= 1;
  EXPECT_EQ(guest.cpu->Run({.until = &point, .budget = 50'000'000}).kind,
            Stop::Kind::kSlice);
}

TEST(UntilTest, PointsTellStatesApart) {
  const ExecutionPoint point = PointAfter(31);
  EXPECT_EQ(PointAfter(31), point);
  const ExecutionPoint next_round = PointAfter(34);
  EXPECT_EQ(next_round.ip, point.ip);
  EXPECT_NE(next_round.registers, point.registers);
}

// Each round has the registers of those before it, and another count.
GUEST_CODE(counts_rounds_in_memory, R"(
1:
  mov ecx, 3
2:
  dec ecx
  jne 2b
  inc qword ptr [0x500000]
  jmp 1b
)")
constexpr int kRound = 9;  // instructions

TEST(UntilTest, RoundsAreToldApartByMemory) {
  constexpr int kRounds = 40;
  const PageRun data = {kData, 1};
  ExecutionPoint point;
  {
    TestMachine host;
    Machine::Guest guest = host.Start(counts_rounds_in_memory);
    for (int i = 0; i < kRounds * kRound + 3; ++i) {
      ASSERT_EQ(guest.cpu->Run({.step = true}).kind, Stop::Kind::kStep);
    }
    ASSERT_EQ(Peek<uint64_t>(*guest.memory, kData), uint64_t{kRounds});
    point = guest.cpu->Point();
    point.memory = TakePageDigests(*guest.memory, {data}, 1);
  }
  ASSERT_EQ(point.memory.runs, std::vector<PageRun>{data});
  TestMachine host;
  Machine::Guest guest = host.Start(counts_rounds_in_memory);
  ASSERT_EQ(guest.cpu->Run({.until = &point, .budget = kMinute}).kind,
            Stop::Kind::kReached);
  EXPECT_EQ(Peek<uint64_t>(*guest.memory, kData), uint64_t{kRounds});
}

// An instruction with room for a jump, by which a register and the flags pass that
// the search must not touch, and whose operand is relative to its place.
GUEST_CODE(counts_far, R"(
  xor ebx, ebx
  mov ecx, 3000000
1:
  stc
  mov eax, 0x7fffffff
  inc eax                              # overflows
  mov rdx, qword ptr [rip + 1b]        # 7 bytes
  seto al
  adc rbx, 0
  movzx eax, al
  add rbx, rax
  dec ecx
  jne 1b
  mov eax, 39
  mov rdi, rbx
  syscall
)")
constexpr GuestAddr kSpare = 0x700000;

// The point of the `round`th time at the instruction that can be replaced.
ExecutionPoint FarPoint(int round) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts_far);
  for (int i = 0; i < 2 + 3 + 10 * round; ++i) {
    EXPECT_EQ(guest.cpu->Run({.step = true}).kind, Stop::Kind::kStep);
  }
  return guest.cpu->Point();
}

TEST(UntilTest, TheGuestLooksItselfWhereItCan) {
  ExecutionPoint point = FarPoint(5);
  TestMachine host;
  Machine::Guest guest = host.Start(counts_far);
  ASSERT_EQ(guest.cpu->Run({.until = &point, .spare = kSpare, .budget = kMinute})
                .kind,
            Stop::Kind::kReached);
  EXPECT_EQ(guest.cpu->Point(), point);
  // Its code is as it was, and nothing is left in the spare pages.
  uint8_t byte = 0;
  EXPECT_EQ(guest.memory->CopyIn(&byte, point.ip, 1), 1u);
  EXPECT_NE(byte, 0xe9);
  EXPECT_EQ(guest.memory->CopyIn(&byte, kSpare, 1), 0u);
  // Carry and overflow were kept: 2 a round.
  const Stop stop = guest.cpu->Run({});
  EXPECT_THAT(stop, IsSyscall(SYS_getpid));
  EXPECT_EQ(stop.args[0], 6000000u);
}

TEST(UntilTest, AMillionTurnsAreNoStops) {
  ExecutionPoint point = FarPoint(1);
  point.hints.registers[0] ^= 1;  // as it never is
  TestMachine host;
  Machine::Guest guest = host.Start(counts_far);
  const Stop stop = guest.cpu->Run(
      {.until = &point, .spare = kSpare, .budget = 10 * kMinute});
  EXPECT_THAT(stop, IsSyscall(SYS_getpid));
  EXPECT_EQ(stop.args[0], 6000000u);
}

// Comes to the point only after it has made the code there.
GUEST_CODE(makes_its_code, R"(
  lea rsi, [rip + 2f]
  mov edi, 0x600000
  mov ecx, 32
  mov eax, 0x600000
  rep movsb
  mov ebx, 3000000
  jmp rax
2:
  mov ecx, 0x12345678
  dec ebx
  jne 2b
  mov eax, 39
  syscall
)")

TEST(UntilTest, TheCodeMayComeLater) {
  constexpr int kAll = PROT_READ | PROT_WRITE | PROT_EXEC;
  const Mapping made = {0x600000, kPageSize, kAll, false, {}};
  constexpr uint32_t kRounds = 100;
  ExecutionPoint point;
  {
    TestMachine host;
    Machine::Guest guest = host.Start(makes_its_code);
    guest.memory->Map(made);
    for (uint32_t rounds = 0; rounds < kRounds;) {
      ASSERT_EQ(guest.cpu->Run({.step = true}).kind, Stop::Kind::kStep);
      if (guest.cpu->ip() == made.start) ++rounds;
    }
    point = guest.cpu->Point();
  }
  TestMachine host;
  Machine::Guest guest = host.Start(makes_its_code);
  guest.memory->Map(made);
  const RunLimit goal = {.until = &point, .spare = kSpare, .budget = kMinute};
  ASSERT_EQ(guest.cpu->Run(goal).kind, Stop::Kind::kReached);
  EXPECT_EQ(guest.cpu->Point(), point);
  EXPECT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
}

// Mostly in an instruction that clears much, and sometimes little.
GUEST_CODE(clears_memory, R"(
  mov ebx, 1000
1:
  mov edi, 0x600000
  mov ecx, 0x100000
  xor eax, eax
  rep stosb
  mov edi, 0x600000
  mov ecx, 8
  rep stosb
  dec ebx
  jne 1b
  mov eax, 39
  syscall
)")

TEST(WatchTest, LongRepetitionsAreSteppedOver) {
  const Mapping room = {0x600000, 0x100000, PROT_READ | PROT_WRITE, false, {}};
  ExecutionPoint point;
  {
    TestMachine host;
    Machine::Guest guest = host.Start(clears_memory);
    guest.memory->Map(room);
    ASSERT_EQ(guest.cpu->Run({.watch = 100}).kind, Stop::Kind::kSlice);
    point = guest.cpu->Point();
    uint8_t code[2] = {};
    ASSERT_EQ(guest.memory->CopyIn(code, point.ip, sizeof(code)), sizeof(code));
    EXPECT_NE(code[0], 0xf3) << "a point that no breakpoint stops at";
  }
  TestMachine host;
  Machine::Guest guest = host.Start(clears_memory);
  guest.memory->Map(room);
  for (const GuestAddr spare : {GuestAddr{0}, kSpare + 0x100000}) {
    EXPECT_EQ(guest.cpu
                  ->Run({.until = &point, .spare = spare, .budget = kMinute})
                  .kind,
              Stop::Kind::kReached);
  }
}

GUEST_CODE(faults_far_on, R"(
  mov rbx, 0x4ff000
1:
  mov rax, qword ptr [rbx + 0x1ff0]    # 7 bytes, twice in the page
  add rbx, 8
  jmp 1b
)")

TEST(UntilTest, AFaultIsWhereTheGuestKnowsIt) {
  ExecutionPoint point;
  {
    TestMachine host;
    Machine::Guest guest = host.Start(faults_far_on);
    guest.cpu->Run({.step = true});
    point = guest.cpu->Point();
  }
  point.hints.registers[0] ^= 1;
  TestMachine host;
  Machine::Guest guest = host.Start(faults_far_on);
  const Stop stop =
      guest.cpu->Run({.until = &point, .spare = kSpare, .budget = kMinute});
  ASSERT_EQ(stop.kind, Stop::Kind::kFault);
  EXPECT_EQ(stop.fault.signo, SIGSEGV);
  EXPECT_EQ(guest.cpu->ip(), point.ip);
}

TEST(PageDigestsTest, TakeTheShortestRunsFirst) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts_rounds_in_memory);
  Poke<uint32_t>(*guest.memory, kData, 1);
  Poke<uint32_t>(*guest.memory, kStack - 8, 1);
  const PageRun data = {kData, 1};
  const PageRun more = {PageDown(kStack - 8), 2};
  const PageDigests digests = TakePageDigests(*guest.memory, {more, data}, 1);
  EXPECT_EQ(digests.runs, std::vector<PageRun>{data});
  EXPECT_EQ(digests.digests.size(), 1u);
}

TEST(PageDigestsTest, ALenientComparisonForgivesWhatStaysAsItIs) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts_rounds_in_memory);
  const PageRun data = {kData, 1};
  Poke<uint32_t>(*guest.memory, kData, 1);
  const PageDigests digests = TakePageDigests(*guest.memory, {data}, 1);
  EXPECT_TRUE(PageComparison(*guest.memory, digests, false).Matches());
  Poke<uint32_t>(*guest.memory, kData, 2);
  EXPECT_FALSE(PageComparison(*guest.memory, digests, false).Matches());
  PageComparison lenient(*guest.memory, digests, true);
  EXPECT_TRUE(lenient.Matches());
  Poke<uint32_t>(*guest.memory, kData, 3);
  EXPECT_FALSE(lenient.Matches());
  Poke<uint32_t>(*guest.memory, kData, 1);
  EXPECT_TRUE(lenient.Matches());
}

}  // namespace
}  // namespace emu
