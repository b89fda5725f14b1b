// SPDX-License-Identifier: Apache-2.0
//
// sigaction(2), sigprocmask(2), sigpending(2), kill(2), tgkill(2),
// sigqueue(3): sending, blocking, and what a handler sees.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

sigset_t SetOf(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int sig : signals) sigaddset(&set, sig);
  return set;
}

// What the handler below saw, in order.
volatile int seen[64];
volatile int seen_count;
siginfo_t last_info;

void Record(int sig) {
  seen[seen_count % 64] = sig;
  seen_count = seen_count + 1;
}

void RecordInfo(int sig, siginfo_t* info, void*) {
  Record(sig);
  last_info = *info;
}

// Each test gets back the signals of its process as they were.
class SignalTest : public testing::Test {
 protected:
  SignalTest() {
    seen_count = 0;
    sigprocmask(SIG_SETMASK, nullptr, &mask_);
    for (int sig = 1; sig <= SIGRTMAX; ++sig) {
      sigaction(sig, nullptr, &actions_[sig]);
    }
  }
  ~SignalTest() override {
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
    for (int sig = 1; sig <= SIGRTMAX; ++sig) {
      sigaction(sig, &actions_[sig], nullptr);
    }
  }

  void Handle(int sig, int flags = 0, sigset_t mask = SetOf({})) {
    struct sigaction action = {};
    action.sa_sigaction = RecordInfo;
    action.sa_flags = flags | SA_SIGINFO;
    action.sa_mask = mask;
    ASSERT_THAT(sigaction(sig, &action, nullptr), Succeeds());
  }

  void Block(std::initializer_list<int> signals) {
    const sigset_t set = SetOf(signals);
    ASSERT_THAT(sigprocmask(SIG_BLOCK, &set, nullptr), Succeeds());
  }
  void Unblock(std::initializer_list<int> signals) {
    const sigset_t set = SetOf(signals);
    ASSERT_THAT(sigprocmask(SIG_UNBLOCK, &set, nullptr), Succeeds());
  }

 private:
  sigset_t mask_;
  struct sigaction actions_[65];
};

using SigactionTest = SignalTest;
using SigprocmaskTest = SignalTest;
using KillTest = SignalTest;
using SigqueueTest = SignalTest;
using TgkillTest = SignalTest;
using HandlerTest = SignalTest;

TEST_F(SigactionTest, ReturnsPreviousAction) {
  Handle(SIGUSR1, SA_RESTART, SetOf({SIGUSR2}));
  struct sigaction previous;
  ASSERT_THAT(sigaction(SIGUSR1, nullptr, &previous), Succeeds());
  EXPECT_EQ(previous.sa_sigaction, RecordInfo);
  EXPECT_EQ(previous.sa_flags & (SA_RESTART | SA_SIGINFO | SA_NODEFER),
            SA_RESTART | SA_SIGINFO);
  EXPECT_TRUE(sigismember(&previous.sa_mask, SIGUSR2));
  EXPECT_FALSE(sigismember(&previous.sa_mask, SIGUSR1));
}

TEST_F(SigactionTest, KillAndStopCannotBeChanged) {
  EXPECT_THAT(syscall(SYS_rt_sigaction, SIGKILL, nullptr, nullptr, 8),
              Succeeds());  // Asking is allowed.
  struct sigaction action = {};
  EXPECT_THAT(sigaction(SIGKILL, &action, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(sigaction(SIGSTOP, &action, nullptr), FailsWith(EINVAL));
}

TEST_F(SigactionTest, RejectsNumbersOutOfRange) {
  EXPECT_THAT(syscall(SYS_rt_sigaction, 0, nullptr, nullptr, 8),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_rt_sigaction, 65, nullptr, nullptr, 8),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_rt_sigaction, 64, nullptr, nullptr, 8), Succeeds());
}

TEST_F(SigactionTest, SizeOfSetIsCheckedFirst) {
  EXPECT_THAT(
      syscall(SYS_rt_sigaction, 65, BadAddress(), nullptr, sizeof(sigset_t)),
      FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_rt_sigaction, 65, BadAddress(), nullptr, 8),
              FailsWith(EFAULT));
}

