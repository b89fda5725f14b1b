// SPDX-License-Identifier: Apache-2.0
//
// Clocks, sleeping, alarms and timers: clock_gettime(2), clock_nanosleep(2),
// alarm(2), setitimer(2), timer_create(2), timerfd_create(2).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include <utility>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr long kMillisecond = 1000000;

long long Now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

timespec In(long nanoseconds, clockid_t clock = CLOCK_MONOTONIC) {
  const long long at = Now(clock) + nanoseconds;
  return {at / 1000000000, at % 1000000000};
}

// Blocks SIGALRM, so that it can be waited for.
sigset_t BlockAlarm() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return set;
}

TEST(ClockTest, EveryClockMovesForward) {
  for (const clockid_t clock :
       {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME,
        CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_TAI,
        CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID}) {
    timespec first;
    timespec second;
    ASSERT_THAT(clock_gettime(clock, &first), Succeeds()) << clock;
    ASSERT_THAT(clock_gettime(clock, &second), Succeeds()) << clock;
    EXPECT_LE(std::make_pair(first.tv_sec, first.tv_nsec),
              std::make_pair(second.tv_sec, second.tv_nsec))
        << clock;
    timespec resolution;
    EXPECT_THAT(clock_getres(clock, &resolution), Succeeds()) << clock;
  }
}

TEST(ClockTest, TimeAgreesWithGettimeofday) {
  const time_t before = syscall(SYS_time, nullptr);
  timeval now;
  ASSERT_THAT(syscall(SYS_gettimeofday, &now, nullptr), Succeeds());
  const time_t after = syscall(SYS_time, nullptr);
  EXPECT_LE(before, now.tv_sec);
  EXPECT_LE(now.tv_sec, after + 1);
}

TEST(ClockTest, Errors) {
  timespec now;
  EXPECT_THAT(clock_gettime(99, &now), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_clock_gettime, 99, BadAddress()), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, BadAddress()),
              FailsWith(EFAULT));
  now = {0, 1000000000};
  EXPECT_THAT(syscall(SYS_clock_settime, CLOCK_REALTIME, &now),
              FailsWith(EINVAL));
  now = {1, 0};
  EXPECT_THAT(clock_settime(CLOCK_REALTIME, &now), FailsWith(EPERM));
  EXPECT_THAT(clock_settime(CLOCK_MONOTONIC, &now), FailsWith(EINVAL));
}

TEST(NanosleepTest, SleepsAtLeastAsLong) {
  const long long start = Now();
  const timespec sleep = {0, 3 * kMillisecond};
  EXPECT_THAT(nanosleep(&sleep, nullptr), Succeeds());
  EXPECT_GE(Now() - start, 3 * kMillisecond);
}

TEST(NanosleepTest, ChecksArguments) {
  const timespec too_many = {0, 1000000000};
  const timespec negative = {-1, 0};
  EXPECT_THAT(nanosleep(&too_many, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(nanosleep(&negative, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_nanosleep, BadAddress(), nullptr), FailsWith(EFAULT));
}

TEST(ClockNanosleepTest, AbsoluteTimeEndsWhenReached) {
  const timespec until = In(3 * kMillisecond);
  EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr),
            0);
  EXPECT_GE(Now(), until.tv_sec * 1000000000ll + until.tv_nsec);
}

TEST(ClockNanosleepTest, AbsoluteTimeInThePastReturnsAtOnce) {
  const timespec past = {0, 1};
  EXPECT_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &past, nullptr), 0);
}

TEST(ClockNanosleepTest, ChecksArguments) {
  const timespec sleep = {0, 1};
  const timespec bad = {0, -1};
  EXPECT_EQ(clock_nanosleep(99, 0, &sleep, nullptr), EINVAL);
  EXPECT_EQ(clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, nullptr), EINVAL);
  EXPECT_THAT(
      syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &sleep, nullptr),
      FailsWith(EOPNOTSUPP));
}

TEST(AlarmTest, ReturnsSecondsLeft) {
  EXPECT_EQ(alarm(100), 0u);
  const unsigned left = alarm(0);
  EXPECT_GE(left, 99u);
  EXPECT_LE(left, 100u);
  EXPECT_EQ(alarm(0), 0u);
}

