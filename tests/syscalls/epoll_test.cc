// SPDX-License-Identifier: Apache-2.0
//
// epoll_create1(2), epoll_ctl(2), epoll_wait(2), epoll_pwait2(2), eventfd2(2).

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using EpollFileTest = TempDirTest;

int Add(int epoll, int fd, uint32_t events, uint64_t data = 0) {
  epoll_event event = {events, {.u64 = data}};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int Modify(int epoll, int fd, uint32_t events) {
  epoll_event event = {events, {.u64 = 0}};
  return epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
}

// The events of the only ready descriptor, 0 where none is.
uint32_t Ready(int epoll) {
  epoll_event event[4];
  return epoll_wait(epoll, event, 4, 0) == 1 ? event[0].events : 0;
}

TEST(EpollTest, ReportsReadinessWithData) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN, 0x123456789abcdef0), Succeeds());
  epoll_event event;
  EXPECT_THAT(epoll_wait(epoll, &event, 1, 0), SucceedsWith(0));
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(epoll_wait(epoll, &event, 1, 0), SucceedsWith(1));
  EXPECT_EQ(event.events, uint32_t{EPOLLIN});
  EXPECT_EQ(event.data.u64, 0x123456789abcdef0u);
}

TEST(EpollTest, LevelTriggeredRepeats) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN), Succeeds());
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN});
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN});
  char c;
  ASSERT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  EXPECT_EQ(Ready(epoll), 0u);
}

TEST(EpollTest, EdgeTriggeredReportsEachArrivalOnce) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN | EPOLLET), Succeeds());
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN});
  EXPECT_EQ(Ready(epoll), 0u);
  ASSERT_THAT(write(pipe.write, "y", 1), SucceedsWith(1));
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN});
}

TEST(EpollTest, OneshotIsDisarmedUntilModified) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN | EPOLLONESHOT), Succeeds());
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN});
  ASSERT_THAT(write(pipe.write, "y", 1), SucceedsWith(1));
  EXPECT_EQ(Ready(epoll), 0u);
  ASSERT_THAT(Modify(epoll, pipe.read, EPOLLIN | EPOLLONESHOT), Succeeds());
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN});
}

TEST(EpollTest, HangupAndErrorAreAlwaysReported) {
  const Fd epoll(epoll_create1(0));
  Pipe a;
  Pipe b;
  ASSERT_THAT(Add(epoll, a.read, 0), Succeeds());
  a.write.Reset();
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLHUP});
  ASSERT_THAT(epoll_ctl(epoll, EPOLL_CTL_DEL, a.read, nullptr), Succeeds());
  ASSERT_THAT(Add(epoll, b.write, 0), Succeeds());
  b.read.Reset();
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLERR});
}

TEST(EpollTest, SocketsTellOfRemoteShutdown) {
  const Fd epoll(epoll_create1(0));
  SocketPair sockets;
  ASSERT_THAT(Add(epoll, sockets.a, EPOLLIN | EPOLLRDHUP | EPOLLOUT),
              Succeeds());
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLOUT});
  sockets.b.Reset();
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLHUP});
}

TEST(EpollTest, AtMostMaxEventsAndTheOthersNext) {
  const Fd epoll(epoll_create1(0));
  Pipe pipes[3];
  for (int i = 0; i < 3; ++i) {
    ASSERT_THAT(Add(epoll, pipes[i].read, EPOLLIN, i), Succeeds());
    ASSERT_THAT(write(pipes[i].write, "x", 1), SucceedsWith(1));
  }
  epoll_event events[3];
  unsigned seen = 0;
  ASSERT_THAT(epoll_wait(epoll, events, 2, 0), SucceedsWith(2));
  seen |= 1u << events[0].data.u64 | 1u << events[1].data.u64;
  ASSERT_THAT(epoll_wait(epoll, events, 2, 0), SucceedsWith(2));
  seen |= 1u << events[0].data.u64 | 1u << events[1].data.u64;
  EXPECT_EQ(seen, 7u);  // Ready descriptors take turns.
}

TEST(EpollTest, ClosedDescriptorIsForgotten) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN), Succeeds());
  pipe.read.Reset();
  EXPECT_EQ(Ready(epoll), 0u);
}

TEST(EpollTest, DuplicateKeepsClosedDescriptorWatched) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN), Succeeds());
  const Fd copy(dup(pipe.read));
  pipe.read.Reset();
  EXPECT_EQ(Ready(epoll), uint32_t{EPOLLIN});
}

