// SPDX-License-Identifier: Apache-2.0
//
// seccomp(2), and prctl(2)'s PR_SET_SYSCALL_USER_DISPATCH.

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

using Program = std::vector<sock_filter>;

long Seccomp(unsigned operation, unsigned flags, const void* args) {
  return syscall(SYS_seccomp, operation, flags, args);
}

long Install(const Program& program, unsigned flags = 0) {
  sock_fprog prog = {static_cast<unsigned short>(program.size()),
                     const_cast<sock_filter*>(program.data())};
  return Seccomp(SECCOMP_SET_MODE_FILTER, flags, &prog);
}

void NoNewPrivs() {
  CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

// A filter that answers the call `number` with `action` and allows the rest.
Program For(int number, uint32_t action) {
  return {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0,
                   1),
          BPF_STMT(BPF_RET | BPF_K, action),
          BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
}

// A filter of this and RET ALLOW.
Program With(std::initializer_list<sock_filter> instructions) {
  Program program = instructions;
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  return program;
}

TEST(SeccompTest, ErrnoActionAnswersTheCall) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                CHILD_CHECK(Install(For(SYS_getppid,
                                        SECCOMP_RET_ERRNO | 33)) == 0);
                CHILD_CHECK(syscall(SYS_getppid) == -1 && errno == 33);
                CHILD_CHECK(syscall(SYS_getpid) > 0);
                CHILD_CHECK(Install(For(SYS_gettid, SECCOMP_RET_ERRNO)) == 0);
                CHILD_CHECK(syscall(SYS_gettid) == 0);
              }),
              Exited(0));
}

TEST(SeccompTest, StrictestFilterOfAllWins) {
  EXPECT_THAT(
      RunInChild([] {
        NoNewPrivs();
        CHILD_CHECK(Install(For(SYS_getppid, SECCOMP_RET_ERRNO | 5)) == 0);
        CHILD_CHECK(Install(For(SYS_getppid, SECCOMP_RET_TRACE)) == 0);
        CHILD_CHECK(syscall(SYS_getppid) == -1 && errno == 5);
        // Among equals, the newest.
        CHILD_CHECK(Install(For(SYS_getppid, SECCOMP_RET_ERRNO | 6)) == 0);
        CHILD_CHECK(syscall(SYS_getppid) == -1 && errno == 6);
      }),
      Exited(0));
}

TEST(SeccompTest, NobodyToAskIsNoSuchCall) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                CHILD_CHECK(Install(For(SYS_getppid, SECCOMP_RET_TRACE)) == 0);
                CHILD_CHECK(syscall(SYS_getppid) == -1 && errno == ENOSYS);
                CHILD_CHECK(
                    Install(For(SYS_gettid, SECCOMP_RET_USER_NOTIF)) == 0);
                CHILD_CHECK(syscall(SYS_gettid) == -1 && errno == ENOSYS);
                CHILD_CHECK(Install(For(SYS_getuid, SECCOMP_RET_LOG)) == 0);
                CHILD_CHECK(syscall(SYS_getuid) >= 0);
              }),
              Exited(0));
}

TEST(SeccompTest, KillProcessIsSigsys) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                signal(SIGSYS, SIG_IGN);
                CHILD_CHECK(
                    Install(For(SYS_getppid, SECCOMP_RET_KILL_PROCESS)) == 0);
                syscall(SYS_getppid);
                _exit(1);
              }),
              KilledBy(SIGSYS));
}

TEST(SeccompTest, UnknownActionKills) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                CHILD_CHECK(Install(For(SYS_getppid, 0x12340000)) == 0);
                syscall(SYS_getppid);
                _exit(1);
              }),
              KilledBy(SIGSYS));
}

void* GetParent(void*) {
  syscall(SYS_getppid);
  _exit(1);
}

TEST(SeccompTest, KillThreadSparesTheOthers) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                CHILD_CHECK(
                    Install(For(SYS_getppid, SECCOMP_RET_KILL_THREAD)) == 0);
                pthread_t thread;
                CHILD_CHECK(
                    pthread_create(&thread, nullptr, GetParent, nullptr) == 0);
                CHILD_CHECK(pthread_join(thread, nullptr) == 0);
              }),
              Exited(0));
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                CHILD_CHECK(
                    Install(For(SYS_getppid, SECCOMP_RET_KILL_THREAD)) == 0);
                GetParent(nullptr);
              }),
              KilledBy(SIGSYS));
}

volatile int trapped_signal, trapped_code, trapped_error, trapped_call;
volatile unsigned trapped_arch;
volatile long trapped_rax;

