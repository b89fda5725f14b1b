// SPDX-License-Identifier: Apache-2.0
//
// wait4(2), waitid(2), exit(2), exit_group(2), orphans.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

// A child that waits for a signal.
struct Sleeper : Child {
  Sleeper()
      : Child([] {
          for (;;) pause();
        }) {}
};

TEST(WaitTest, NoChildren) {
  EXPECT_THAT(wait4(-1, nullptr, 0, nullptr), FailsWith(ECHILD));
  EXPECT_THAT(wait4(getpid(), nullptr, 0, nullptr), FailsWith(ECHILD));
  EXPECT_THAT(wait4(1, nullptr, WNOHANG, nullptr), FailsWith(ECHILD));
}

TEST(WaitTest, UnknownOptionsComeBeforeMissingChildren) {
  EXPECT_THAT(wait4(-1, nullptr, 0x1000, nullptr), FailsWith(EINVAL));
}

TEST(WaitTest, MostNegativePidNamesNoGroup) {
  EXPECT_THAT(wait4(INT32_MIN, nullptr, 0, nullptr), FailsWith(ESRCH));
}

TEST(WaitTest, ReportsExitCodeModulo256) {
  EXPECT_THAT(RunInChild([] { _exit(0x1ff); }), Exited(255));
}

TEST(WaitTest, ReportsSignal) {
  EXPECT_THAT(RunInChild([] { raise(SIGTERM); }), KilledBy(SIGTERM));
  EXPECT_THAT(RunInChild([] { raise(SIGKILL); }), KilledBy(SIGKILL));
}

TEST(WaitTest, ReapsOnce) {
  Child child([] {});
  const pid_t pid = child.pid();
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_THAT(waitpid(pid, nullptr, 0), FailsWith(ECHILD));
}

TEST(WaitTest, NohangReturnsZeroWhileChildLives) {
  Sleeper child;
  int status = 0x1234;
  EXPECT_THAT(waitpid(child.pid(), &status, WNOHANG), SucceedsWith(0));
  EXPECT_EQ(status, 0x1234);
}

TEST(WaitTest, BlocksUntilChildEnds) {
  Pipe pipe;
  Child child([&] {
    char c;
    read(pipe.read, &c, 1);
    _exit(3);
  });
  Child waker([&] {
    WaitUntilBlocked(getppid());
    write(pipe.write, "x", 1);
  });
  EXPECT_THAT(child.Wait(), Exited(3));
  EXPECT_THAT(waker.Wait(), Exited(0));
}

TEST(WaitTest, BadStatusPointerStillReaps) {
  Child child([] {});
  const pid_t pid = child.pid();
  EXPECT_THAT(wait4(pid, static_cast<int*>(BadAddress()), 0, nullptr),
              FailsWith(EFAULT));
  child.Forget();
  EXPECT_THAT(waitpid(pid, nullptr, 0), FailsWith(ECHILD));
}

TEST(WaitTest, ByProcessGroup) {
  Child other([] { _exit(1); });
  Pipe pipe;
  Child child([&] {
    CHILD_CHECK(setpgid(0, 0) == 0);
    write(pipe.write, "x", 1);
    _exit(2);
  });
  const pid_t pid = child.pid();
  char c;
  ASSERT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  int status = -1;
  EXPECT_THAT(waitpid(-pid, &status, 0), SucceedsWith(pid));
  EXPECT_THAT(status, Exited(2));
  child.Forget();
  EXPECT_THAT(waitpid(0, &status, 0), SucceedsWith(other.pid()));
  other.Forget();
  EXPECT_THAT(status, Exited(1));
}

TEST(WaitTest, ReportsStopAndContinueOnlyWhenAsked) {
  Sleeper child;
  ASSERT_THAT(kill(child.pid(), SIGSTOP), Succeeds());
  int status = -1;
  EXPECT_THAT(waitpid(child.pid(), &status, WUNTRACED),
              SucceedsWith(child.pid()));
  EXPECT_THAT(status, StoppedBy(SIGSTOP));
  EXPECT_THAT(waitpid(child.pid(), &status, WUNTRACED | WNOHANG),
              SucceedsWith(0));  // Reported once.
  ASSERT_THAT(kill(child.pid(), SIGCONT), Succeeds());
  EXPECT_THAT(waitpid(child.pid(), &status, WCONTINUED),
              SucceedsWith(child.pid()));
  EXPECT_TRUE(WIFCONTINUED(status));
}

TEST(WaitTest, StoppedChildIsNotReportedUnasked) {
  Sleeper child;
  ASSERT_THAT(kill(child.pid(), SIGSTOP), Succeeds());
  siginfo_t info;
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WSTOPPED | WNOWAIT),
              Succeeds());
  EXPECT_THAT(waitpid(child.pid(), nullptr, WNOHANG), SucceedsWith(0));
}

TEST(WaitTest, StoppedChildCanBeKilled) {
  Sleeper child;
  ASSERT_THAT(kill(child.pid(), SIGSTOP), Succeeds());
  ASSERT_THAT(kill(child.pid(), SIGKILL), Succeeds());
  EXPECT_THAT(child.Wait(), KilledBy(SIGKILL));
}

TEST(WaitTest, FillsInResourceUse) {
  Child child([] {});
  rusage usage;
  memset(&usage, 0xff, sizeof(usage));
  EXPECT_THAT(wait4(child.pid(), nullptr, 0, &usage),
              SucceedsWith(child.pid()));
  child.Forget();
  EXPECT_GE(usage.ru_utime.tv_sec, 0);
  EXPECT_LT(usage.ru_utime.tv_usec, 1000000);
}