TEST(EpollTest, DuplicateCanBeAddedBeside) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  const Fd copy(dup(pipe.read));
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN), Succeeds());
  EXPECT_THAT(Add(epoll, copy, EPOLLIN), Succeeds());
}

TEST(EpollTest, BlocksUntilEvent) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN), Succeeds());
  Child child([&] {
    epoll_event event;
    CHILD_CHECK(epoll_wait(epoll, &event, 1, -1) == 1);
  });
  child.WaitUntilBlocked();
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(EpollTest, TimesOut) {
  const Fd epoll(epoll_create1(0));
  epoll_event event;
  EXPECT_THAT(epoll_wait(epoll, &event, 1, 2), SucceedsWith(0));
  const timespec timeout = {0, 1000000};
  EXPECT_THAT(
      syscall(SYS_epoll_pwait2, int{epoll}, &event, 1, &timeout, nullptr, 8),
      SucceedsWith(0));
}

TEST(EpollTest, PwaitSwapsMaskWhileWaiting) {
  EXPECT_THAT(RunInChild([] {
                struct sigaction action = {};
                action.sa_handler = [](int) {};
                sigaction(SIGUSR1, &action, nullptr);
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGUSR1);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                raise(SIGUSR1);
                const Fd epoll(epoll_create1(0));
                epoll_event event;
                sigemptyset(&set);
                CHILD_CHECK(epoll_pwait(epoll, &event, 1, -1, &set) == -1 &&
                            errno == EINTR);
              }),
              Exited(0));
}

TEST(EpollTest, NestedInstanceIsReadyWhenItsOwnAre) {
  const Fd inner(epoll_create1(0));
  const Fd outer(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(inner, pipe.read, EPOLLIN), Succeeds());
  ASSERT_THAT(Add(outer, inner, EPOLLIN), Succeeds());
  EXPECT_EQ(Ready(outer), 0u);
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_EQ(Ready(outer), uint32_t{EPOLLIN});
  pollfd poll_fd = {outer, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(1));
}

TEST(EpollTest, LoopsAreRefused) {
  const Fd a(epoll_create1(0));
  const Fd b(epoll_create1(0));
  EXPECT_THAT(Add(a, a, EPOLLIN), FailsWith(EINVAL));
  ASSERT_THAT(Add(a, b, EPOLLIN), Succeeds());
  EXPECT_THAT(Add(b, a, EPOLLIN), FailsWith(ELOOP));
}

TEST(EpollTest, ChainsAreAtMostFiveDeep) {
  Fd chain[7];
  for (Fd& fd : chain) fd = Fd(epoll_create1(0));
  for (int i = 0; i < 4; ++i) {
    ASSERT_THAT(Add(chain[i], chain[i + 1], EPOLLIN), Succeeds()) << i;
  }
  ASSERT_THAT(Add(chain[5], chain[6], EPOLLIN), Succeeds());
  EXPECT_THAT(Add(chain[4], chain[5], EPOLLIN), FailsWith(ELOOP));
}

TEST(EpollTest, ExclusiveHasItsOwnRules) {
  const Fd epoll(epoll_create1(0));
  const Fd other(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN | EPOLLEXCLUSIVE), Succeeds());
  EXPECT_THAT(Modify(epoll, pipe.read, EPOLLIN), FailsWith(EINVAL));
  EXPECT_THAT(Modify(epoll, pipe.read, EPOLLIN | EPOLLEXCLUSIVE),
              FailsWith(EINVAL));
  EXPECT_THAT(Add(epoll, other, EPOLLIN | EPOLLEXCLUSIVE), FailsWith(EINVAL));
  EXPECT_THAT(Add(epoll, pipe.write, EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT),
              FailsWith(EINVAL));
}

TEST(EpollTest, CreateChecksArguments) {
  EXPECT_THAT(epoll_create1(1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_epoll_create, 0), FailsWith(EINVAL));
  const Fd fd(epoll_create1(EPOLL_CLOEXEC));
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
}