TEST_F(SigactionTest, IgnoringDiscardsPending) {
  Handle(SIGUSR1);
  Block({SIGUSR1});
  raise(SIGUSR1);
  signal(SIGUSR1, SIG_IGN);
  Handle(SIGUSR1);
  Unblock({SIGUSR1});
  EXPECT_EQ(seen_count, 0);
}

TEST_F(SigactionTest, ResethandWorksOnce) {
  Handle(SIGUSR1, SA_RESETHAND);
  raise(SIGUSR1);
  EXPECT_EQ(seen_count, 1);
  EXPECT_EQ(signal(SIGUSR1, SIG_DFL), SIG_DFL);
}

TEST_F(SigprocmaskTest, BlocksUnblocksAndSets) {
  Block({SIGUSR1});
  sigset_t set = SetOf({SIGUSR2});
  sigset_t old;
  ASSERT_THAT(sigprocmask(SIG_BLOCK, &set, &old), Succeeds());
  EXPECT_TRUE(sigismember(&old, SIGUSR1));
  EXPECT_FALSE(sigismember(&old, SIGUSR2));
  Unblock({SIGUSR1});
  ASSERT_THAT(sigprocmask(SIG_SETMASK, nullptr, &old), Succeeds());
  EXPECT_FALSE(sigismember(&old, SIGUSR1));
  EXPECT_TRUE(sigismember(&old, SIGUSR2));
}

TEST_F(SigprocmaskTest, KillAndStopAreNeverBlocked) {
  Block({SIGKILL, SIGSTOP, SIGUSR1});
  uint64_t mask = 0;
  ASSERT_THAT(syscall(SYS_rt_sigprocmask, SIG_SETMASK, nullptr, &mask, 8),
              Succeeds());
  EXPECT_EQ(mask, uint64_t{1} << (SIGUSR1 - 1));
}

TEST_F(SigprocmaskTest, RejectsUnknownHowOnlyWithASet) {
  uint64_t set = 0;
  EXPECT_THAT(syscall(SYS_rt_sigprocmask, 9, &set, nullptr, 8),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_rt_sigprocmask, 9, nullptr, &set, 8), Succeeds());
}

TEST_F(SigprocmaskTest, RejectsBadSizeAndPointer) {
  uint64_t set = 0;
  EXPECT_THAT(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, nullptr, 4),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_rt_sigprocmask, SIG_BLOCK, BadAddress(), nullptr, 8),
              FailsWith(EFAULT));
}

TEST_F(SigprocmaskTest, BlockedSignalWaitsForUnblocking) {
  Handle(SIGUSR1);
  Block({SIGUSR1});
  raise(SIGUSR1);
  EXPECT_EQ(seen_count, 0);
  sigset_t pending;
  ASSERT_THAT(sigpending(&pending), Succeeds());
  EXPECT_TRUE(sigismember(&pending, SIGUSR1));
  Unblock({SIGUSR1});
  EXPECT_EQ(seen_count, 1);
}

TEST_F(SigprocmaskTest, StandardSignalsDoNotQueue) {
  Handle(SIGUSR1);
  Block({SIGUSR1});
  for (int i = 0; i < 3; ++i) raise(SIGUSR1);
  Unblock({SIGUSR1});
  EXPECT_EQ(seen_count, 1);
}

TEST_F(SigprocmaskTest, RealTimeSignalsQueue) {
  Handle(SIGRTMIN);
  Block({SIGRTMIN});
  for (int i = 0; i < 3; ++i) raise(SIGRTMIN);
  Unblock({SIGRTMIN});
  EXPECT_EQ(seen_count, 3);
}

