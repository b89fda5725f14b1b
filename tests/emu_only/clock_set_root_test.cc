// SPDX-License-Identifier: Apache-2.0
//
// Setting CLOCK_REALTIME, which no test may do to a host: what waits for one of
// its times moves with it, and nothing else does.

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr long kDay = 86400;

timespec Now(clockid_t clock = CLOCK_REALTIME) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now;
}

void MoveClock(long seconds) {
  timespec now = Now();
  now.tv_sec += seconds;
  ASSERT_THAT(clock_settime(CLOCK_REALTIME, &now), Succeeds());
}

timespec Tomorrow() {
  timespec time = Now();
  time.tv_sec += kDay;
  return time;
}

// Whether body(), begun before the clock is set a day ahead, waits no longer
// than some seconds.
template <typename Body>
void ExpectMovesAlong(Body body) {
  const Map times = Map::Shared(kPage);
  Child child([&] {
    body();
    *times.As<timespec>() = Now(CLOCK_MONOTONIC);
  });
  child.WaitUntilBlocked();
  const timespec before = Now(CLOCK_MONOTONIC);
  MoveClock(kDay);
  EXPECT_THAT(child.Wait(), Exited(0));
  EXPECT_LT(times.As<timespec>()->tv_sec - before.tv_sec, 10);
  MoveClock(-kDay);
}

TEST(ClockSetTest, IsReadBack) {
  timespec wanted = {1000000000, 5};
  ASSERT_THAT(clock_settime(CLOCK_REALTIME, &wanted), Succeeds());
  EXPECT_EQ(Now().tv_sec, wanted.tv_sec);
  const timeval tv = {1100000000, 0};
  ASSERT_THAT(settimeofday(&tv, nullptr), Succeeds());
  EXPECT_EQ(Now().tv_sec, tv.tv_sec);
  EXPECT_EQ(time(nullptr), tv.tv_sec);
  // Nothing was before the system's start.
  wanted = {0, 0};
  EXPECT_THAT(clock_settime(CLOCK_REALTIME, &wanted), FailsWith(EINVAL));
}

TEST(ClockSetTest, MonotonicStays) {
  const timespec before = Now(CLOCK_MONOTONIC);
  MoveClock(kDay);
  EXPECT_LT(Now(CLOCK_MONOTONIC).tv_sec - before.tv_sec, 10);
}

TEST(ClockSetTest, AbsoluteSleepMovesAlong) {
  ExpectMovesAlong([] {
    const timespec until = Tomorrow();
    CHILD_CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until,
                                nullptr) == 0);
    CHILD_CHECK(Now().tv_sec >= until.tv_sec);
  });
}

TEST(ClockSetTest, SleepAlsoMovesBack) {
  Child child([] {
    timespec until = Now();
    until.tv_sec += 100;
    const timespec start = Now(CLOCK_MONOTONIC);
    CHILD_CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until,
                                nullptr) == 0);
    CHILD_CHECK(Now(CLOCK_MONOTONIC).tv_sec - start.tv_sec >= 1000);
  });
  child.WaitUntilBlocked();
  MoveClock(-1000);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(ClockSetTest, RelativeSleepDoesNot) {
  Child child([] {
    const timespec length = {100, 0};
    const timespec start = Now(CLOCK_MONOTONIC);
    CHILD_CHECK(clock_nanosleep(CLOCK_REALTIME, 0, &length, nullptr) == 0);
    CHILD_CHECK(Now(CLOCK_MONOTONIC).tv_sec - start.tv_sec >= 100);
  });
  child.WaitUntilBlocked();
  MoveClock(kDay);
  EXPECT_THAT(child.Wait(), Exited(0));
  MoveClock(-kDay);
}

TEST(ClockSetTest, FutexMovesAlong) {
  ExpectMovesAlong([] {
    static uint32_t word;
    const timespec until = Tomorrow();
    CHILD_CHECK(syscall(SYS_futex, &word,
                        FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &until,
                        nullptr, FUTEX_BITSET_MATCH_ANY) == -1);
    CHILD_CHECK(errno == ETIMEDOUT);
  });
}

TEST(ClockSetTest, TimerMovesAlong) {
  ExpectMovesAlong([] {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    timer_t timer;
    CHILD_CHECK(timer_create(CLOCK_REALTIME, nullptr, &timer) == 0);
    const itimerspec value = {{}, Tomorrow()};
    CHILD_CHECK(timer_settime(timer, TIMER_ABSTIME, &value, nullptr) == 0);
    CHILD_CHECK(sigwaitinfo(&set, nullptr) == SIGALRM);
  });
}

TEST(ClockSetTest, MessageQueueMovesAlong) {
  ExpectMovesAlong([] {
    const mqd_t queue = mq_open("/clock", O_RDWR | O_CREAT, 0600, nullptr);
    CHILD_CHECK(queue >= 0);
    const timespec until = Tomorrow();
    static char message[8192];
    CHILD_CHECK(mq_timedreceive(queue, message, sizeof(message), nullptr,
                                &until) == -1);
    CHILD_CHECK(errno == ETIMEDOUT);
    mq_unlink("/clock");
  });
}

TEST(ClockSetTest, TimerFdMovesAlong) {
  ExpectMovesAlong([] {
    const Fd fd(timerfd_create(CLOCK_REALTIME, 0));
    const itimerspec value = {{}, Tomorrow()};
    CHILD_CHECK(timerfd_settime(fd, TFD_TIMER_ABSTIME, &value, nullptr) == 0);
    uint64_t ticks;
    CHILD_CHECK(read(fd, &ticks, sizeof(ticks)) == sizeof(ticks));
  });
}

TEST(ClockSetTest, TimerFdIsCanceled) {
  const Fd fd(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
  const itimerspec value = {{}, Tomorrow()};
  const int flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET;
  ASSERT_THAT(timerfd_settime(fd, flags, &value, nullptr), Succeeds());
  uint64_t ticks;
  EXPECT_THAT(read(fd, &ticks, sizeof(ticks)), FailsWith(EAGAIN));
  MoveClock(1);
  pollfd poll_fd = {fd, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(1));
  EXPECT_THAT(read(fd, &ticks, sizeof(ticks)), FailsWith(ECANCELED));
  EXPECT_THAT(read(fd, &ticks, sizeof(ticks)), FailsWith(EAGAIN));
  MoveClock(-1);
  EXPECT_THAT(timerfd_settime(fd, flags, &value, nullptr),
              FailsWith(ECANCELED));
}

TEST(AdjtimexTest, SetOffsetMovesTheClock) {
  const timespec before = Now();
  timex state = {};
  state.modes = ADJ_SETOFFSET | ADJ_NANO;
  state.time.tv_sec = kDay;
  state.time.tv_usec = 500;
  EXPECT_THAT(adjtimex(&state), Succeeds());
  EXPECT_GE(Now().tv_sec - before.tv_sec, kDay);
  state.modes = ADJ_SETOFFSET;
  state.time.tv_sec = -kDay;
  state.time.tv_usec = 1000000;
  EXPECT_THAT(adjtimex(&state), FailsWith(EINVAL));
  state.time.tv_usec = 0;
  EXPECT_THAT(adjtimex(&state), Succeeds());
  state.modes = ADJ_TICK;
  state.tick = 8000;
  EXPECT_THAT(adjtimex(&state), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
