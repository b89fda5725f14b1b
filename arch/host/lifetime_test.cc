// SPDX-License-Identifier: Apache-2.0
//
// emu's end, however it comes, is its guests' end; and hosts where there is no
// beginning.

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "arch/host/test_machine.h"

namespace emu {
namespace {

GUEST_CODE(spins, "1: jmp 1b")
GUEST_CODE(asks_pid, R"(
1:
  mov eax, 39
  syscall
  jmp 1b
)")

// Runs `body` in a child; returns its pid and what it writes to the pipe.
struct Child {
  explicit Child(const std::function<void(int out)>& body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pid = fork();
    if (pid == 0) {
      close(ends[0]);
      body(ends[1]);
      _exit(0);
    }
    close(ends[1]);
    out = ends[0];
  }
  ~Child() { close(out); }

  template <typename T>
  T Read() {
    T value = {};
    EXPECT_EQ(read(out, &value, sizeof(value)),
              static_cast<ssize_t>(sizeof(value)));
    return value;
  }
  // Until everyone who holds the other end is gone: the child and its guests,
  // which share its descriptors.
  std::string ReadAll() {
    std::string all;
    char buffer[256];
    for (ssize_t n; (n = read(out, buffer, sizeof(buffer))) > 0;) {
      all.append(buffer, static_cast<size_t>(n));
    }
    return all;
  }

  pid_t pid;
  int out;
};

// Makes guests in all their states, tells their pids, then runs one for ever.
void RunGuestsForEver(int out) {
  TestMachine host;
  std::vector<Machine::Guest> guests;
  for (int i = 0; i < 3; ++i) guests.push_back(host.Start(asks_pid));
  guests[0].cpu->Run({});
  guests.push_back(
      host.machine->Fork(*guests[0].memory, *guests[0].cpu).Take());
  auto thread =
      host.machine->NewThread(guests[0].memory, *guests[0].cpu).Take();
  Machine::Guest last = host.Start(spins);
  std::vector<pid_t> pids = TestMachine::Children();
  int count = static_cast<int>(pids.size());
  EXPECT_EQ(write(out, &count, sizeof(count)), sizeof(count));
  EXPECT_EQ(write(out, pids.data(), sizeof(pid_t) * pids.size()),
            static_cast<ssize_t>(sizeof(pid_t) * pids.size()));
  last.cpu->Run({});
}

// Not if reaped, or dead and to be reaped by whoever inherited it.
bool IsAlive(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  return std::getline(status, line) && !absl::StrContains(line, ") Z") &&
         !absl::StrContains(line, ") X");
}

TEST(LifetimeTest, KillingEmuKillsAllGuests) {
  Child emu(RunGuestsForEver);
  int count = emu.Read<int>();
  ASSERT_EQ(count, 6);
  std::vector<pid_t> pids;
  for (int i = 0; i < count; ++i) pids.push_back(emu.Read<pid_t>());
  ASSERT_EQ(kill(emu.pid, SIGKILL), 0);
  waitpid(emu.pid, nullptr, 0);
  EXPECT_EQ(emu.ReadAll(), "") << "waits for the end of them all";
  for (pid_t pid : pids) {
    while (IsAlive(pid)) sched_yield();
  }
}

TEST(LifetimeTest, KillingEmuAtAnyMomentLeavesNobody) {
  for (int i = 0; i < 40; ++i) {
    Child emu([](int) {
      TestMachine host;
      for (;;) {
        Machine::Guest guest = host.Start(asks_pid);
        guest.cpu->Run({});
        auto child = host.machine->Fork(*guest.memory, *guest.cpu);
        auto thread = host.machine->NewThread(guest.memory, *guest.cpu);
      }
    });
    usleep(static_cast<useconds_t>(i * 157));
    kill(emu.pid, SIGKILL);
    waitpid(emu.pid, nullptr, 0);
    EXPECT_EQ(emu.ReadAll(), "");
  }
}

// As a container may: makes system call `number` fail with EPERM.
void Forbid(uint32_t number) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog program = {4, filter};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

std::string ErrorWithout(uint32_t number) {
  Child emu([number](int out) {
    Forbid(number);
    auto signals = HostSignals::Install();
    HostMachineOptions options;
    options.signals = signals->get();
    std::string message = HostMachine::Create(options).status().ToString();
    EXPECT_GT(write(out, message.data(), message.size()), 0);
    EXPECT_TRUE(TestMachine::Children().empty());
  });
  waitpid(emu.pid, nullptr, 0);
  return emu.ReadAll();
}

TEST(LifetimeTest, AHostThatForbidsPtraceIsNamed) {
  EXPECT_THAT(ErrorWithout(SYS_ptrace),
              testing::HasSubstr("ptrace is not permitted here"));
}

TEST(LifetimeTest, AHostThatForbidsFiltersIsNamed) {
  EXPECT_THAT(ErrorWithout(SYS_seccomp), testing::HasSubstr("seccomp"));
}

TEST(LifetimeTest, AHostThatForbidsMemoryCallsIsServed) {
  for (uint32_t number : {SYS_process_vm_readv, SYS_process_vm_writev}) {
    EXPECT_EQ(ErrorWithout(number), "OK");
  }
}

// As a terminal's signals do, these reach guests that are being made too.
TEST(LifetimeTest, SignalsDoNotDisturbTheStart) {
  Child emu([](int out) {
    setpgid(0, 0);
    const pid_t sender = fork();
    if (sender == 0) {
      // One of those that emu handles, for as long as emu lives.
      signal(SIGWINCH, SIG_IGN);
      while (kill(0, SIGWINCH) == 0 && getppid() != 1) usleep(100);
      _exit(0);
    }
    for (int i = 0; i < 20; ++i) {
      TestMachine host;
      Machine::Guest guest = host.Start(asks_pid);
      Stop stop;
      do {
        stop = guest.cpu->Run({});
      } while (stop.kind == Stop::Kind::kSlice);
      if (stop.number != SYS_getpid) _exit(1);
    }
    kill(sender, SIGKILL);
    waitpid(sender, nullptr, 0);
    EXPECT_EQ(write(out, "done", 4), 4);
  });
  int status;
  waitpid(emu.pid, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(emu.ReadAll(), "done");
}

TEST(LifetimeTest, MachinesCanFollowOneAnother) {
  for (int i = 0; i < 20; ++i) {
    TestMachine host;
    Machine::Guest guest = host.Start(asks_pid);
    EXPECT_THAT(guest.cpu->Run({}), IsSyscall(SYS_getpid));
  }
  EXPECT_TRUE(TestMachine::Children().empty());
}

}  // namespace
}  // namespace emu
