// SPDX-License-Identifier: Apache-2.0
//
// epoll(7): edges, exclusive and shared waits, time-outs in nanoseconds.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

#ifndef EPIOCSPARAMS
struct epoll_params {
  uint32_t busy_poll_usecs;
  uint16_t busy_poll_budget;
  uint8_t prefer_busy_poll;
  uint8_t pad;
};
#define EPIOCSPARAMS _IOW(0x8A, 0x01, epoll_params)
#define EPIOCGPARAMS _IOR(0x8A, 0x02, epoll_params)
#endif

int Watch(int epoll, int fd, uint32_t events) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}
// The number of events; -1 and errno.
int Wait(int epoll, int milliseconds, epoll_event* event) {
  return epoll_wait(epoll, event, 1, milliseconds);
}
// The events of the only descriptor that is ready; 0: none.
uint32_t Ready(int epoll, int milliseconds = 0) {
  epoll_event event = {};
  return Wait(epoll, milliseconds, &event) == 1 ? event.events : 0;
}

TEST(EpollExclusiveTest, ItsRules) {
  const Fd epoll(epoll_create1(0)), other(epoll_create1(0));
  const Fd fd(eventfd(0, 0));
  // Only with these events, never changed, and not for other instances.
  EXPECT_THAT(Watch(epoll, fd, EPOLLEXCLUSIVE | EPOLLIN | EPOLLONESHOT),
              FailsWith(EINVAL));
  EXPECT_THAT(Watch(epoll, fd, EPOLLEXCLUSIVE | EPOLLIN | EPOLLPRI),
              FailsWith(EINVAL));
  EXPECT_THAT(Watch(epoll, other, EPOLLEXCLUSIVE | EPOLLIN),
              FailsWith(EINVAL));
  EXPECT_THAT(Watch(epoll, fd, EPOLLEXCLUSIVE | EPOLLIN | EPOLLET |
                                   EPOLLWAKEUP | EPOLLHUP | EPOLLERR),
              Succeeds());
  epoll_event event = {};
  event.events = EPOLLIN;
  EXPECT_THAT(epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event), FailsWith(EINVAL));
}

TEST(EpollWaitTest, SeveralWaitersOfOneInstanceShareEvents) {
  const Fd epoll(epoll_create1(0));
  const Fd fd(eventfd(0, EFD_NONBLOCK));
  EXPECT_THAT(Watch(epoll, fd, EPOLLIN | EPOLLET), Succeeds());
  std::atomic<int> woken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] { woken += Ready(epoll, 200) != 0; });
  }
  usleep(20'000);
  const uint64_t one = 1;
  EXPECT_THAT(write(fd, &one, sizeof(one)), SucceedsWith(8));
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(woken, 1);
}

TEST(EpollWaitTest, WakeupFlagChangesNothing) {
  const Fd epoll(epoll_create1(0));
  const Fd fd(eventfd(1, 0));
  EXPECT_THAT(Watch(epoll, fd, EPOLLIN | EPOLLWAKEUP), Succeeds());
  EXPECT_EQ(Ready(epoll), static_cast<uint32_t>(EPOLLIN));
}

TEST(EpollWaitTest, EdgeIsEachWriteThoughNothingWasRead) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  EXPECT_THAT(Watch(epoll, pipe.read, EPOLLIN | EPOLLET), Succeeds());
  EXPECT_EQ(write(pipe.write, "a", 1), 1);
  EXPECT_EQ(Ready(epoll), static_cast<uint32_t>(EPOLLIN));
  EXPECT_EQ(Ready(epoll), 0u);
  EXPECT_EQ(write(pipe.write, "b", 1), 1);
  EXPECT_EQ(Ready(epoll), static_cast<uint32_t>(EPOLLIN));
  // A change of the registration looks again.
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;
  EXPECT_THAT(epoll_ctl(epoll, EPOLL_CTL_MOD, pipe.read, &event), Succeeds());
  EXPECT_EQ(Ready(epoll), static_cast<uint32_t>(EPOLLIN));
}

TEST(EpollWaitTest, EventsThatNobodyAskedForAreToldOnTheWay) {
  const Fd epoll(epoll_create1(0));
  Pipe pipe;
  EXPECT_THAT(Watch(epoll, pipe.read, 0), Succeeds());
  EXPECT_EQ(write(pipe.write, "a", 1), 1);
  EXPECT_EQ(Ready(epoll), 0u);
  pipe.write.Reset();
  EXPECT_EQ(Ready(epoll), static_cast<uint32_t>(EPOLLHUP));
}