void OnTrap(int signo, siginfo_t* info, void* context) {
  trapped_signal = signo;
  trapped_code = info->si_code;
  trapped_error = info->si_errno;
  trapped_call = info->si_syscall;
  trapped_arch = info->si_arch;
  auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
  trapped_rax = registers[REG_RAX];
  CHILD_CHECK(info->si_call_addr ==
              reinterpret_cast<void*>(registers[REG_RIP]));
  registers[REG_RAX] = 77;
}

void HandleTrap() {
  struct sigaction action = {};
  action.sa_sigaction = OnTrap;
  action.sa_flags = SA_SIGINFO;
  CHILD_CHECK(sigaction(SIGSYS, &action, nullptr) == 0);
}

TEST(SeccompTest, TrapTellsTheHandlerAboutTheCall) {
  EXPECT_THAT(
      RunInChild([] {
        NoNewPrivs();
        HandleTrap();
        CHILD_CHECK(Install(For(SYS_getppid, SECCOMP_RET_TRAP | 42)) == 0);
        CHILD_CHECK(syscall(SYS_getppid) == 77);
        CHILD_CHECK(trapped_signal == SIGSYS && trapped_code == 1);
        CHILD_CHECK(trapped_error == 42 && trapped_call == SYS_getppid);
        CHILD_CHECK(trapped_arch == AUDIT_ARCH_X86_64);
        CHILD_CHECK(trapped_rax == SYS_getppid);
      }),
      Exited(0));
}

TEST(SeccompTest, SeesArgumentsAndArchitecture) {
  EXPECT_THAT(
      RunInChild([] {
        NoNewPrivs();
        // dup(5) alone fails, on this architecture alone.
        const Program program = With({
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 5),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_dup, 0, 3),
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 5, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 99),
        });
        CHILD_CHECK(Install(program) == 0);
        CHILD_CHECK(dup(5) == -1 && errno == 99);
        CHILD_CHECK(dup(2) >= 0);
      }),
      Exited(0));
}

// Computes with what the program does before it returns A as an errno.
int ErrnoOf(std::initializer_list<sock_filter> instructions) {
  Program program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  program.insert(program.end(), instructions);
  program.push_back(BPF_STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO));
  program.push_back(BPF_STMT(BPF_RET | BPF_A, 0));
  const int status = RunInChild([&] {
    NoNewPrivs();
    CHILD_CHECK(Install(program) == 0);
    CHILD_CHECK(syscall(SYS_getppid) == -1);
    _exit(errno);
  });
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(SeccompTest, InterpretsArithmetic) {
  EXPECT_EQ(ErrnoOf({BPF_STMT(BPF_LD | BPF_IMM, 100),
                     BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 30),
                     BPF_STMT(BPF_LDX | BPF_IMM, 7),
                     BPF_STMT(BPF_ALU | BPF_DIV | BPF_X, 0),
                     BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),
                     BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0)}),
            47);
  EXPECT_EQ(ErrnoOf({BPF_STMT(BPF_LD | BPF_IMM, 9), BPF_STMT(BPF_ST, 3),
                     BPF_STMT(BPF_LDX | BPF_MEM, 3),
                     BPF_STMT(BPF_MISC | BPF_TXA, 0),
                     BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),
                     BPF_STMT(BPF_ALU | BPF_XOR | BPF_K, 16),
                     BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 1)}),
            (81 ^ 16) >> 1);
  EXPECT_EQ(ErrnoOf({BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0)}), 64);
  EXPECT_EQ(ErrnoOf({BPF_STMT(BPF_LD | BPF_IMM, 1),
                     BPF_STMT(BPF_ALU | BPF_NEG, 0),
                     BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x7f)}),
            0x7f);
}

TEST(SeccompTest, RefusesProgramsThatCouldGoWrong) {
  EXPECT_THAT(
      RunInChild([] {
        NoNewPrivs();
        const auto refused = [](const Program& program) {
          return Install(program) == -1 && errno == EINVAL;
        };
        CHILD_CHECK(refused({}));
        CHILD_CHECK(refused({BPF_STMT(BPF_LD | BPF_IMM, 0)}));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64)})));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2)})));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0)})));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_LD | BPF_MEM, 0)})));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_ST, 16)})));
        CHILD_CHECK(refused(With({BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0)})));
        CHILD_CHECK(refused(
            With({BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1)})));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0)})));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, 3)})));
        CHILD_CHECK(refused(With({BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32)})));
        CHILD_CHECK(refused(Program(4097, BPF_STMT(BPF_RET | BPF_K, 0))));
        CHILD_CHECK(prctl(PR_GET_SECCOMP) == 0);
      }),
      Exited(0));
}

