// SPDX-License-Identifier: Apache-2.0
//
// setpgid(2), getpgid(2), setsid(2), getsid(2), and orphaned groups.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

void Sleep() {
  for (;;) pause();
}

TEST(SetpgidTest, MakesOwnGroup) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(getpgrp() == getpgid(getppid()));
                CHILD_CHECK(setpgid(0, 0) == 0);
                CHILD_CHECK(getpgrp() == getpid());
                CHILD_CHECK(setpgid(0, 0) == 0);  // Again is fine.
              }),
              Exited(0));
}

TEST(SetpgidTest, MovesChildIntoGroupOfAnother) {
  Child leader(Sleep);
  Child member(Sleep);
  ASSERT_THAT(setpgid(leader.pid(), 0), Succeeds());
  EXPECT_THAT(setpgid(member.pid(), leader.pid()), Succeeds());
  EXPECT_THAT(getpgid(member.pid()), SucceedsWith(leader.pid()));
}

TEST(SetpgidTest, GroupMustExistInSession) {
  Child child(Sleep);
  EXPECT_THAT(setpgid(child.pid(), 0x3ffffff0), FailsWith(EPERM));
}

TEST(SetpgidTest, RejectsNegativeGroupBeforeLookingForProcess) {
  EXPECT_THAT(setpgid(0, -1), FailsWith(EINVAL));
  EXPECT_THAT(setpgid(0x3ffffff0, -1), FailsWith(EINVAL));
  EXPECT_THAT(setpgid(0x3ffffff0, 0), FailsWith(ESRCH));
}

TEST(SetpgidTest, OnlyOwnChildrenCanBeMoved) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setpgid(getppid(), 0) == -1 && errno == ESRCH);
              }),
              Exited(0));
}

TEST(SetpgidTest, ChildThatHasExecedCannotBeMoved) {
  Pipe pipe(O_CLOEXEC);
  Child child([&] {
    execl("/bin/sleep", "sleep", "1000", nullptr);
    _exit(1);
  });
  pipe.write.Reset();
  char c;
  ASSERT_THAT(read(pipe.read, &c, 1), SucceedsWith(0));
  EXPECT_THAT(setpgid(child.pid(), 0), FailsWith(EACCES));
}

TEST(SetpgidTest, SessionLeaderCannotBeMoved) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setsid() == getpid());
                CHILD_CHECK(setpgid(0, 0) == -1 && errno == EPERM);
              }),
              Exited(0));
}

TEST(SetpgidTest, ChildInOtherSessionCannotBeMoved) {
  Pipe pipe;
  Child child([&] {
    setsid();
    write(pipe.write, "x", 1);
    Sleep();
  });
  char c;
  ASSERT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  EXPECT_THAT(setpgid(child.pid(), 0), FailsWith(EPERM));
}

TEST(SetsidTest, MakesSessionAndGroup) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setsid() == getpid());
                CHILD_CHECK(getsid(0) == getpid());
                CHILD_CHECK(getpgrp() == getpid());
              }),
              Exited(0));
}

TEST(SetsidTest, GroupLeaderIsRefused) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setpgid(0, 0) == 0);
                CHILD_CHECK(setsid() == -1 && errno == EPERM);
              }),
              Exited(0));
}

TEST(GetsidTest, MissingProcess) {
  EXPECT_THAT(getsid(0x3ffffff0), FailsWith(ESRCH));
  EXPECT_THAT(getpgid(0x3ffffff0), FailsWith(ESRCH));
  EXPECT_THAT(getpgid(-1), FailsWith(ESRCH));
  EXPECT_THAT(getsid(0), SucceedsWith(getsid(getpid())));
}

TEST(OrphanedGroupTest, StoppedMembersGetHangupAndContinue) {
  Pipe pipe;
  EXPECT_THAT(
      RunInChild([&] {
        // This child is the only tie of the group to the rest of the
        // session.
        Child member([&] {
          close(pipe.read);
          CHILD_CHECK(setpgid(0, 0) == 0);
          static int report;
          report = pipe.write;
          struct sigaction action = {};
          action.sa_handler = [](int) {
            write(report, "h", 1);
            _exit(0);
          };
          sigaction(SIGHUP, &action, nullptr);
          raise(SIGSTOP);
          Sleep();
        });
        int status;
        CHILD_CHECK(waitpid(member.pid(), &status, WUNTRACED) == member.pid());
        CHILD_CHECK(WIFSTOPPED(status));
        member.Forget();
      }),
      Exited(0));
  pipe.write.Reset();
  char c = 0;
  EXPECT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  EXPECT_EQ(c, 'h');
}

TEST(OrphanedGroupTest, TerminalStopSignalsAreDropped) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setsid() > 0);  // Orphaned by definition.
                raise(SIGTSTP);
                raise(SIGTTIN);
                raise(SIGTTOU);
              }),
              Exited(0));
}

TEST(StopTest, ContinueDiscardsPendingStops) {
  Pipe pipe;
  Child child([&] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTSTP);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    raise(SIGTSTP);
    raise(SIGCONT);
    sigset_t pending;
    sigpending(&pending);
    CHILD_CHECK(!sigismember(&pending, SIGTSTP));
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(StopTest, ParentIsToldUnlessNocldstop) {
  EXPECT_THAT(RunInChild([] {
                static volatile int count;
                struct sigaction action = {};
                action.sa_handler = [](int) { count = count + 1; };
                action.sa_flags = SA_NOCLDSTOP | SA_RESTART;
                sigaction(SIGCHLD, &action, nullptr);
                Child child(Sleep);
                siginfo_t info;
                kill(child.pid(), SIGSTOP);
                CHILD_CHECK(waitid(P_PID, child.pid(), &info, WSTOPPED) == 0);
                CHILD_CHECK(count == 0);
                kill(child.pid(), SIGCONT);
                CHILD_CHECK(waitid(P_PID, child.pid(), &info, WCONTINUED) == 0);
                CHILD_CHECK(count == 0);
                kill(child.pid(), SIGKILL);
                child.Wait();
                CHILD_CHECK(count == 1);
              }),
              Exited(0));
}

TEST(StopTest, SigchldTellsOfStop) {
  EXPECT_THAT(RunInChild([] {
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGCHLD);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                Child child(Sleep);
                kill(child.pid(), SIGSTOP);
                siginfo_t info = {};
                CHILD_CHECK(sigwaitinfo(&set, &info) == SIGCHLD);
                CHILD_CHECK(info.si_code == CLD_STOPPED);
                CHILD_CHECK(info.si_status == SIGSTOP);
                CHILD_CHECK(info.si_pid == child.pid());
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