TEST(ItimerTest, RealTimerRaisesSigalrm) {
  EXPECT_THAT(RunInChild([] {
                const sigset_t set = BlockAlarm();
                const itimerval timer = {{0, 0}, {0, 3000}};
                CHILD_CHECK(setitimer(ITIMER_REAL, &timer, nullptr) == 0);
                siginfo_t info;
                CHILD_CHECK(sigwaitinfo(&set, &info) == SIGALRM);
                CHILD_CHECK(info.si_code == SI_KERNEL);
                itimerval now;
                CHILD_CHECK(getitimer(ITIMER_REAL, &now) == 0);
                CHILD_CHECK(now.it_value.tv_usec == 0);
              }),
              Exited(0));
}

TEST(ItimerTest, IntervalRepeats) {
  EXPECT_THAT(RunInChild([] {
                const sigset_t set = BlockAlarm();
                const itimerval timer = {{0, 2000}, {0, 2000}};
                CHILD_CHECK(setitimer(ITIMER_REAL, &timer, nullptr) == 0);
                for (int i = 0; i < 3; ++i) {
                  CHILD_CHECK(sigwaitinfo(&set, nullptr) == SIGALRM);
                }
              }),
              Exited(0));
}

TEST(ItimerTest, OldValueIsReturned) {
  EXPECT_THAT(RunInChild([] {
                const itimerval timer = {{500, 0}, {1000, 0}};
                const itimerval off = {};
                itimerval old;
                CHILD_CHECK(setitimer(ITIMER_REAL, &timer, nullptr) == 0);
                CHILD_CHECK(setitimer(ITIMER_REAL, &off, &old) == 0);
                CHILD_CHECK(old.it_interval.tv_sec == 500);
                CHILD_CHECK(old.it_value.tv_sec >= 990);
              }),
              Exited(0));
}

TEST(ItimerTest, CpuTimersCountWork) {
  EXPECT_THAT(RunInChild([] {
                const itimerval timer = {{0, 0}, {0, 2000}};
                CHILD_CHECK(setitimer(ITIMER_PROF, &timer, nullptr) == 0);
                for (;;) getppid();
              }),
              KilledBy(SIGPROF));
}

TEST(ItimerTest, Errors) {
  itimerval timer = {{0, 0}, {0, 1000000}};
  EXPECT_THAT(syscall(SYS_setitimer, ITIMER_REAL, &timer, nullptr),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_getitimer, 9, &timer), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_getitimer, ITIMER_REAL, BadAddress()),
              FailsWith(EFAULT));
}

TEST(PosixTimerTest, QueuesSignalWithValue) {
  EXPECT_THAT(RunInChild([] {
                const sigset_t set = BlockAlarm();
                sigevent event = {};
                event.sigev_notify = SIGEV_SIGNAL;
                event.sigev_signo = SIGALRM;
                event.sigev_value.sival_int = 77;
                timer_t timer;
                CHILD_CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
                const itimerspec when = {{0, 0}, {0, 2 * kMillisecond}};
                CHILD_CHECK(timer_settime(timer, 0, &when, nullptr) == 0);
                siginfo_t info;
                CHILD_CHECK(sigwaitinfo(&set, &info) == SIGALRM);
                CHILD_CHECK(info.si_code == SI_TIMER);
                CHILD_CHECK(info.si_value.sival_int == 77);
                CHILD_CHECK(timer_delete(timer) == 0);
              }),
              Exited(0));
}

TEST(PosixTimerTest, OverrunCountsMissedExpirations) {
  EXPECT_THAT(
      RunInChild([] {
        const sigset_t set = BlockAlarm();
        timer_t timer;
        CHILD_CHECK(timer_create(CLOCK_MONOTONIC, nullptr, &timer) == 0);
        const itimerspec when = {{0, kMillisecond}, {0, kMillisecond}};
        CHILD_CHECK(timer_settime(timer, 0, &when, nullptr) == 0);
        const timespec sleep = {0, 10 * kMillisecond};
        nanosleep(&sleep, nullptr);
        siginfo_t info;
        CHILD_CHECK(sigwaitinfo(&set, &info) == SIGALRM);
        CHILD_CHECK(timer_getoverrun(timer) >= 5);
      }),
      Exited(0));
}

TEST(PosixTimerTest, GettimeTellsWhatIsLeft) {
  timer_t timer;
  sigevent event = {};
  event.sigev_notify = SIGEV_NONE;
  ASSERT_THAT(timer_create(CLOCK_REALTIME, &event, &timer), Succeeds());
  itimerspec value = {{3, 0}, {1000, 0}};
  ASSERT_THAT(timer_settime(timer, 0, &value, nullptr), Succeeds());
  ASSERT_THAT(timer_gettime(timer, &value), Succeeds());
  EXPECT_EQ(value.it_interval.tv_sec, 3);
  EXPECT_GE(value.it_value.tv_sec, 990);
  EXPECT_THAT(timer_delete(timer), Succeeds());
}

