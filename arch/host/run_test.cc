// SPDX-License-Identifier: Apache-2.0
//
// What makes a running guest stop, and how it goes on.

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <optional>
#include <vector>

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
    guest.memory->Map({0x10000000 + i * 0x10000ull, kPageSize,
                       PROT_READ | PROT_WRITE, false, {}});
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
INSTANTIATE_TEST_SUITE_P(RunTest, QueuedChangesTest, testing::Values(0, 1, 2, 32, 33, 100));

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

GUEST_CODE(grows_stack, R"(
  lea rsp, [rsp - 0x10000]
  mov rbx, 77
  push rbx
  mov eax, 231
  mov edi, ebx
  syscall
)")

TEST(RunTest, AFaultThatIsMappedAwayIsRetried) {
  TestMachine host;
  Machine::Guest guest = host.Start(grows_stack);
  Stop stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsFault(SIGSEGV, SEGV_MAPERR));
  EXPECT_EQ(stop.fault.addr, kStack - kStackSize - 8);
  EXPECT_TRUE(stop.fault.write);
  EXPECT_FALSE(stop.fault.exec);
  EXPECT_EQ(stop.fault.trap_number, 14u);
  EXPECT_EQ(stop.fault.error_code, 6u);
  guest.memory->Map({kStack - kStackSize - kPageSize, kPageSize,
                     PROT_READ | PROT_WRITE, false, {}});
  stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_exit_group));
  EXPECT_EQ(stop.args[0], 77u);
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

TEST(RunTest, TheVsyscallPageStopsLikeACall) {
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

TEST(RunTest, TheTimeStampCounterIsTrapped) {
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

GUEST_CODE(spins, R"(
1:
  add rbx, 1
  jmp 1b
)")

TEST(RunTest, ASliceEndsALoopThatNeverCalls) {
  TestMachine host;
  Machine::Guest guest = host.Start(spins);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(guest.cpu->Run({.slice = true}).kind, Stop::Kind::kSlice);
  }
}

TEST(RunTest, AHostSignalEndsALoopThatNeverCalls) {
  TestMachine host;
  Machine::Guest guest = host.Start(spins);
  timer_t timer;
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGINT;
  ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  itimerspec soon = {{}, {0, 2'000'000}};
  ASSERT_EQ(timer_settime(timer, 0, &soon, nullptr), 0);
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kSlice);
  EXPECT_EQ(host.signals->Take(), SIGINT);
  EXPECT_EQ(host.signals->Take(), std::nullopt);
  timer_delete(timer);
}

TEST(RunTest, AnInterruptionBeforeTheRunCounts) {
  TestMachine host;
  Machine::Guest guest = host.Start(spins);
  host.signals->Interrupt();
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kSlice);
}

// Signals at all moments of a mapping's way through the stub.
TEST(RunTest, InterruptionsNeverShowTheStub) {
  TestMachine host;
  Machine::Guest guest = host.Start(maps_much);
  timer_t timer;
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGWINCH;
  ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  itimerspec often = {{0, 61'000}, {0, 61'000}};
  ASSERT_EQ(timer_settime(timer, 0, &often, nullptr), 0);
  int slices = 0;
  for (uint64_t i = 0; i < 3000;) {
    Stop stop = guest.cpu->Run({});
    if (stop.kind == Stop::Kind::kSlice) {
      ++slices;
      GuestAddr ip = guest.cpu->ip();
      ASSERT_GE(ip, kCode);
      ASSERT_LE(ip, kCode + maps_much.size());
      ASSERT_EQ(guest.cpu->sp(), kStack);
      continue;
    }
    ASSERT_THAT(stop, IsSyscall(SYS_mmap));
    GuestAddr at = 0x20000000 + i++ * kPageSize;
    guest.memory->Map({at, kPageSize, PROT_READ | PROT_WRITE, false, {}});
    guest.cpu->SetResult(static_cast<int64_t>(at));
  }
  timer_delete(timer);
  EXPECT_GT(slices, 0);
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

TEST(RunTest, StepsOneInstructionAtATimeAndHidesIt) {
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
    RunTest, FaultTest,
    testing::Values(
        FaultCase{"Divide", divides, SIGFPE, FPE_INTDIV, 0, 0},
        FaultCase{"Undefined", undefined, SIGILL, ILL_ILLOPN, 6, 0},
        FaultCase{"Breakpoint", breaks, SIGTRAP, SI_KERNEL, 3, 0},
        FaultCase{"Privileged", privileged, SIGSEGV, SI_KERNEL, 13, 0},
        FaultCase{"ReadNull", reads_null, SIGSEGV, SEGV_MAPERR, 14, 4},
        FaultCase{"WriteCode", writes_code, SIGSEGV, SEGV_ACCERR, 14, 7},
        FaultCase{"ExecuteData", jumps_to_data, SIGSEGV, SEGV_ACCERR, 14, 21}),
    [](const auto& info) { return info.param.name; });

TEST(RunTest, SignalsFromOutsideAreNoneOfTheGuests) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts);
  ASSERT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
  pid_t pid = OnlyChild(host);
  for (int signo : {SIGSEGV, SIGTRAP, SIGSTOP, SIGTERM, SIGCONT, SIGUSR1}) {
    ASSERT_EQ(kill(pid, signo), 0);
    guest.cpu->SetResult(signo);
    Stop stop = guest.cpu->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_getpid));
    EXPECT_EQ(stop.args[0], static_cast<uint64_t>(signo));
  }
}