TEST(SeccompTest, ArgumentErrors) {
  const sock_fprog null = {1, nullptr};
  EXPECT_THAT(Seccomp(9, 0, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(Seccomp(SECCOMP_SET_MODE_STRICT, 1, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(Seccomp(SECCOMP_SET_MODE_STRICT, 0, &null), FailsWith(EINVAL));
  EXPECT_THAT(Seccomp(SECCOMP_SET_MODE_FILTER, 1 << 20, &null),
              FailsWith(EINVAL));
  EXPECT_THAT(Seccomp(SECCOMP_SET_MODE_FILTER, 0, BadAddress()),
              FailsWith(EFAULT));
  EXPECT_THAT(Seccomp(SECCOMP_SET_MODE_FILTER, 0, &null), FailsWith(EACCES));
  EXPECT_THAT(Install(For(1, SECCOMP_RET_ALLOW)), FailsWith(EACCES));
  EXPECT_THAT(prctl(PR_SET_SECCOMP, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(prctl(PR_SET_SECCOMP, 2, BadAddress()), FailsWith(EFAULT));
}

TEST(SeccompTest, TellsWhatThereIs) {
  for (const uint32_t action :
       {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP,
        SECCOMP_RET_ERRNO, SECCOMP_RET_TRACE, SECCOMP_RET_LOG,
        SECCOMP_RET_ALLOW}) {
    EXPECT_THAT(Seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &action), Succeeds());
  }
  const uint32_t unknown = 0x12340000;
  EXPECT_THAT(Seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &unknown),
              FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Seccomp(SECCOMP_GET_ACTION_AVAIL, 1, &unknown),
              FailsWith(EINVAL));
  seccomp_notif_sizes sizes = {};
  ASSERT_THAT(Seccomp(SECCOMP_GET_NOTIF_SIZES, 0, &sizes), Succeeds());
  EXPECT_EQ(sizes.seccomp_notif, sizeof(seccomp_notif));
  EXPECT_EQ(sizes.seccomp_data, sizeof(seccomp_data));
}

// A line of /proc/self/status.
std::string Status(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.rfind(name + ":", 0) == 0) return line.substr(name.size() + 2);
  }
  return "";
}

TEST(SeccompTest, IsInheritedAndShown) {
  EXPECT_THAT(
      RunInChild([] {
        NoNewPrivs();
        CHILD_CHECK(Status("Seccomp") == "0");
        CHILD_CHECK(Install(For(SYS_getppid, SECCOMP_RET_ERRNO | 3)) == 0);
        CHILD_CHECK(Install(For(SYS_gettid, SECCOMP_RET_ERRNO | 3)) == 0);
        CHILD_CHECK(prctl(PR_GET_SECCOMP) == 2);
        CHILD_CHECK(Status("Seccomp") == "2");
        CHILD_CHECK(Status("Seccomp_filters") == "2");
        const int status = RunInChild([] {
          CHILD_CHECK(syscall(SYS_getppid) == -1 && errno == 3);
          execl("/bin/sh", "sh", "-c", "grep -q '^Seccomp:.2' /proc/self/status",
                nullptr);
        });
        CHILD_CHECK(status == 0);
      }),
      Exited(0));
}

TEST(SeccompTest, StrictModeLeavesFourCalls) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
                char byte;
                syscall(SYS_read, -1, &byte, 1);
                syscall(SYS_exit, 7);
              }),
              Exited(7));
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(Seccomp(SECCOMP_SET_MODE_STRICT, 0, nullptr) == 0);
                syscall(SYS_getpid);
                _exit(1);
              }),
              KilledBy(SIGKILL));
}

TEST(SeccompTest, StrictModeIsNotForThoseWithFilters) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                CHILD_CHECK(Install(For(-1, SECCOMP_RET_ALLOW)) == 0);
                CHILD_CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == -1);
                CHILD_CHECK(errno == EINVAL);
              }),
              Exited(0));
}

int go[2], went[2];

void* CallWhenTold(void* own_filter) {
  if (own_filter != nullptr) {
    CHILD_CHECK(Install(For(-1, SECCOMP_RET_ALLOW)) == 0);
  }
  char byte = 0;
  CHILD_CHECK(write(went[1], &byte, 1) == 1);
  CHILD_CHECK(read(go[0], &byte, 1) == 1);
  const long result = syscall(SYS_getppid);
  return reinterpret_cast<void*>(result == -1 ? errno : 0);
}

