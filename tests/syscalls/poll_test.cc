// SPDX-License-Identifier: Apache-2.0
//
// poll(2), ppoll(2), select(2), pselect6(2).

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using PollFileTest = TempDirTest;

short Poll(int fd, short events) {
  pollfd poll_fd = {fd, events, 0x7777};
  return poll(&poll_fd, 1, 0) >= 0 ? poll_fd.revents : -1;
}

TEST(PollTest, PipeEndsThroughTheirLife) {
  Pipe pipe;
  EXPECT_EQ(Poll(pipe.read, POLLIN | POLLOUT), 0);
  EXPECT_EQ(Poll(pipe.write, POLLIN | POLLOUT), POLLOUT);
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_EQ(Poll(pipe.read, POLLIN | POLLRDNORM), POLLIN | POLLRDNORM);
  pipe.write.Reset();
  EXPECT_EQ(Poll(pipe.read, POLLIN), POLLIN | POLLHUP);
  char c;
  ASSERT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  EXPECT_EQ(Poll(pipe.read, POLLIN), POLLHUP);
}

TEST(PollTest, FullPipeIsNotWritable) {
  Pipe pipe(O_NONBLOCK);
  static char data[65536];
  ASSERT_THAT(write(pipe.write, data, sizeof(data)), Succeeds());
  EXPECT_EQ(Poll(pipe.write, POLLOUT), 0);
  ASSERT_THAT(read(pipe.read, data, 4096), SucceedsWith(4096));
  EXPECT_EQ(Poll(pipe.write, POLLOUT), POLLOUT);
}

TEST(PollTest, WriterWithoutReaderHasError) {
  Pipe pipe;
  pipe.read.Reset();
  EXPECT_EQ(Poll(pipe.write, POLLOUT), POLLOUT | POLLERR);
  EXPECT_EQ(Poll(pipe.write, 0), POLLERR);
}

TEST(PollTest, UnusedNumberIsInvalidAndCounted) {
  pollfd fds[2] = {{777, POLLIN, 0}, {-1, POLLIN, 0x7777}};
  EXPECT_THAT(poll(fds, 2, 0), SucceedsWith(1));
  EXPECT_EQ(fds[0].revents, POLLNVAL);
  EXPECT_EQ(fds[1].revents, 0);  // Negative numbers are skipped.
}

TEST_F(PollFileTest, RegularFilesAreAlwaysReady) {
  const Fd file = OpenWith("file", "");
  EXPECT_EQ(Poll(file, POLLIN | POLLOUT | POLLPRI), POLLIN | POLLOUT);
}

TEST(PollTest, NothingToWatchJustWaits) {
  EXPECT_THAT(poll(nullptr, 0, 2), SucceedsWith(0));
}

TEST(PollTest, BlocksUntilReady) {
  Pipe pipe;
  Child child([&] {
    pollfd fd = {pipe.read, POLLIN, 0};
    CHILD_CHECK(poll(&fd, 1, -1) == 1 && fd.revents == POLLIN);
  });
  child.WaitUntilBlocked();
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(PollTest, WakesOnHangup) {
  Pipe pipe;
  Child child([&] {
    pipe.write.Reset();
    pollfd fd = {pipe.read, 0, 0};
    CHILD_CHECK(poll(&fd, 1, -1) == 1 && fd.revents == POLLHUP);
  });
  child.WaitUntilBlocked();
  pipe.write.Reset();
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(PollTest, Errors) {
  EXPECT_THAT(syscall(SYS_poll, BadAddress(), 1, 0), FailsWith(EFAULT));
  EXPECT_THAT(RunInChild([] {
                const rlimit limit = {10, 10};
                setrlimit(RLIMIT_NOFILE, &limit);
                static pollfd fds[11];
                CHILD_CHECK(poll(fds, 11, 0) == -1 && errno == EINVAL);
              }),
              Exited(0));
}

TEST(PpollTest, ChecksTimeoutAndMask) {
  timespec bad = {0, 1000000000};
  EXPECT_THAT(syscall(SYS_ppoll, nullptr, 0, &bad, nullptr, 8),
              FailsWith(EINVAL));
  timespec zero = {0, 0};
  EXPECT_THAT(syscall(SYS_ppoll, nullptr, 0, &zero, &zero, 4),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_ppoll, nullptr, 0, BadAddress(), nullptr, 8),
              FailsWith(EFAULT));
}

TEST(PpollTest, TellsWhatIsLeftOfTheTimeout) {
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  pollfd fd = {pipe.read, POLLIN, 0};
  timespec timeout = {1000, 0};
  ASSERT_THAT(syscall(SYS_ppoll, &fd, 1, &timeout, nullptr, 8),
              SucceedsWith(1));
  EXPECT_GE(timeout.tv_sec, 900);
}

TEST(PpollTest, PendingSignalUnderNewMaskInterrupts) {
  EXPECT_THAT(
      RunInChild([] {
        static volatile bool handled;
        struct sigaction action = {};
        action.sa_handler = [](int) { handled = true; };
        sigaction(SIGUSR1, &action, nullptr);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR1);
        sigprocmask(SIG_BLOCK, &set, nullptr);
        raise(SIGUSR1);
        sigemptyset(&set);
        CHILD_CHECK(ppoll(nullptr, 0, nullptr, &set) == -1 && errno == EINTR);
        CHILD_CHECK(handled);
        sigprocmask(SIG_BLOCK, nullptr, &set);
        CHILD_CHECK(sigismember(&set, SIGUSR1));
      }),
      Exited(0));
}

