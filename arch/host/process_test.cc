// SPDX-License-Identifier: Apache-2.0
//
// Guest processes and threads: how they begin, what they share, what is left
// of them.

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <set>
#include <vector>

#include "arch/host/test_machine.h"

namespace emu {
namespace {

// fork, and whoever has it returned to tells its result and a register.
GUEST_CODE(forks, R"(
  mov rbx, 0x1234
  movq xmm7, rbx
1:
  mov eax, 57     # fork
  syscall
  mov rdi, rax
  mov rsi, rbx
  movq rdx, xmm7
  mov r10, [0x500000]
  mov eax, 60     # exit
  syscall
  jmp 1b
)")

TEST(ProcessTest, AForkedChildGoesOnWhereItsParentStands) {
  TestMachine host;
  Machine::Guest parent = host.Start(forks);
  ASSERT_THAT(parent.cpu->Run({}), IsSyscall(SYS_fork));
  Poke<uint64_t>(*parent.memory, kData, 5);
  Result<Machine::Guest> forked =
      host.machine->Fork(*parent.memory, *parent.cpu);
  ASSERT_TRUE(forked.ok());
  Machine::Guest child = std::move(forked).Take();
  child.cpu->SetResult(0);
  parent.cpu->SetResult(77);
  Poke<uint64_t>(*parent.memory, kData, 6);

  Stop stop = parent.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_exit));
  EXPECT_THAT(stop.args, testing::ElementsAre(77, 0x1234, 0x1234, 6, testing::_,
                                              testing::_));
  stop = child.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_exit));
  EXPECT_THAT(stop.args, testing::ElementsAre(0, 0x1234, 0x1234, 5, testing::_,
                                              testing::_));
}

TEST(ProcessTest, MemoryIsCopiedOnWriteButPagesOfTheStoreAreShared) {
  TestMachine host;
  Machine::Guest parent = host.Start(forks);
  uint64_t offset = *host.pages->Reserve(kPageSize);
  parent.memory->Map({0x600000,
                      kPageSize,
                      PROT_READ | PROT_WRITE,
                      true,
                      {Backing::Kind::kPages, offset, {}}});
  ASSERT_THAT(parent.cpu->Run({}), IsSyscall(SYS_fork));
  Machine::Guest child = host.machine->Fork(*parent.memory, *parent.cpu).Take();
  Poke<int>(*parent.memory, kData, 1);
  Poke<int>(*parent.memory, 0x600000, 1);
  EXPECT_EQ(Peek<int>(*child.memory, kData), 0);
  EXPECT_EQ(Peek<int>(*child.memory, 0x600000), 1);
  EXPECT_EQ(*host.pages->At(offset), 1);
}

TEST(ProcessTest, AChainOfForksEndsWithNobodyLeft) {
  {
    TestMachine host;
    std::vector<Machine::Guest> guests;
    guests.push_back(host.Start(forks));
    for (int i = 0; i < 100; ++i) {
      Machine::Guest& last = guests.back();
      ASSERT_THAT(last.cpu->Run({}), IsSyscall(SYS_fork));
      Machine::Guest child = host.machine->Fork(*last.memory, *last.cpu).Take();
      last.cpu->SetResult(i);
      ASSERT_THAT(last.cpu->Run({}), IsSyscall(SYS_exit));
      last.cpu->SetResult(0);
      child.cpu->SetResult(0);
      ASSERT_THAT(child.cpu->Run({}), IsSyscall(SYS_exit));
      guests.push_back(std::move(child));
    }
    EXPECT_EQ(TestMachine::Children().size(), 102u);
    guests.clear();
    EXPECT_LE(TestMachine::Children().size(), 5u);
  }
  EXPECT_TRUE(TestMachine::Children().empty());
}

GUEST_CODE(adds, R"(
1:
  lock add qword ptr [0x500000], rdi
  movq rsi, xmm3
  mov rdx, rsp
  mov r10, fs:[0]
  mov eax, 24       # sched_yield
  syscall
  mov rdi, rax
  jmp 1b
)")

