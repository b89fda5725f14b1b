// SPDX-License-Identifier: Apache-2.0
//
// close(2), close_range(2), dup(2), dup2(2), dup3(2), and the descriptor
// commands of fcntl(2).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr unsigned kCloseRangeUnshare = 1u << 1;
constexpr unsigned kCloseRangeCloexec = 1u << 2;

Fd OpenNull() { return Fd(open("/dev/null", O_RDWR)); }

bool IsOpen(int fd) { return fcntl(fd, F_GETFD) >= 0; }

TEST(CloseTest, FailsForUnusedNumber) {
  EXPECT_THAT(close(-1), FailsWith(EBADF));
  EXPECT_THAT(close(1000), FailsWith(EBADF));
  EXPECT_THAT(close(INT_MAX), FailsWith(EBADF));
}

TEST(CloseTest, FailsTheSecondTime) {
  Fd fd = OpenNull();
  const int number = fd.Release();
  EXPECT_THAT(close(number), Succeeds());
  EXPECT_THAT(close(number), FailsWith(EBADF));
}

TEST(CloseRangeTest, ClosesInclusiveRange) {
  EXPECT_THAT(
      RunInChild([] {
        for (int fd = 100; fd < 104; ++fd) CHILD_CHECK(dup2(0, fd) == fd);
        CHILD_CHECK(syscall(SYS_close_range, 101, 102, 0) == 0);
        CHILD_CHECK(IsOpen(100) && !IsOpen(101) && !IsOpen(102) && IsOpen(103));
      }),
      Exited(0));
}

TEST(CloseRangeTest, ClosesAllFromHere) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(dup2(0, 100) == 100 && dup2(0, 200) == 200);
                CHILD_CHECK(syscall(SYS_close_range, 100, ~0u, 0) == 0);
                CHILD_CHECK(!IsOpen(100) && !IsOpen(200) && IsOpen(0));
              }),
              Exited(0));
}

TEST(CloseRangeTest, EmptyRangeSucceeds) {
  EXPECT_THAT(syscall(SYS_close_range, 500, 600, 0), Succeeds());
}

TEST(CloseRangeTest, RejectsReversedRange) {
  EXPECT_THAT(syscall(SYS_close_range, 5, 4, 0), FailsWith(EINVAL));
}

TEST(CloseRangeTest, RejectsUnknownFlags) {
  EXPECT_THAT(syscall(SYS_close_range, 500, 600, 1u << 10), FailsWith(EINVAL));
}

TEST(CloseRangeTest, CloexecFlagOnlyMarks) {
  EXPECT_THAT(
      RunInChild([] {
        CHILD_CHECK(dup2(0, 100) == 100);
        CHILD_CHECK(syscall(SYS_close_range, 90, 110, kCloseRangeCloexec) == 0);
        CHILD_CHECK(fcntl(100, F_GETFD) == FD_CLOEXEC);
      }),
      Exited(0));
}

TEST(CloseRangeTest, UnshareFlagIsAccepted) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(dup2(0, 100) == 100);
                CHILD_CHECK(syscall(SYS_close_range, 100, ~0u,
                                    kCloseRangeUnshare) == 0);
                CHILD_CHECK(!IsOpen(100));
              }),
              Exited(0));
}

TEST(DupTest, GivesTheLowestFreeNumber) {
  const Fd a = OpenNull();
  const Fd b(dup(a));
  EXPECT_EQ(b, a + 1);
}

TEST(DupTest, FailsForUnusedNumber) {
  EXPECT_THAT(dup(-1), FailsWith(EBADF));
  EXPECT_THAT(dup(999), FailsWith(EBADF));
}