TEST(EpollWaitTest, InstanceOutlivesItsOtherDescriptors) {
  Fd epoll(epoll_create1(0));
  const Fd copy(dup(epoll));
  const Fd fd(eventfd(1, 0));
  EXPECT_THAT(Watch(epoll, fd, EPOLLIN), Succeeds());
  EXPECT_THAT(Watch(copy, fd, EPOLLIN), FailsWith(EEXIST));
  epoll.Reset();
  EXPECT_EQ(Ready(copy), static_cast<uint32_t>(EPOLLIN));
}

TEST(EpollPwait2Test, TimeIsGivenInNanoseconds) {
  const Fd epoll(epoll_create1(0));
  const auto wait = [&](timespec time) {
    epoll_event event;
    return syscall(SYS_epoll_pwait2, static_cast<int>(epoll), &event, 1, &time,
                   nullptr, 8);
  };
  timespec before, after;
  clock_gettime(CLOCK_MONOTONIC, &before);
  EXPECT_EQ(wait({0, 3'000'000}), 0);
  clock_gettime(CLOCK_MONOTONIC, &after);
  EXPECT_GE((after.tv_sec - before.tv_sec) * 1'000'000'000 + after.tv_nsec -
                before.tv_nsec,
            3'000'000);
  EXPECT_EQ(wait({0, 0}), 0);
  EXPECT_THAT(wait({-1, 0}), FailsWith(EINVAL));
  EXPECT_THAT(wait({0, 1'000'000'000}), FailsWith(EINVAL));
  epoll_event event;
  EXPECT_THAT(syscall(SYS_epoll_pwait2, static_cast<int>(epoll), &event, 1,
                      1, nullptr, 8),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_epoll_pwait2, static_cast<int>(epoll), &event, 0,
                      nullptr, nullptr, 8),
              FailsWith(EINVAL));
  const sigset_t none = {};
  EXPECT_THAT(syscall(SYS_epoll_pwait2, static_cast<int>(epoll), &event, 1,
                      nullptr, &none, 4),
              FailsWith(EINVAL));
}

TEST(EpollIoctlTest, BusyPollParametersAreKept) {
  const Fd epoll(epoll_create1(0));
  epoll_params params = {1, 2, 3, 4};
  EXPECT_THAT(ioctl(epoll, EPIOCGPARAMS, &params), Succeeds());
  EXPECT_EQ(params.busy_poll_usecs, 0u);
  EXPECT_EQ(params.busy_poll_budget, 0);
  params = {100, 8, 1, 0};
  EXPECT_THAT(ioctl(epoll, EPIOCSPARAMS, &params), Succeeds());
  params = {};
  EXPECT_THAT(ioctl(epoll, EPIOCGPARAMS, &params), Succeeds());
  EXPECT_EQ(params.busy_poll_usecs, 100u);
  EXPECT_EQ(params.busy_poll_budget, 8);
  EXPECT_EQ(params.prefer_busy_poll, 1);
  params.pad = 1;
  EXPECT_THAT(ioctl(epoll, EPIOCSPARAMS, &params), FailsWith(EINVAL));
  params = {0x80000000, 8, 1, 0};
  EXPECT_THAT(ioctl(epoll, EPIOCSPARAMS, &params), FailsWith(EINVAL));
  params = {1, 8, 2, 0};
  EXPECT_THAT(ioctl(epoll, EPIOCSPARAMS, &params), FailsWith(EINVAL));
  params = {1, 65, 1, 0};
  EXPECT_THAT(ioctl(epoll, EPIOCSPARAMS, &params), FailsWith(EPERM));
  EXPECT_THAT(ioctl(epoll, EPIOCSPARAMS, nullptr), FailsWith(EFAULT));
  int size;
  EXPECT_THAT(ioctl(epoll, FIONREAD, &size), FailsWith(EINVAL));
}

TEST(EpollNestTest, InnerEventsComeThroughTwoLevels) {
  const Fd inner(epoll_create1(0)), middle(epoll_create1(0)),
      outer(epoll_create1(0));
  const Fd fd(eventfd(0, 0));
  EXPECT_THAT(Watch(inner, fd, EPOLLIN), Succeeds());
  EXPECT_THAT(Watch(middle, inner, EPOLLIN), Succeeds());
  EXPECT_THAT(Watch(outer, middle, EPOLLIN), Succeeds());
  EXPECT_EQ(Ready(outer), 0u);
  const uint64_t one = 1;
  EXPECT_THAT(write(fd, &one, sizeof(one)), SucceedsWith(8));
  EXPECT_EQ(Ready(outer), static_cast<uint32_t>(EPOLLIN));
  EXPECT_EQ(Ready(inner), static_cast<uint32_t>(EPOLLIN));
  uint64_t value;
  EXPECT_THAT(read(fd, &value, sizeof(value)), SucceedsWith(8));
  EXPECT_EQ(Ready(outer), 0u);
  EXPECT_THAT(Watch(inner, outer, EPOLLIN), FailsWith(ELOOP));
  EXPECT_THAT(Watch(inner, inner, EPOLLIN), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