TEST_F(SigprocmaskTest, LowerNumbersAreDeliveredFirst) {
  // Each handler runs with the others blocked, so the order shows.
  const sigset_t all = SetOf({SIGRTMIN, SIGRTMIN + 1, SIGUSR1, SIGUSR2});
  for (const int sig : {SIGRTMIN, SIGRTMIN + 1, SIGUSR1, SIGUSR2}) {
    Handle(sig, 0, all);
  }
  Block({SIGRTMIN, SIGRTMIN + 1, SIGUSR1, SIGUSR2});
  for (const int sig : {SIGRTMIN + 1, SIGUSR2, SIGRTMIN, SIGUSR1}) raise(sig);
  Unblock({SIGRTMIN, SIGRTMIN + 1, SIGUSR1, SIGUSR2});
  ASSERT_EQ(seen_count, 4);
  EXPECT_EQ(seen[0], SIGUSR1);
  EXPECT_EQ(seen[1], SIGUSR2);
  EXPECT_EQ(seen[2], SIGRTMIN);
  EXPECT_EQ(seen[3], SIGRTMIN + 1);
}

TEST_F(KillTest, SignalZeroOnlyChecks) {
  EXPECT_THAT(kill(getpid(), 0), Succeeds());
  EXPECT_THAT(kill(0, 0), Succeeds());
  EXPECT_THAT(kill(0x3fffffff, 0), FailsWith(ESRCH));
}

TEST_F(KillTest, RejectsNumbersOutOfRange) {
  EXPECT_THAT(kill(getpid(), 65), FailsWith(EINVAL));
  EXPECT_THAT(kill(getpid(), -1), FailsWith(EINVAL));
  EXPECT_THAT(kill(0x3fffffff, 65), FailsWith(ESRCH));
}

TEST_F(KillTest, CarriesSendersIdentity) {
  Handle(SIGUSR1);
  ASSERT_THAT(kill(getpid(), SIGUSR1), Succeeds());
  ASSERT_EQ(seen_count, 1);  // Delivered before kill returns.
  EXPECT_EQ(last_info.si_code, SI_USER);
  EXPECT_EQ(last_info.si_pid, getpid());
  EXPECT_EQ(last_info.si_uid, getuid());
}

TEST_F(KillTest, ReachesWholeProcessGroup) {
  EXPECT_THAT(RunInChild([] {
                setpgid(0, 0);
                Child a([] {
                  for (;;) pause();
                });
                Child b([] {
                  for (;;) pause();
                });
                signal(SIGTERM, SIG_IGN);
                CHILD_CHECK(kill(0, SIGTERM) == 0);
                CHILD_CHECK(WTERMSIG(a.Wait()) == SIGTERM);
                CHILD_CHECK(WTERMSIG(b.Wait()) == SIGTERM);
              }),
              Exited(0));
}

TEST_F(KillTest, ZombieStillExists) {
  Child child([] {});
  siginfo_t info;
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WEXITED | WNOWAIT), Succeeds());
  EXPECT_THAT(kill(child.pid(), SIGKILL), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(KillTest, DefaultActionsTerminateIgnoreOrDumpCore) {
  for (const int sig : {SIGHUP, SIGINT, SIGUSR1, SIGALRM, SIGTERM, SIGIO,
                        SIGVTALRM, SIGPROF, SIGPWR, SIGSTKFLT, SIGRTMIN}) {
    EXPECT_THAT(RunInChild([=] { raise(sig); }), KilledBy(sig));
  }
  for (const int sig : {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE,
                        SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS}) {
    EXPECT_THAT(RunInChild([=] { kill(getpid(), sig); }), KilledBy(sig));
  }
  for (const int sig : {SIGCHLD, SIGCONT, SIGURG, SIGWINCH}) {
    EXPECT_THAT(RunInChild([=] { raise(sig); }), Exited(0));
  }
}

TEST_F(SigqueueTest, CarriesValue) {
  Handle(SIGRTMIN + 1);
  ASSERT_THAT(sigqueue(getpid(), SIGRTMIN + 1, {.sival_int = 42}), Succeeds());
  EXPECT_EQ(last_info.si_code, SI_QUEUE);
  EXPECT_EQ(last_info.si_value.sival_int, 42);
  EXPECT_EQ(last_info.si_pid, getpid());
}

TEST_F(SigqueueTest, KeepsOrderOfValues) {
  struct sigaction action = {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t* info, void*) {
    Record(info->si_value.sival_int);
  };
  ASSERT_THAT(sigaction(SIGRTMIN, &action, nullptr), Succeeds());
  Block({SIGRTMIN});
  for (int i = 1; i <= 3; ++i) sigqueue(getpid(), SIGRTMIN, {.sival_int = i});
  Unblock({SIGRTMIN});
  ASSERT_EQ(seen_count, 3);
  EXPECT_EQ(seen[0], 1);
  EXPECT_EQ(seen[2], 3);
}

TEST_F(SigqueueTest, CannotPretendToBeKernelForOthers) {
  Child child([] {
    for (;;) pause();
  });
  siginfo_t info = {};
  info.si_code = SI_USER;
  EXPECT_THAT(syscall(SYS_rt_sigqueueinfo, child.pid(), SIGUSR1, &info),
              FailsWith(EPERM));
  info.si_code = SI_TKILL;
  EXPECT_THAT(syscall(SYS_rt_sigqueueinfo, child.pid(), SIGUSR1, &info),
              FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_rt_sigqueueinfo, child.pid(), SIGUSR1, BadAddress()),
              FailsWith(EFAULT));
}