TEST(DupTest, DoesNotCopyCloseOnExec) {
  const Fd a(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Fd b(dup(a));
  EXPECT_THAT(fcntl(b, F_GETFD), SucceedsWith(0));
}

TEST(DupTest, SharesStatusFlags) {
  const Fd a = OpenNull();
  const Fd b(dup(a));
  ASSERT_THAT(fcntl(a, F_SETFL, O_NONBLOCK), Succeeds());
  EXPECT_TRUE(fcntl(b, F_GETFL) & O_NONBLOCK);
}

TEST(DupTest, FailsWhenLimitIsReached) {
  EXPECT_THAT(RunInChild([] {
                const rlimit limit = {3, 3};
                CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
                CHILD_CHECK(dup(0) == -1 && errno == EMFILE);
                CHILD_CHECK(dup(99) == -1 && errno == EBADF);
              }),
              Exited(0));
}

TEST(Dup2Test, ReplacesOpenDescriptor) {
  Pipe first;
  Pipe second;
  EXPECT_THAT(dup2(second.write, first.write),
              SucceedsWith(static_cast<int>(first.write)));
  char c;
  EXPECT_THAT(read(first.read, &c, 1), SucceedsWith(0));  // Its writer is gone.
}

TEST(Dup2Test, SameNumberSucceedsAndKeepsCloseOnExec) {
  const Fd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(dup2(fd, fd), SucceedsWith(static_cast<int>(fd)));
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
}

TEST(Dup2Test, SameUnusedNumberFails) {
  EXPECT_THAT(dup2(777, 777), FailsWith(EBADF));
}

TEST(Dup2Test, UnusedSourceKeepsTargetOpen) {
  const Fd fd = OpenNull();
  EXPECT_THAT(dup2(777, fd), FailsWith(EBADF));
  EXPECT_TRUE(IsOpen(fd));
}

TEST(Dup2Test, TargetBeyondLimitIsBad) {
  EXPECT_THAT(dup2(0, -1), FailsWith(EBADF));
  rlimit limit;
  ASSERT_THAT(getrlimit(RLIMIT_NOFILE, &limit), Succeeds());
  EXPECT_THAT(dup2(0, static_cast<int>(limit.rlim_cur)), FailsWith(EBADF));
}

TEST(Dup3Test, SetsCloseOnExec) {
  const Fd fd(dup3(0, 300, O_CLOEXEC));
  EXPECT_EQ(fd, 300);
  EXPECT_THAT(fcntl(300, F_GETFD), SucceedsWith(FD_CLOEXEC));
}

TEST(Dup3Test, RejectsSameNumber) {
  EXPECT_THAT(dup3(0, 0, 0), FailsWith(EINVAL));
}

TEST(Dup3Test, SameNumberComesBeforeUnusedSource) {
  EXPECT_THAT(dup3(777, 777, 0), FailsWith(EINVAL));
}

TEST(Dup3Test, RejectsUnknownFlags) {
  EXPECT_THAT(dup3(0, 300, O_NONBLOCK), FailsWith(EINVAL));
  EXPECT_THAT(dup3(777, 300, O_NONBLOCK), FailsWith(EINVAL));
}

TEST(FcntlDupfdTest, GivesLowestNumberAtOrAboveMinimum) {
  const Fd a(fcntl(0, F_DUPFD, 100));
  const Fd b(fcntl(0, F_DUPFD, 100));
  EXPECT_EQ(a, 100);
  EXPECT_EQ(b, 101);
}

TEST(FcntlDupfdTest, CloexecVariantMarks) {
  const Fd fd(fcntl(0, F_DUPFD_CLOEXEC, 100));
  EXPECT_EQ(fd, 100);
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
}

TEST(FcntlDupfdTest, RejectsMinimumBeyondLimit) {
  rlimit limit;
  ASSERT_THAT(getrlimit(RLIMIT_NOFILE, &limit), Succeeds());
  EXPECT_THAT(fcntl(0, F_DUPFD, static_cast<int>(limit.rlim_cur)),
              FailsWith(EINVAL));
  EXPECT_THAT(fcntl(0, F_DUPFD, -1), FailsWith(EINVAL));
}

TEST(FcntlDupfdTest, FailsWhenNothingIsFreeBelowLimit) {
  EXPECT_THAT(RunInChild([] {
                const rlimit limit = {5, 5};
                CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
                CHILD_CHECK(fcntl(0, F_DUPFD, 4) == 4);
                CHILD_CHECK(fcntl(0, F_DUPFD, 4) == -1 && errno == EMFILE);
              }),
              Exited(0));
}

TEST(FcntlTest, FailsForUnusedNumber) {
  EXPECT_THAT(fcntl(777, F_GETFD), FailsWith(EBADF));
  EXPECT_THAT(syscall(SYS_fcntl, 777, 9999, 0), FailsWith(EBADF));
}

TEST(FcntlTest, RejectsUnknownCommand) {
  EXPECT_THAT(syscall(SYS_fcntl, 0, 9999, 0), FailsWith(EINVAL));
}

TEST(FcntlTest, SetfdKnowsCloseOnExecOnly) {
  const Fd fd = OpenNull();
  EXPECT_THAT(fcntl(fd, F_SETFD, ~0), Succeeds());
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
  EXPECT_THAT(fcntl(fd, F_SETFD, 2), Succeeds());
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(0));
}