TEST(PosixTimerTest, Errors) {
  timer_t timer;
  sigevent event = {};
  event.sigev_notify = 99;
  EXPECT_THAT(syscall(SYS_timer_create, 99, nullptr, &timer),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_timer_delete, 9999), FailsWith(EINVAL));
  itimerspec value;
  EXPECT_THAT(syscall(SYS_timer_gettime, 9999, &value), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_timer_getoverrun, 9999), FailsWith(EINVAL));
}

TEST(TimerfdTest, ReadCountsExpirations) {
  const Fd fd(timerfd_create(CLOCK_MONOTONIC, 0));
  const itimerspec when = {{0, kMillisecond}, {0, kMillisecond}};
  ASSERT_THAT(timerfd_settime(fd, 0, &when, nullptr), Succeeds());
  const timespec sleep = {0, 5 * kMillisecond};
  nanosleep(&sleep, nullptr);
  uint64_t count = 0;
  ASSERT_THAT(read(fd, &count, 8), SucceedsWith(8));
  EXPECT_GE(count, 4u);
}

TEST(TimerfdTest, BlocksUntilExpiration) {
  const Fd fd(timerfd_create(CLOCK_MONOTONIC, 0));
  const timespec until = In(3 * kMillisecond);
  const itimerspec when = {{0, 0}, until};
  ASSERT_THAT(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, nullptr),
              Succeeds());
  uint64_t count = 0;
  ASSERT_THAT(read(fd, &count, 8), SucceedsWith(8));
  EXPECT_EQ(count, 1u);
  EXPECT_GE(Now(), until.tv_sec * 1000000000ll + until.tv_nsec);
}

TEST(TimerfdTest, PastAbsoluteTimeIsReadyAtOnce) {
  const Fd fd(timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK));
  const itimerspec when = {{0, 0}, {1, 0}};
  ASSERT_THAT(timerfd_settime(fd, TFD_TIMER_ABSTIME, &when, nullptr),
              Succeeds());
  uint64_t count = 0;
  pollfd poll_fd = {fd, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, -1), SucceedsWith(1));
  EXPECT_THAT(read(fd, &count, 8), SucceedsWith(8));
  EXPECT_THAT(read(fd, &count, 8), FailsWith(EAGAIN));
}

TEST(TimerfdTest, GettimeTellsIntervalAndRest) {
  const Fd fd(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  const itimerspec when = {{7, 0}, {1000, 0}};
  itimerspec now;
  ASSERT_THAT(timerfd_gettime(fd, &now), Succeeds());
  EXPECT_EQ(now.it_value.tv_sec, 0);
  ASSERT_THAT(timerfd_settime(fd, 0, &when, nullptr), Succeeds());
  ASSERT_THAT(timerfd_gettime(fd, &now), Succeeds());
  EXPECT_EQ(now.it_interval.tv_sec, 7);
  EXPECT_GE(now.it_value.tv_sec, 990);
}

TEST(TimerfdTest, Errors) {
  const itimerspec bad = {{0, 0}, {0, 1000000000}};
  const itimerspec good = {};
  const Fd fd(timerfd_create(CLOCK_MONOTONIC, 0));
  EXPECT_THAT(timerfd_create(99, 0), FailsWith(EINVAL));
  EXPECT_THAT(timerfd_create(CLOCK_MONOTONIC, 1), FailsWith(EINVAL));
  EXPECT_THAT(timerfd_settime(fd, 0, &bad, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(timerfd_settime(fd, 99, &good, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(timerfd_settime(0, 0, &good, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(timerfd_settime(777, 0, &good, nullptr), FailsWith(EBADF));
  uint64_t count;
  EXPECT_THAT(read(fd, &count, 4), FailsWith(EINVAL));
  EXPECT_THAT(write(fd, &count, 8), FailsWith(EINVAL));
}

TEST(TimesTest, CountsTicks) {
  tms buffer;
  EXPECT_THAT(times(&buffer), Succeeds());
  EXPECT_GE(buffer.tms_utime, 0);
  EXPECT_THAT(syscall(SYS_times, BadAddress()), FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