TEST(EpollTest, CtlErrors) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  epoll_event event = {EPOLLIN, {}};
  EXPECT_THAT(Add(777, pipe.read, EPOLLIN), FailsWith(EBADF));
  EXPECT_THAT(Add(epoll, 777, EPOLLIN), FailsWith(EBADF));
  EXPECT_THAT(Add(pipe.read, pipe.write, EPOLLIN), FailsWith(EINVAL));
  EXPECT_THAT(epoll_ctl(epoll, 99, pipe.read, &event), FailsWith(EINVAL));
  EXPECT_THAT(Modify(epoll, pipe.read, EPOLLIN), FailsWith(ENOENT));
  EXPECT_THAT(epoll_ctl(epoll, EPOLL_CTL_DEL, pipe.read, nullptr),
              FailsWith(ENOENT));
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN), Succeeds());
  EXPECT_THAT(Add(epoll, pipe.read, EPOLLIN), FailsWith(EEXIST));
  EXPECT_THAT(syscall(SYS_epoll_ctl, int{epoll}, EPOLL_CTL_ADD, int{pipe.write},
                      BadAddress()),
              FailsWith(EFAULT));
}

TEST_F(EpollFileTest, RegularFilesAndDirectoriesAreRefused) {
  const Fd epoll(epoll_create1(0));
  const Fd file = OpenWith("file", "");
  const Fd dir(open(".", O_RDONLY));
  EXPECT_THAT(Add(epoll, file, EPOLLIN), FailsWith(EPERM));
  EXPECT_THAT(Add(epoll, dir, EPOLLIN), FailsWith(EPERM));
}

TEST(EpollTest, WaitErrors) {
  const Fd epoll(epoll_create1(0));
  epoll_event event;
  EXPECT_THAT(epoll_wait(777, &event, 1, 0), FailsWith(EBADF));
  EXPECT_THAT(epoll_wait(0, &event, 1, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_epoll_wait, int{epoll}, &event, 0, 0),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_epoll_pwait, int{epoll}, &event, 1, 0, &event, 4),
              FailsWith(EINVAL));
}

TEST(EpollTest, BadEventBufferFailsOnlyWhenSomethingIsReady) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  ASSERT_THAT(Add(epoll, pipe.read, EPOLLIN), Succeeds());
  auto* bad = static_cast<epoll_event*>(BadAddress());
  EXPECT_THAT(epoll_wait(epoll, bad, 1, 0), SucceedsWith(0));
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(epoll_wait(epoll, bad, 1, 0), FailsWith(EFAULT));
}

TEST(EventfdTest, ReadTakesAllAndResets) {
  const Fd fd(eventfd(3, EFD_NONBLOCK));
  uint64_t value = 4;
  EXPECT_THAT(write(fd, &value, 8), SucceedsWith(8));
  EXPECT_THAT(read(fd, &value, 8), SucceedsWith(8));
  EXPECT_EQ(value, 7u);
  EXPECT_THAT(read(fd, &value, 8), FailsWith(EAGAIN));
}

TEST(EventfdTest, SemaphoreTakesOneAtATime) {
  const Fd fd(eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK));
  uint64_t value = 0;
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(read(fd, &value, 8), SucceedsWith(8));
    EXPECT_EQ(value, 1u);
  }
  EXPECT_THAT(read(fd, &value, 8), FailsWith(EAGAIN));
}

TEST(EventfdTest, OverflowBlocksWriter) {
  const Fd fd(eventfd(0, EFD_NONBLOCK));
  uint64_t value = UINT64_MAX - 1;
  EXPECT_THAT(write(fd, &value, 8), SucceedsWith(8));
  value = 1;
  EXPECT_THAT(write(fd, &value, 8), FailsWith(EAGAIN));
  value = 0;
  EXPECT_THAT(write(fd, &value, 8), SucceedsWith(8));
  pollfd poll_fd = {fd, POLLIN | POLLOUT, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(1));
  EXPECT_EQ(poll_fd.revents, POLLIN);
}

TEST(EventfdTest, WakesBlockedReader) {
  const Fd fd(eventfd(0, 0));
  Child child([&] {
    uint64_t value = 0;
    CHILD_CHECK(read(fd, &value, 8) == 8 && value == 9);
  });
  child.WaitUntilBlocked();
  const uint64_t value = 9;
  ASSERT_THAT(write(fd, &value, 8), SucceedsWith(8));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(EventfdTest, Errors) {
  const Fd fd(eventfd(0, EFD_NONBLOCK));
  uint64_t value = UINT64_MAX;
  EXPECT_THAT(write(fd, &value, 8), FailsWith(EINVAL));
  EXPECT_THAT(write(fd, &value, 4), FailsWith(EINVAL));
  EXPECT_THAT(read(fd, &value, 7), FailsWith(EINVAL));
  EXPECT_THAT(eventfd(0, 0x1000), FailsWith(EINVAL));
  EXPECT_THAT(pwrite(fd, &value, 8, 0), FailsWith(ESPIPE));
}

}  // namespace
}  // namespace emu
