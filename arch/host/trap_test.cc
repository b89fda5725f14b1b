// SPDX-License-Identifier: Apache-2.0
//
// What stops a guest that makes no system call: faults, trapped instructions,
// the vsyscall page, single steps.

#include <signal.h>

#include <vector>

#include "arch/host/test_machine.h"

namespace emu {
namespace {

GUEST_CODE(grows_stack, R"(
  lea rsp, [rsp - 0x10000]
  mov rbx, 77
  push rbx
  mov eax, 231
  mov edi, ebx
  syscall
)")

TEST(TrapTest, AFaultThatIsMappedAwayIsRetried) {
  TestMachine host;
  Machine::Guest guest = host.Start(grows_stack);
  Stop stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsFault(SIGSEGV, SEGV_MAPERR));
  EXPECT_EQ(stop.fault.addr, kStack - kStackSize - 8);
  EXPECT_TRUE(stop.fault.write);
  EXPECT_FALSE(stop.fault.exec);
  EXPECT_EQ(stop.fault.trap_number, 14u);
  EXPECT_EQ(stop.fault.error_code, 6u);
  guest.memory->Map({kStack - kStackSize - kPageSize,
                     kPageSize,
                     PROT_READ | PROT_WRITE,
                     false,
                     {}});
  stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_exit_group));
  EXPECT_EQ(stop.args[0], 77u);
}

GUEST_CODE(vsyscalls, R"(
  mov rbx, 0x1234
  mov rdi, 0x500000
  xor esi, esi
  mov rax, 0xffffffffff600000
  call rax
  mov r12, rax
  mov edi, 0
  mov rax, 0xffffffffff600400
  call rax
  mov rsi, rax
  mov rdi, r12
  mov rdx, rbx
  mov eax, 231
  syscall
)")

TEST(TrapTest, TheVsyscallPageStopsLikeACall) {
  TestMachine host;
  Machine::Guest guest = host.Start(vsyscalls);
  for (bool mapped : {false, true}) {
    if (mapped) TestMachine::Load(guest, vsyscalls);
    Stop stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_gettimeofday));
    EXPECT_EQ(stop.args[0], kData);
    Poke<uint64_t>(*guest.memory, kData, 99);
    if (mapped) {
      guest.memory->Map({0x10000000, kPageSize, PROT_READ, false, {}});
    }
    guest.cpu->SetResult(11);
    stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_time));
    guest.cpu->SetResult(22);
    stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_exit_group));
    EXPECT_EQ(stop.args[0], 11u);
    EXPECT_EQ(stop.args[1], 22u);
    EXPECT_EQ(stop.args[2], 0x1234u);
    EXPECT_EQ(guest.cpu->sp(), kStack);
  }
}

GUEST_CODE(reads_tsc, R"(
1:
  rdtsc
  mov ebx, eax
  mov ecx, 0x7777
  rex.w rdtscp
  mov edi, ebx
  mov esi, eax
  mov eax, 39
  syscall
  jmp 1b
)")

TEST(TrapTest, TheTimeStampCounterIsTrapped) {
  TestMachine host;
  Machine::Guest guest = host.Start(reads_tsc);
  for (uint64_t i = 0; i < 50; ++i) {
    Stop stop = guest.cpu->Run({});
    ASSERT_EQ(stop.kind, Stop::Kind::kTrapped);
    EXPECT_EQ(stop.trap, Stop::Trap::kTsc);
    guest.cpu->FinishTrap(i);
    stop = guest.cpu->Run({});
    ASSERT_EQ(stop.kind, Stop::Kind::kTrapped);
    EXPECT_EQ(stop.trap, Stop::Trap::kTscAux);
    guest.cpu->FinishTrap((uint64_t{5} << 32) | (i + 1));
    stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_getpid));
    EXPECT_EQ(stop.args[0], i);
    EXPECT_EQ(stop.args[1], i + 1);
    EXPECT_EQ(stop.args[2], 5u) << "the counter's upper half";
    guest.cpu->SetResult(0);
  }
}

GUEST_CODE(steps, R"(
  mov ebx, 1
  pushfq
  pop rdi
  mov eax, 39
  syscall
  mov rsi, r11
  mov ecx, 3
  mov eax, 231
  syscall
)")

TEST(TrapTest, StepsOneInstructionAtATimeAndHidesIt) {
  TestMachine host;
  Machine::Guest guest = host.Start(steps);
  std::vector<GuestAddr> ips;
  Stop stop;
  int calls = 0;
  while (calls < 2) {
    stop = guest.cpu->Run({.step = true});
    ips.push_back(guest.cpu->ip() - kCode);
    if (stop.kind == Stop::Kind::kSyscall) {
      ++calls;
      guest.cpu->SetResult(0);
    } else {
      ASSERT_EQ(stop.kind, Stop::Kind::kStep);
    }
  }
  EXPECT_THAT(ips, testing::ElementsAre(5, 6, 7, 12, 14, 17, 22, 27, 29));
  EXPECT_THAT(stop, IsSyscall(SYS_exit_group));
  EXPECT_EQ(stop.args[0] & 0x100, 0u) << "PUSHF's word";
  EXPECT_EQ(stop.args[1] & 0x100, 0u) << "r11 after SYSCALL";
  EXPECT_EQ(stop.args[0] & 0x2, 0x2u);
}

GUEST_CODE(divides, R"(
  xor ecx, ecx
  div ecx
)")
GUEST_CODE(undefined, "ud2")
GUEST_CODE(breaks, "int3")
GUEST_CODE(privileged, "hlt")
GUEST_CODE(reads_null, "mov rax, [0x10]")
GUEST_CODE(writes_code, R"(
  lea rax, [rip - 7]
  mov byte ptr [rax], 1
)")
GUEST_CODE(jumps_to_data, R"(
  mov rax, 0x500010
  jmp rax
)")

struct FaultCase {
  const char* name;
  absl::string_view code;
  int signo;
  int si_code;
  uint64_t trap;
  uint64_t error;
};

class FaultTest : public testing::TestWithParam<FaultCase> {};

TEST_P(FaultTest, IsReportedAsLinuxWould) {
  const FaultCase& c = GetParam();
  TestMachine host;
  Machine::Guest guest = host.Start(c.code);
  Stop stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsFault(c.signo, c.si_code));
  EXPECT_EQ(stop.fault.trap_number, c.trap);
  EXPECT_EQ(stop.fault.error_code, c.error);
  EXPECT_EQ(stop.fault.write, (c.error & 2) != 0);
  EXPECT_EQ(stop.fault.exec, (c.error & 16) != 0);
}

INSTANTIATE_TEST_SUITE_P(
    TrapTest, FaultTest,
    testing::Values(
        FaultCase{"Divide", divides, SIGFPE, FPE_INTDIV, 0, 0},
        FaultCase{"Undefined", undefined, SIGILL, ILL_ILLOPN, 6, 0},
        FaultCase{"Breakpoint", breaks, SIGTRAP, SI_KERNEL, 3, 0},
        FaultCase{"Privileged", privileged, SIGSEGV, SI_KERNEL, 13, 0},
        FaultCase{"ReadNull", reads_null, SIGSEGV, SEGV_MAPERR, 14, 4},
        FaultCase{"WriteCode", writes_code, SIGSEGV, SEGV_ACCERR, 14, 7},
        FaultCase{"ExecuteData", jumps_to_data, SIGSEGV, SEGV_ACCERR, 14, 21}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace emu