TEST(ProcessTest, ThreadsShareMemoryAndHaveRegistersOfTheirOwn) {
  TestMachine host;
  Machine::Guest guest = host.Start(adds);
  guest.cpu->SetTls(kData + 0x100);
  guest.cpu->Run({});
  std::vector<std::unique_ptr<Cpu>> threads;
  for (uint64_t i = 0; i < 20; ++i) {
    threads.push_back(host.machine->NewThread(guest.memory, *guest.cpu).Take());
    threads.back()->SetStack(kStack - 0x100 * (i + 1));
    threads.back()->SetTls(kData + 0x200 + i * 8);
    Poke<uint64_t>(*guest.memory, kData + 0x200 + i * 8, i);
    threads.back()->SetResult(1);
  }
  for (int round = 0; round < 5; ++round) {
    for (uint64_t i = 0; i < threads.size(); ++i) {
      Stop stop = threads[i]->Run({});
      ASSERT_THAT(stop, IsSyscall(SYS_sched_yield));
      EXPECT_EQ(stop.args[2], kStack - 0x100 * (i + 1));
      EXPECT_EQ(stop.args[3], i);
      threads[i]->SetResult(1);
    }
  }
  EXPECT_EQ(Peek<uint64_t>(*guest.memory, kData), 100u);
  OnlyChild(host);  // threads are of one process
}

GUEST_CODE(sets_vector, R"(
  movq xmm3, rdi
1:
  mov eax, 24
  movq rsi, xmm3
  syscall
  jmp 1b
)")

TEST(ProcessTest, AParkedThreadIsReusedWithItsCreatorsRegisters) {
  TestMachine host;
  Machine::Guest guest = host.Start(sets_vector);
  guest.cpu->Run({});
  std::set<pid_t> tids;
  for (int i = 0; i < 50; ++i) {
    std::unique_ptr<Cpu> thread =
        host.machine->NewThread(guest.memory, *guest.cpu).Take();
    tids.insert(static_cast<HostCpu&>(*thread).thread().tid().value);
    // Runs the first instruction with a number of its own in xmm3.
    thread->Reset(kCode, kStack);
    static_cast<HostCpu&>(*thread).thread().Edit().rdi = 1000 + i;
    Stop stop = thread->Run({});
    ASSERT_THAT(stop, IsSyscall(SYS_sched_yield));
    EXPECT_EQ(stop.args[1], 1000u + i);
  }
  EXPECT_EQ(tids.size(), 1u);
  std::unique_ptr<Cpu> thread =
      host.machine->NewThread(guest.memory, *guest.cpu).Take();
  thread->SetResult(0);
  Stop stop = thread->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_sched_yield));
  EXPECT_EQ(stop.args[1], 0u) << "not the last user's register";
}

TEST(ProcessTest, TheProcessOutlivesItsFirstThread) {
  TestMachine host;
  Machine::Guest guest = host.Start(adds);
  guest.cpu->SetTls(kData);
  guest.cpu->Run({});
  auto second = host.machine->NewThread(guest.memory, *guest.cpu).Take();
  guest.cpu.reset();
  second->SetResult(3);
  ASSERT_THAT(second->Run({}), IsSyscall(SYS_sched_yield));
  EXPECT_EQ(Peek<uint64_t>(*guest.memory, kData), 3u);
  // A thread of it can fork, and the child has one thread.
  Machine::Guest child = host.machine->Fork(*guest.memory, *second).Take();
  child.cpu->SetResult(4);
  ASSERT_THAT(child.cpu->Run({}), IsSyscall(SYS_sched_yield));
  EXPECT_EQ(Peek<uint64_t>(*child.memory, kData), 7u);
  EXPECT_EQ(Peek<uint64_t>(*guest.memory, kData), 3u);
}

