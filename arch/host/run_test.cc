// SPDX-License-Identifier: Apache-2.0
//
// A guest makes system calls and goes on with their results.

#include <sys/syscall.h>

#include "arch/host/test_machine.h"

namespace emu {
namespace {

GUEST_CODE(exits, R"(
  mov eax, 231     # exit_group
  mov edi, 42
  syscall
  hlt
)")

TEST(RunTest, StopsAtASystemCallWithNumberAndArguments) {
  TestMachine host;
  Machine::Guest guest = host.Start(exits);
  Stop stop = guest.cpu->Run({});
  EXPECT_THAT(stop, IsSyscall(SYS_exit_group));
  EXPECT_EQ(stop.args[0], 42u);
}

GUEST_CODE(counts, R"(
1:
  mov eax, 39     # getpid
  syscall
  mov edi, eax
  jmp 1b
)")

TEST(RunTest, GoesOnWithTheResultOfTheCall) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts);
  for (int i = 0; i < 100; ++i) {
    Stop stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_getpid));
    if (i > 0) {
      EXPECT_EQ(stop.args[0], static_cast<uint64_t>(1000 + i - 1));
    }
    guest.cpu->SetResult(1000 + i);
  }
}

TEST(RunTest, SeesTheStackAndInstructionPointersAtACall) {
  TestMachine host;
  Machine::Guest guest = host.Start(exits);
  guest.cpu->Run({});
  EXPECT_EQ(guest.cpu->sp(), kStack);
  EXPECT_EQ(guest.cpu->ip(), kCode + exits.size() - 1);
}

TEST(RunTest, MakesACallAgain) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts);
  ASSERT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
  guest.cpu->Restart();
  ASSERT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
  guest.cpu->RestartAs(SYS_restart_syscall);
  ASSERT_THAT(guest.cpu->Run({}), IsSyscall(SYS_restart_syscall));
  guest.cpu->SetResult(7);
  Stop stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_getpid));
  EXPECT_EQ(stop.args[0], 7u);
}

GUEST_CODE(keeps_registers, R"(
  mov rbx, 0x1111
  mov rdx, 0x2222
  mov r8, 0x3333
  mov r10, 0x4444
  mov rbp, 0x5555
  stc
  mov eax, 39
  syscall
  pushfq
  pop r12          # flags
  mov eax, 231
  mov rdi, rbx
  mov rsi, rbp
  mov r9, r12
  syscall
)")

// With changes made on the way back into the guest, up to as many as go there,
// and with more (made in a batch).
class QueuedChangesTest : public testing::TestWithParam<int> {};

TEST_P(QueuedChangesTest, LeaveEveryRegisterAlone) {
  TestMachine host;
  Machine::Guest guest = host.Start(keeps_registers);
  ASSERT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
  for (int i = 0; i < GetParam(); ++i) {
    guest.memory->Map({0x10000000 + i * 0x10000ull,
                       kPageSize,
                       PROT_READ | PROT_WRITE,
                       false,
                       {}});
  }
  guest.cpu->SetResult(5);
  Stop stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_exit_group));
  EXPECT_EQ(stop.args[0], 0x1111u);
  EXPECT_EQ(stop.args[1], 0x5555u);
  EXPECT_EQ(stop.args[2], 0x2222u);
  EXPECT_EQ(stop.args[3], 0x4444u);
  EXPECT_EQ(stop.args[4], 0x3333u);
  EXPECT_EQ(stop.args[5] & 1, 1u) << "the carry flag";
  EXPECT_EQ(stop.args[5] & 0x100, 0u);
  EXPECT_EQ(guest.cpu->sp(), kStack);
  for (int i = 0; i < GetParam(); ++i) {
    Poke<int>(*guest.memory, 0x10000000 + i * 0x10000, 1);
  }
}
INSTANTIATE_TEST_SUITE_P(RunTest, QueuedChangesTest,
                         testing::Values(0, 1, 2, 32, 33, 100));

GUEST_CODE(maps_much, R"(
1:
  mov eax, 9      # mmap
  syscall
  mov byte ptr [rax], 1
  jmp 1b
)")

TEST(RunTest, ServesAMappingAtEveryCall) {
  TestMachine host;
  Machine::Guest guest = host.Start(maps_much);
  for (uint64_t i = 0; i < 300; ++i) {
    Stop stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_mmap));
    GuestAddr at = 0x20000000 + i * kPageSize;
    guest.memory->Map({at, kPageSize, PROT_READ | PROT_WRITE, false, {}});
    guest.cpu->SetResult(static_cast<int64_t>(at));
  }
}

GUEST_CODE(int80, R"(
  mov eax, 20
  int 0x80
  mov edi, eax
  mov eax, 0x40000027   # x32 getpid
  syscall
  mov rax, -1
  syscall
  mov eax, 231
  syscall
)")

TEST(RunTest, CallsByOtherEntriesAreForeign) {
  TestMachine host;
  Machine::Guest guest = host.Start(int80);
  Stop stop = guest.cpu->Run({});
  EXPECT_EQ(stop.kind, Stop::Kind::kSyscall);
  EXPECT_TRUE(stop.foreign);
  EXPECT_EQ(stop.number, 20u);
  guest.cpu->SetResult(-38);
  stop = guest.cpu->Run({});
  EXPECT_TRUE(stop.foreign);
  EXPECT_EQ(stop.args[0], static_cast<uint32_t>(-38));
  guest.cpu->SetResult(-38);
  stop = guest.cpu->Run({});
  EXPECT_THAT(stop, IsSyscall(-1)) << "no such call, but by the usual entry";
  guest.cpu->SetResult(-38);
  EXPECT_THAT(guest.cpu->Run({}), IsSyscall(SYS_exit_group));
}

// The same with a change queued, when the call comes through the filter.
TEST(RunTest, ForeignCallsAreSeenBehindAQueuedChange) {
  TestMachine host;
  Machine::Guest guest = host.Start(int80);
  for (int i = 0; i < 3; ++i) {
    guest.memory->Map({0x10000000, kPageSize, PROT_READ, false, {}});
    Stop stop = guest.cpu->Run({});
    EXPECT_EQ(stop.kind, Stop::Kind::kSyscall);
    EXPECT_EQ(stop.foreign, i < 2);
    guest.cpu->SetResult(-38);
  }
  guest.memory->Map({0x10000000, kPageSize, PROT_READ, false, {}});
  EXPECT_THAT(guest.cpu->Run({}), IsSyscall(SYS_exit_group));
}

// The host refuses the second change: what was left undone is not shown.
TEST(RunTest, AFailedChangeEndsTheGuest) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts);
  ASSERT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
  guest.memory->Map({0x10000000, kPageSize, PROT_READ, false, {}});
  guest.memory->Protect(0x20000000, kPageSize, PROT_READ);  // nothing there
  guest.memory->Map({0x30000000, kPageSize, PROT_READ, false, {}});
  guest.cpu->SetResult(0);
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kGone);
  EXPECT_THAT(host.machine->failure().ToString(),
              testing::HasSubstr("mprotect(0x20000000"));
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kGone);
}

}  // namespace
}  // namespace emu
