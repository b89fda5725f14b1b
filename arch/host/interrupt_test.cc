// SPDX-License-Identifier: Apache-2.0
//
// What comes from outside while a guest runs: the end of its slice, signals,
// its death; and guests that would rather not be stopped.

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <optional>
#include <vector>

#include "arch/host/test_machine.h"

namespace emu {
namespace {

// A signal to this process, every so many nanoseconds.
class RepeatedSignal {
 public:
  RepeatedSignal(int signo, int64_t nanos) {
    sigevent event = {};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = signo;
    EXPECT_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer_), 0);
    itimerspec period = {{0, nanos}, {0, nanos}};
    EXPECT_EQ(timer_settime(timer_, 0, &period, nullptr), 0);
  }
  ~RepeatedSignal() { timer_delete(timer_); }
  RepeatedSignal(const RepeatedSignal&) = delete;
  RepeatedSignal& operator=(const RepeatedSignal&) = delete;

 private:
  timer_t timer_;
};

GUEST_CODE(counts, R"(
1:
  mov eax, 39     # getpid
  syscall
  mov edi, eax
  jmp 1b
)")

GUEST_CODE(maps_much, R"(
1:
  mov eax, 9      # mmap
  syscall
  mov byte ptr [rax], 1
  jmp 1b
)")

GUEST_CODE(spins, R"(
1:
  add rbx, 1
  jmp 1b
)")

TEST(InterruptTest, ASliceEndsALoopThatNeverCalls) {
  TestMachine host;
  Machine::Guest guest = host.Start(spins);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(guest.cpu->Run({.slice = true}).kind, Stop::Kind::kSlice);
  }
}

TEST(InterruptTest, AHostSignalEndsALoopThatNeverCalls) {
  TestMachine host;
  Machine::Guest guest = host.Start(spins);
  RepeatedSignal timer(SIGINT, 2'000'000);
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kSlice);
  EXPECT_EQ(host.signals->Take(), SIGINT);
}

TEST(InterruptTest, AnInterruptionBeforeTheRunCounts) {
  TestMachine host;
  Machine::Guest guest = host.Start(spins);
  host.signals->Interrupt();
  EXPECT_EQ(guest.cpu->Run({}).kind, Stop::Kind::kSlice);
}

// Signals at all moments of a mapping's way through the stub.
TEST(InterruptTest, InterruptionsNeverShowTheStub) {
  TestMachine host;
  Machine::Guest guest = host.Start(maps_much);
  RepeatedSignal timer(SIGWINCH, 61'000);
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
  EXPECT_GT(slices, 0);
}

TEST(InterruptTest, SignalsFromOutsideAreNoneOfTheGuests) {
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

TEST(InterruptTest, AGuestThatTheHostKilledIsGone) {
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
TEST(InterruptTest, AProcessThatIsKilledWhileItsLeaderRunsIsGone) {
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
TEST(InterruptTest, AGuestCannotMakeHostCallsThroughTheStub) {
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
TEST(InterruptTest, AGuestThatLivesInTheStubHangsNothing) {
  ASSERT_EQ(isa::StubCode().substr(0x33, 3), "\x48\x8b\x03") << "its loop";
  for (absl::string_view code : {loops_in_stub, faults_in_stub}) {
    TestMachine host;
    RepeatedSignal timer(SIGWINCH, 53'000);
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
  }
}

}  // namespace
}  // namespace emu