GUEST_CODE(tells_all, R"(
  mov [0x500008], rax
  or rax, rbx
  or rax, rcx
  or rax, rdx
  or rax, rsi
  or rax, rdi
  or rax, rbp
  or rax, r8
  or rax, r9
  or rax, r10
  or rax, r11
  or rax, r12
  or rax, r13
  or rax, r14
  or rax, r15
  mov rdi, rax
  vpor ymm0, ymm0, ymm1
  vpor ymm0, ymm0, ymm15
  vextracti128 xmm1, ymm0, 1
  vpor xmm0, xmm0, xmm1
  vpextrq rsi, xmm0, 0
  fnstcw [0x500010]
  stmxcsr [0x500018]
  mov dx, [0x500010]
  movzx rdx, dx
  mov r10d, [0x500018]
  pushfq
  pop r8
  mov eax, 60
  syscall
)")
GUEST_CODE(dirties_all, R"(
  mov rax, -1
  mov rbx, rax
  mov rcx, rax
  mov rdx, rax
  mov rsi, rax
  mov rdi, rax
  mov rbp, rax
  mov r8, rax
  mov r9, rax
  mov r10, rax
  mov r12, rax
  mov r13, rax
  mov r14, rax
  mov r15, rax
  vmovq xmm0, rax
  vpbroadcastq ymm1, xmm0
  vmovdqa ymm15, ymm1
  mov dword ptr [0x500000], 0x27f
  fldcw [0x500000]
  mov dword ptr [0x500000], 0x9fc0
  ldmxcsr [0x500000]
  std
  mov eax, 39
  syscall
)")

TEST(ProcessTest, AReusedProcessHasNothingOfItsLastUser) {
  TestMachine host;
  pid_t first_pid;
  {
    Machine::Guest first = host.Start(dirties_all);
    first.cpu->SetTls(0x12345000);
    first.memory->Map(
        {0x10000000, kPageSize * 10, PROT_READ | PROT_WRITE, false, {}});
    Poke<int>(*first.memory, 0x10000000, 7);
    ASSERT_THAT(first.cpu->Run({}), IsSyscall(SYS_getpid));
    first_pid = OnlyChild(host);
  }
  Machine::Guest second = host.Start(tells_all);
  ASSERT_EQ(OnlyChild(host), first_pid) << "the process is used again";
  int value;
  EXPECT_EQ(second.memory->CopyIn(&value, 0x10000000, 4), 0u);
  Stop stop = second.cpu->Run({});
  ASSERT_THAT(stop, IsSyscall(SYS_exit));
  EXPECT_EQ(stop.args[0], 0u) << "general registers";
  EXPECT_EQ(stop.args[1], 0u) << "vector registers";
  EXPECT_EQ(stop.args[2], 0x37fu) << "x87 control word";
  EXPECT_EQ(stop.args[3], 0x1f80u) << "mxcsr";
  EXPECT_EQ(stop.args[4] & 0x400, 0u) << "direction flag";

  // Nothing but the stub and the guest's own is mapped on the host.
  std::ifstream maps("/proc/" + std::to_string(first_pid) + "/maps");
  int lines = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("vsyscall") == std::string::npos) ++lines;
  }
  EXPECT_EQ(lines, 3 + 2) << "code, data, stack; the stub's two pages";
}

GUEST_CODE(asks_pid, R"(
  mov eax, 39
  syscall
)")

TEST(ProcessTest, ExecLikeChangesReuseTwoProcesses) {
  TestMachine host;
  Machine::Guest guest = host.Start(asks_pid);
  std::set<pid_t> pids;
  for (int i = 0; i < 20; ++i) {
    Machine::Guest next = host.Start(asks_pid);
    guest = std::move(next);
    EXPECT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
    for (pid_t pid : TestMachine::Children()) pids.insert(pid);
  }
  EXPECT_LE(pids.size(), 3u);
}

TEST(ProcessTest, AReusedProcessKeepsItsLeaderToItself) {
  TestMachine host;
  { Machine::Guest first = host.Start(asks_pid); }
  Machine::Guest second = host.Start(asks_pid);
  ASSERT_THAT(second.cpu->Run({}), IsSyscall(SYS_getpid));
  std::unique_ptr<Cpu> thread =
      host.machine->NewThread(second.memory, *second.cpu).Take();
  EXPECT_NE(static_cast<HostCpu&>(*thread).thread().tid().value,
            static_cast<HostCpu&>(*second.cpu).thread().tid().value);
}

TEST(ProcessTest, NoDescriptorIsLeftBehind) {
  auto count = [] {
    int n = 0;
    DIR* dir = opendir("/proc/self/fd");
    while (readdir(dir) != nullptr) ++n;
    closedir(dir);
    return n;
  };
  int before = count();
  {
    TestMachine host;
    for (int i = 0; i < 10; ++i) {
      Machine::Guest guest = host.Start(forks);
      guest.cpu->Run({});
    }
  }
  EXPECT_EQ(count(), before);
}

}  // namespace
}  // namespace emu