TEST_F(TgkillTest, ReachesThreadOfGroup) {
  Handle(SIGUSR1);
  ASSERT_THAT(tgkill(getpid(), gettid(), SIGUSR1), Succeeds());
  EXPECT_EQ(seen_count, 1);
  EXPECT_EQ(last_info.si_code, SI_TKILL);
}

TEST_F(TgkillTest, ChecksGroupAndThread) {
  Child child([] {
    for (;;) pause();
  });
  EXPECT_THAT(tgkill(getpid(), child.pid(), 0), FailsWith(ESRCH));
  EXPECT_THAT(tgkill(child.pid(), child.pid(), 0), Succeeds());
  EXPECT_THAT(tgkill(0, gettid(), 0), FailsWith(EINVAL));
  EXPECT_THAT(tgkill(getpid(), -1, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_tkill, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_tkill, 0x3fffffff, 0), FailsWith(ESRCH));
}

TEST_F(HandlerTest, OwnSignalIsBlockedMeanwhile) {
  struct sigaction action = {};
  action.sa_handler = [](int sig) {
    sigset_t now;
    sigprocmask(SIG_BLOCK, nullptr, &now);
    Record(sigismember(&now, sig));
    Record(sigismember(&now, SIGUSR2));
  };
  sigaddset(&action.sa_mask, SIGUSR2);
  ASSERT_THAT(sigaction(SIGUSR1, &action, nullptr), Succeeds());
  raise(SIGUSR1);
  EXPECT_EQ(seen[0], 1);
  EXPECT_EQ(seen[1], 1);
  sigset_t now;
  sigprocmask(SIG_BLOCK, nullptr, &now);
  EXPECT_FALSE(sigismember(&now, SIGUSR1));
  EXPECT_FALSE(sigismember(&now, SIGUSR2));
}

TEST_F(HandlerTest, NodeferLetsItNest) {
  struct sigaction action = {};
  action.sa_handler = [](int sig) {
    Record(sig);
    if (seen_count < 3) raise(sig);
    Record(0);
  };
  action.sa_flags = SA_NODEFER;
  ASSERT_THAT(sigaction(SIGUSR1, &action, nullptr), Succeeds());
  raise(SIGUSR1);
  EXPECT_EQ(seen_count, 6);
  EXPECT_EQ(seen[2], SIGUSR1);
  EXPECT_EQ(seen[3], 0);
}

TEST_F(HandlerTest, ContextHoldsInterruptedMask) {
  struct sigaction action = {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int, siginfo_t*, void* context) {
    auto* mask = &static_cast<ucontext_t*>(context)->uc_sigmask;
    Record(sigismember(mask, SIGUSR2));
    sigaddset(mask, SIGHUP);  // In force after the return.
  };
  ASSERT_THAT(sigaction(SIGUSR1, &action, nullptr), Succeeds());
  Block({SIGUSR2});
  raise(SIGUSR1);
  EXPECT_EQ(seen[0], 1);
  sigset_t now;
  sigprocmask(SIG_BLOCK, nullptr, &now);
  EXPECT_TRUE(sigismember(&now, SIGHUP));
}

}  // namespace
}  // namespace emu