class SelectTest : public testing::Test {
 protected:
  SelectTest() {
    FD_ZERO(&read_);
    FD_ZERO(&write_);
    FD_ZERO(&except_);
  }

  int Select(int count, timeval timeout = {0, 0}) {
    return select(count, &read_, &write_, &except_, &timeout);
  }

  fd_set read_;
  fd_set write_;
  fd_set except_;
};

TEST_F(SelectTest, CountsReadyBitsOverAllSets) {
  SocketPair sockets;
  ASSERT_THAT(write(sockets.b, "x", 1), SucceedsWith(1));
  FD_SET(sockets.a, &read_);
  FD_SET(sockets.a, &write_);
  FD_SET(sockets.b, &read_);
  EXPECT_THAT(Select(sockets.b + 1), SucceedsWith(2));
  EXPECT_TRUE(FD_ISSET(sockets.a, &read_));
  EXPECT_TRUE(FD_ISSET(sockets.a, &write_));
  EXPECT_FALSE(FD_ISSET(sockets.b, &read_));
}

TEST_F(SelectTest, EndOfFileIsReadable) {
  Pipe pipe;
  pipe.write.Reset();
  FD_SET(pipe.read, &read_);
  EXPECT_THAT(Select(pipe.read + 1), SucceedsWith(1));
}

TEST_F(SelectTest, NumbersBeyondCountAreNotLookedAt) {
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  FD_SET(pipe.read, &read_);
  EXPECT_THAT(Select(pipe.read), SucceedsWith(0));
}

TEST_F(SelectTest, UnusedNumberFails) {
  FD_SET(40, &read_);
  EXPECT_THAT(Select(41), FailsWith(EBADF));
}

TEST_F(SelectTest, TimesOutWithEmptySets) {
  Pipe pipe;
  FD_SET(pipe.read, &read_);
  EXPECT_THAT(Select(pipe.read + 1, {0, 2000}), SucceedsWith(0));
  EXPECT_FALSE(FD_ISSET(pipe.read, &read_));
}

TEST_F(SelectTest, TellsWhatIsLeftOfTheTimeout) {
  timeval timeout = {1000, 0};
  Pipe pipe;
  FD_SET(pipe.write, &write_);
  ASSERT_THAT(
      syscall(SYS_select, pipe.write + 1, nullptr, &write_, nullptr, &timeout),
      SucceedsWith(1));
  EXPECT_GE(timeout.tv_sec, 900);
}

TEST_F(SelectTest, Errors) {
  timeval negative = {-1, 0};
  EXPECT_THAT(syscall(SYS_select, -1, nullptr, nullptr, nullptr, nullptr),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_select, 0, nullptr, nullptr, nullptr, &negative),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_select, 1, BadAddress(), nullptr, nullptr, nullptr),
              FailsWith(EFAULT));
}

TEST_F(SelectTest, PselectSwapsMask) {
  EXPECT_THAT(RunInChild([] {
                struct sigaction action = {};
                action.sa_handler = [](int) {};
                sigaction(SIGUSR1, &action, nullptr);
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGUSR1);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                raise(SIGUSR1);
                sigemptyset(&set);
                CHILD_CHECK(pselect(0, nullptr, nullptr, nullptr, nullptr,
                                    &set) == -1 &&
                            errno == EINTR);
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