TEST(FcntlTest, GetflReportsAccessModeAndLargefile) {
  const Fd fd(open("/dev/null", O_WRONLY | O_APPEND | O_CREAT | O_TRUNC));
  // The kernel's O_LARGEFILE; glibc's is 0 here.
  EXPECT_THAT(fcntl(fd, F_GETFL), SucceedsWith(O_WRONLY | O_APPEND | 0100000));
}

TEST(FcntlTest, SetflCannotChangeAccessMode) {
  const Fd fd(open("/dev/null", O_RDONLY));
  ASSERT_THAT(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK), Succeeds());
  EXPECT_EQ(fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_NONBLOCK);
}

TEST(FcntlTest, PathOnlyDescriptorAllowsDescriptorCommandsOnly) {
  const Fd fd(open("/", O_PATH));
  EXPECT_THAT(fcntl(fd, F_GETFD), Succeeds());
  EXPECT_THAT(fcntl(fd, F_SETFL, O_NONBLOCK), FailsWith(EBADF));
  const Fd copy(fcntl(fd, F_DUPFD, 100));
  EXPECT_EQ(copy, 100);
}

TEST(FcntlPipeSizeTest, RoundsUpToPowerOfTwoOfPages) {
  Pipe pipe;
  EXPECT_THAT(fcntl(pipe.write, F_GETPIPE_SZ), SucceedsWith(65536));
  EXPECT_THAT(fcntl(pipe.write, F_SETPIPE_SZ, 5000), SucceedsWith(8192));
  EXPECT_THAT(fcntl(pipe.read, F_GETPIPE_SZ), SucceedsWith(8192));
  EXPECT_THAT(fcntl(pipe.read, F_SETPIPE_SZ, 1), SucceedsWith(4096));
}

TEST(FcntlPipeSizeTest, CannotShrinkBelowContent) {
  Pipe pipe;
  static char data[8192];
  ASSERT_THAT(write(pipe.write, data, sizeof(data)), SucceedsWith(8192));
  EXPECT_THAT(fcntl(pipe.write, F_SETPIPE_SZ, 4096), FailsWith(EBUSY));
}

TEST(FcntlPipeSizeTest, RefusesOtherFiles) {
  EXPECT_THAT(fcntl(0, F_GETPIPE_SZ), FailsWith(EBADF));
}

TEST(FcntlPipeSizeTest, RefusesSizesBeyondTheUsersLimit) {
  Pipe pipe;
  EXPECT_THAT(fcntl(pipe.write, F_SETPIPE_SZ, 1 << 30), FailsWith(EPERM));
}

TEST(FcntlOwnerTest, RoundTrips) {
  Pipe pipe;
  EXPECT_THAT(fcntl(pipe.read, F_GETOWN), SucceedsWith(0));
  ASSERT_THAT(fcntl(pipe.read, F_SETOWN, getpid()), Succeeds());
  EXPECT_THAT(fcntl(pipe.read, F_GETOWN), SucceedsWith(getpid()));
  f_owner_ex owner;
  ASSERT_THAT(fcntl(pipe.read, F_GETOWN_EX, &owner), Succeeds());
  EXPECT_EQ(owner.type, F_OWNER_PID);
  EXPECT_EQ(owner.pid, getpid());
}

TEST(FcntlOwnerTest, RefusesProcessThatDoesNotExist) {
  Pipe pipe;
  EXPECT_THAT(fcntl(pipe.read, F_SETOWN, 0x3fffffff), FailsWith(ESRCH));
}

TEST(FcntlOwnerTest, SignalNumberIsChecked) {
  Pipe pipe;
  EXPECT_THAT(fcntl(pipe.read, F_SETSIG, 65), FailsWith(EINVAL));
  EXPECT_THAT(fcntl(pipe.read, F_SETSIG, SIGUSR1), Succeeds());
  EXPECT_THAT(fcntl(pipe.read, F_GETSIG), SucceedsWith(SIGUSR1));
}

}  // namespace
}  // namespace emu