pthread_t StartThread(void* own_filter) {
  CHILD_CHECK(pipe(go) == 0 && pipe(went) == 0);
  pthread_t thread;
  CHILD_CHECK(pthread_create(&thread, nullptr, CallWhenTold, own_filter) == 0);
  char byte;
  CHILD_CHECK(read(went[0], &byte, 1) == 1);
  return thread;
}

long Join(pthread_t thread) {
  CHILD_CHECK(write(go[1], "x", 1) == 1);
  void* result;
  CHILD_CHECK(pthread_join(thread, &result) == 0);
  return reinterpret_cast<long>(result);
}

TEST(SeccompTest, IsOfOneThread) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                const pthread_t thread = StartThread(nullptr);
                CHILD_CHECK(
                    Install(For(SYS_getppid, SECCOMP_RET_ERRNO | 3)) == 0);
                CHILD_CHECK(Join(thread) == 0);
              }),
              Exited(0));
}

TEST(SeccompTest, TsyncGivesItToAllThreads) {
  EXPECT_THAT(RunInChild([] {
                NoNewPrivs();
                const pthread_t thread = StartThread(nullptr);
                CHILD_CHECK(Install(For(SYS_getppid, SECCOMP_RET_ERRNO | 3),
                                    SECCOMP_FILTER_FLAG_TSYNC) == 0);
                CHILD_CHECK(Join(thread) == 3);
              }),
              Exited(0));
}

TEST(SeccompTest, TsyncNamesTheThreadThatHasItsOwn) {
  EXPECT_THAT(
      RunInChild([] {
        NoNewPrivs();
        static char own;
        const pthread_t thread = StartThread(&own);
        const Program program = For(SYS_getppid, SECCOMP_RET_ERRNO | 3);
        CHILD_CHECK(Install(program, SECCOMP_FILTER_FLAG_TSYNC) > getpid());
        CHILD_CHECK(Install(program, SECCOMP_FILTER_FLAG_TSYNC |
                                         SECCOMP_FILTER_FLAG_TSYNC_ESRCH) ==
                        -1 &&
                    errno == ESRCH);
        CHILD_CHECK(Join(thread) == 0);
      }),
      Exited(0));
}

constexpr int kSetDispatch = 59;  // PR_SET_SYSCALL_USER_DISPATCH

volatile char selector;

void OnDispatch(int signo, siginfo_t* info, void* context) {
  selector = 0;  // SYSCALL_DISPATCH_FILTER_ALLOW
  OnTrap(signo, info, context);
}

TEST(UserDispatchTest, SelectorMakesCallsSignals) {
  EXPECT_THAT(
      RunInChild([] {
        struct sigaction action = {};
        action.sa_sigaction = OnDispatch;
        action.sa_flags = SA_SIGINFO;
        CHILD_CHECK(sigaction(SIGSYS, &action, nullptr) == 0);
        CHILD_CHECK(prctl(kSetDispatch, 1, 0, 0, &selector) == 0);
        CHILD_CHECK(syscall(SYS_getppid) > 0);
        selector = 1;  // SYSCALL_DISPATCH_FILTER_BLOCK
        CHILD_CHECK(syscall(SYS_getppid) == 77);
        CHILD_CHECK(trapped_code == 2 && trapped_call == SYS_getppid);
        CHILD_CHECK(trapped_error == 0);
        CHILD_CHECK(prctl(kSetDispatch, 0, 0, 0, 0) == 0);
      }),
      Exited(0));
}

TEST(UserDispatchTest, ChildrenAreFree) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(kSetDispatch, 1, 0, 0, &selector) == 0);
                const pid_t child = fork();
                if (child == 0) {
                  selector = 1;
                  _exit(syscall(SYS_getppid) > 0 ? 0 : 1);
                }
                int status;
                CHILD_CHECK(waitpid(child, &status, 0) == child);
                CHILD_CHECK(status == 0);
              }),
              Exited(0));
}

TEST(UserDispatchTest, BadSelectorKills) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(kSetDispatch, 1, 0, 0, &selector) == 0);
                selector = 9;
                syscall(SYS_getppid);
                _exit(1);
              }),
              KilledBy(SIGSYS));
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(kSetDispatch, 1, 0, 0, BadAddress()) == 0);
                syscall(SYS_getppid);
                _exit(1);
              }),
              KilledBy(SIGSEGV));
}

TEST(UserDispatchTest, ArgumentErrors) {
  EXPECT_THAT(prctl(kSetDispatch, 0, 1, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(prctl(kSetDispatch, 0, 0, 0, &selector), FailsWith(EINVAL));
  EXPECT_THAT(prctl(kSetDispatch, 1, 5, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(prctl(kSetDispatch, 5, 0, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(prctl(kSetDispatch, 1, 0, 0, -4096L), FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
