// SPDX-License-Identifier: Apache-2.0
//
// Virtual time: waiting takes none of the host's, and nothing else moves the
// clocks but what the guest does.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

namespace emu {
namespace {

long long Now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now = {};
  syscall(SYS_clock_gettime, clock, &now);
  return now.tv_sec * 1000000000ll + now.tv_nsec;
}

constexpr long long kSecond = 1000000000ll;
constexpr long long kHour = 3600 * kSecond;

TEST(VirtualTimeTest, SleepingAnHourMovesTheClockByAnHour) {
  const long long start = Now();
  const timespec hour = {3600, 0};
  ASSERT_EQ(nanosleep(&hour, nullptr), 0);
  EXPECT_GE(Now() - start, kHour);
  EXPECT_LT(Now() - start, kHour + kHour / 60);
}

TEST(VirtualTimeTest, EveryWaitWithATimeoutJumps) {
  const long long start = Now();
  EXPECT_EQ(poll(nullptr, 0, 3600 * 1000), 0);
  alarm(3600);
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
  EXPECT_EQ(pause(), -1);
  EXPECT_GE(Now() - start, 2 * kHour);
}

TEST(VirtualTimeTest, LeaseIsBrokenByForceAfterFortyFiveSeconds) {
  signal(SIGIO, SIG_IGN);
  const int holder = open("leased", O_CREAT | O_RDONLY, 0644);
  ASSERT_EQ(fcntl(holder, F_SETLEASE, F_WRLCK), 0);
  const long long start = Now();
  // A reader is content with a read lease, a writer with none.
  EXPECT_GE(open("leased", O_RDONLY), 0);
  const long long downgraded = Now();
  EXPECT_GE(downgraded - start, 45 * kSecond);
  EXPECT_LT(downgraded - start, 46 * kSecond);
  EXPECT_EQ(fcntl(holder, F_GETLEASE), F_RDLCK);
  EXPECT_EQ(truncate("leased", 0), 0);
  EXPECT_GE(Now() - downgraded, 45 * kSecond);
  EXPECT_LT(Now() - downgraded, 46 * kSecond);
  EXPECT_EQ(fcntl(holder, F_GETLEASE), F_UNLCK);
  unlink("leased");
}

TEST(VirtualTimeTest, EarlierSleeperWakesFirst) {
  const pid_t late = fork();
  if (late == 0) {
    sleep(2000);
    _exit(0);
  }
  const pid_t early = fork();
  if (early == 0) {
    sleep(1000);
    _exit(0);
  }
  EXPECT_EQ(wait(nullptr), early);
  EXPECT_EQ(wait(nullptr), late);
}

TEST(VirtualTimeTest, RealtimeAndMonotonicMoveTogether) {
  const long long real = Now(CLOCK_REALTIME);
  const long long monotonic = Now();
  sleep(100);
  const long long moved = Now() - monotonic;
  EXPECT_NEAR(Now(CLOCK_REALTIME) - real, moved, 1e9);
}

TEST(VirtualTimeTest, TimeStampCounterIncreases) {
  const unsigned long long first = __rdtsc();
  const unsigned long long second = __rdtsc();
  EXPECT_GT(second, first);
  unsigned cpu;
  EXPECT_GT(__rdtscp(&cpu), second);
}

TEST(VirtualTimeTest, TimeStampCounterFollowsTheClock) {
  const unsigned long long before = __rdtsc();
  sleep(100);
  const unsigned long long after = __rdtsc();
  const unsigned long long again = __rdtsc();
  EXPECT_GT(after - before, 1000 * (again - after));
}

TEST(VirtualTimeTest, BusyWaitEndsSoon) {
  const long long until = Now() + 1000000000;
  long turns = 0;
  while (Now() < until) ++turns;
  EXPECT_LT(turns, 10000000);
}

TEST(VirtualTimeTest, SpinningThreadIsInterruptedByItsTimer) {
  static volatile bool done;
  struct sigaction action = {};
  action.sa_handler = [](int) { done = true; };
  sigaction(SIGALRM, &action, nullptr);
  alarm(1);
  while (!done) {
  }
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace emu