TEST(WaitTest, IgnoredSigchldReapsByItself) {
  EXPECT_THAT(
      RunInChild([] {
        signal(SIGCHLD, SIG_IGN);
        Child child([] {});
        CHILD_CHECK(waitpid(child.pid(), nullptr, 0) == -1 && errno == ECHILD);
        child.Forget();
      }),
      Exited(0));
}

TEST(WaitTest, NoCldWaitReapsByItself) {
  EXPECT_THAT(
      RunInChild([] {
        struct sigaction action = {};
        action.sa_handler = [](int) {};
        action.sa_flags = SA_NOCLDWAIT | SA_RESTART;
        sigaction(SIGCHLD, &action, nullptr);
        Child child([] {});
        CHILD_CHECK(waitpid(child.pid(), nullptr, 0) == -1 && errno == ECHILD);
        child.Forget();
      }),
      Exited(0));
}

TEST(WaitTest, SignalInterruptsWait) {
  EXPECT_THAT(
      RunInChild([] {
        struct sigaction action = {};
        action.sa_handler = [](int) {};
        sigaction(SIGUSR1, &action, nullptr);
        Sleeper sleeper;
        Child waker([] {
          WaitUntilBlocked(getppid());
          kill(getppid(), SIGUSR1);
        });
        CHILD_CHECK(waitpid(sleeper.pid(), nullptr, 0) == -1 && errno == EINTR);
      }),
      Exited(0));
}

TEST(WaitidTest, DescribesExit) {
  Child child([] { _exit(5); });
  siginfo_t info = {};
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WEXITED), Succeeds());
  EXPECT_EQ(info.si_signo, SIGCHLD);
  EXPECT_EQ(info.si_code, CLD_EXITED);
  EXPECT_EQ(info.si_status, 5);
  EXPECT_EQ(info.si_pid, child.pid());
  EXPECT_EQ(info.si_uid, getuid());
  child.Forget();
}

TEST(WaitidTest, DescribesKillStopAndContinue) {
  Sleeper child;
  // In a group of its own, for an orphaned one does not stop by SIGTSTP, and
  // this program's may be one.
  ASSERT_THAT(setpgid(child.pid(), 0), Succeeds());
  siginfo_t info = {};
  ASSERT_THAT(kill(child.pid(), SIGSTOP), Succeeds());
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WSTOPPED), Succeeds());
  EXPECT_EQ(info.si_code, CLD_STOPPED);
  EXPECT_EQ(info.si_status, SIGSTOP);
  ASSERT_THAT(kill(child.pid(), SIGCONT), Succeeds());
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WCONTINUED), Succeeds());
  EXPECT_EQ(info.si_code, CLD_CONTINUED);
  EXPECT_EQ(info.si_status, SIGCONT);
  ASSERT_THAT(kill(child.pid(), SIGKILL), Succeeds());
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WEXITED), Succeeds());
  EXPECT_EQ(info.si_code, CLD_KILLED);
  EXPECT_EQ(info.si_status, SIGKILL);
  child.Forget();
}

TEST(WaitidTest, NowaitLeavesChildToBeReaped) {
  Child child([] { _exit(5); });
  siginfo_t info = {};
  EXPECT_THAT(waitid(P_PID, child.pid(), &info, WEXITED | WNOWAIT), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(5));
}

TEST(WaitidTest, NohangZeroesPidWhileChildLives) {
  Sleeper child;
  siginfo_t info;
  info.si_pid = 77;
  info.si_signo = 77;
  EXPECT_THAT(waitid(P_PID, child.pid(), &info, WEXITED | WNOHANG),
              SucceedsWith(0));
  EXPECT_EQ(info.si_pid, 0);
  EXPECT_EQ(info.si_signo, 0);
}

TEST(WaitidTest, RejectsBadArguments) {
  siginfo_t info;
  EXPECT_THAT(waitid(P_ALL, 0, &info, 0), FailsWith(EINVAL));
  EXPECT_THAT(waitid(P_ALL, 0, &info, WEXITED | 0x100), FailsWith(EINVAL));
  EXPECT_THAT(waitid(static_cast<idtype_t>(9), 0, &info, WEXITED),
              FailsWith(EINVAL));
  EXPECT_THAT(waitid(P_PID, 0, &info, WEXITED), FailsWith(EINVAL));
  EXPECT_THAT(waitid(P_ALL, 0, &info, WEXITED), FailsWith(ECHILD));
  EXPECT_THAT(waitid(P_PIDFD, 777, &info, WEXITED), FailsWith(EBADF));
}

TEST(OrphanTest, GoesToInitOrSubreaper) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
                Pipe pipe;
                RunInChild([&] {
                  if (fork() != 0) _exit(0);
                  close(pipe.write);
                  char c;
                  read(pipe.read, &c, 1);  // Until its parent is gone.
                  _exit(6);
                });
                pipe.write.Reset();
                int status = -1;
                CHILD_CHECK(waitpid(-1, &status, 0) > 0);
                CHILD_CHECK(WEXITSTATUS(status) == 6);
              }),
              Exited(0));
}

TEST(OrphanTest, ParentDeathSignalArrives) {
  Pipe pipe;
  Pipe ready;
  EXPECT_THAT(RunInChild([&] {
                if (fork() == 0) {
                  close(pipe.read);
                  CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
                  write(ready.write, "x", 1);
                  for (;;) pause();
                }
                char c;
                read(ready.read, &c, 1);
              }),
              Exited(0));
  pipe.write.Reset();
  char c;
  EXPECT_THAT(read(pipe.read, &c, 1), SucceedsWith(0));  // The orphan is gone.
}

}  // namespace
}  // namespace emu