TEST(RunTest, AGuestThatTheHostKilledIsGone) {
  TestMachine host;
  Machine::Guest guest = host.Start(counts);
  guest.cpu->Run({});
  ASSERT_EQ(kill(OnlyChild(host), SIGKILL), 0);
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kGone);
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kGone);
  EXPECT_EQ(guest.cpu->ip(), 0u);
  EXPECT_EQ(guest.memory->CopyIn(&guest, kCode, 1), 0u);
}

// The leader's end is not told before its threads' ends are.
TEST(RunTest, AProcessThatIsKilledWhileItsLeaderRunsIsGone) {
  TestMachine host;
  Machine::Guest guest = host.Start(spins);
  std::vector<std::unique_ptr<Cpu>> threads;
  for (int i = 0; i < 5; ++i) {
    auto thread = host.machine->NewThread(guest.memory, *guest.cpu);
    ASSERT_TRUE(thread.ok());
    threads.push_back(std::move(thread).Take());
  }
  pid_t pid = OnlyChild(host);
  pid_t killer = fork();
  if (killer == 0) {
    usleep(3000);
    kill(pid, SIGKILL);
    _exit(0);
  }
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kGone);
  for (auto& thread : threads) {
    EXPECT_EQ(thread->Run({}).kind, Stop::Kind::kGone);
  }
  waitpid(killer, nullptr, 0);
}

GUEST_CODE(forges_host_call, R"(
  mov r15, 0x7fffffffd000    # the stub's data
  mov qword ptr [r15 + 24], 1
  lea rax, [rip + 1f]
  mov [r15], rax             # come back here
  mov qword ptr [r15 + 512], 39
  mov r14, 0x7fffffffc007    # StubBatch
  jmp r14
1:
  mov rdi, [r15 + 512 + 56]
  mov eax, 231
  syscall
)")

// With a change queued the guest runs under the filter alone.
TEST(RunTest, AGuestCannotMakeHostCallsThroughTheStub) {
  TestMachine host;
  Machine::Guest guest = host.Start(forges_host_call);
  ASSERT_EQ(isa::StubBatch(), 0x7fffffffc007u);
  guest.memory->Map({0x10000000, kPageSize, PROT_READ, false, {}});
  Stop stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_getpid)) << "stopped, not made";
  guest.cpu->SetResult(123);
  stop = guest.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_exit_group));
  EXPECT_EQ(stop.args[0], 123u);
}

// A loop in the stub that its own code would never leave.
GUEST_CODE(loops_in_stub, R"(
  mov rbx, 0x7fffffffd200    # its first call
  mov rbp, -1                # how many
  mov qword ptr [rbx], 39
  mov rax, 0x7fffffffc033    # its loop
  jmp rax
)")
GUEST_CODE(faults_in_stub, R"(
  mov rbx, 0x10
  mov rax, 0x7fffffffc033
  jmp rax
)")

// Whatever comes, at whatever moment: emu is not held up.
TEST(RunTest, AGuestThatLivesInTheStubHangsNothing) {
  ASSERT_EQ(isa::StubCode().substr(0x33, 3), "\x48\x8b\x03") << "its loop";
  for (absl::string_view code : {loops_in_stub, faults_in_stub}) {
    TestMachine host;
    timer_t timer;
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGWINCH;
    ASSERT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
    itimerspec often = {{0, 53'000}, {0, 53'000}};
    ASSERT_EQ(timer_settime(timer, 0, &often, nullptr), 0);
    for (int i = 0; i < 50; ++i) {
      Machine::Guest guest = host.Start(code);
      for (int stops = 0; stops < 20; ++stops) {
        guest.memory->Map({0x10000000, kPageSize, PROT_READ, false, {}});
        Stop stop = guest.cpu->Run({});
        if (stop.kind == Stop::Kind::kGone) break;
        if (stop.kind == Stop::Kind::kSyscall) {
          EXPECT_EQ(stop.number, static_cast<uint64_t>(SYS_getpid));
          guest.cpu->SetResult(0);
        }
      }
    }
    timer_delete(timer);
  }
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
