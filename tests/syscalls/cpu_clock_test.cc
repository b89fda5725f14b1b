// SPDX-License-Identifier: Apache-2.0
//
// Clocks of CPU time: of one's own process and threads, and of others.

#include <errno.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr int kScheduled = 2, kPerThread = 4, kDescriptor = 3;

int OfProcess(pid_t pid, int kind = kScheduled) {
  return static_cast<int>(~static_cast<unsigned>(pid) << 3) | kind;
}
int OfThread(pid_t tid, int kind = kScheduled) {
  return OfProcess(tid, kind | kPerThread);
}

// The calls themselves: the library has opinions of its own.
long GetTime(int clock) {
  timespec time;
  return syscall(SYS_clock_gettime, clock, &time);
}
long long Now(int clock) {
  timespec time = {};
  EXPECT_THAT(syscall(SYS_clock_gettime, clock, &time), Succeeds());
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}
long long Resolution(int clock) {
  timespec res = {-1, -1};
  return syscall(SYS_clock_getres, clock, &res) == 0 ? res.tv_nsec : -errno;
}
long Sleep(int clock, int flags, timespec time) {
  return syscall(SYS_clock_nanosleep, clock, flags, &time, nullptr);
}
long SetTime(int clock, timespec time) {
  return syscall(SYS_clock_settime, clock, &time);
}
long CreateTimer(int clock) {
  sigevent event = {};
  event.sigev_notify = SIGEV_NONE;
  int id;
  const long result = syscall(SYS_timer_create, clock, &event, &id);
  if (result == 0) syscall(SYS_timer_delete, id);
  return result;
}

// A thread that computes, with calls in between, until told to end.
class Busy {
 public:
  Busy() {
    pthread_create(&thread_, nullptr, Run, this);
    while (tid_ == 0) usleep(100);
  }
  ~Busy() {
    end_ = true;
    pthread_join(thread_, nullptr);
  }
  pid_t tid() const { return tid_; }

 private:
  static void* Run(void* self) {
    auto& busy = *static_cast<Busy*>(self);
    busy.tid_ = gettid();
    while (!busy.end_) getppid();
    return nullptr;
  }
  std::atomic<pid_t> tid_ = 0;
  std::atomic<bool> end_ = false;
  pthread_t thread_;
};

TEST(CpuClockTest, NamesProcessesAndThreads) {
  Child child([] {
    for (;;) pause();
  });
  Busy busy;
  EXPECT_THAT(GetTime(OfProcess(0)), Succeeds());
  EXPECT_THAT(GetTime(OfProcess(getpid())), Succeeds());
  EXPECT_THAT(GetTime(OfProcess(child.pid())), Succeeds());
  EXPECT_THAT(GetTime(OfThread(0)), Succeeds());
  EXPECT_THAT(GetTime(OfThread(busy.tid())), Succeeds());
  EXPECT_THAT(GetTime(OfProcess(busy.tid())), FailsWith(EINVAL));
  EXPECT_THAT(GetTime(OfThread(child.pid())), FailsWith(EINVAL));
  EXPECT_THAT(GetTime(OfProcess(0x3ffffff)), FailsWith(EINVAL));
  EXPECT_THAT(GetTime(OfProcess(0, kDescriptor)), FailsWith(EINVAL));
}

TEST(CpuClockTest, LibraryFindsThem) {
  clockid_t clock;
  ASSERT_EQ(clock_getcpuclockid(getpid(), &clock), 0);
  EXPECT_EQ(clock, OfProcess(getpid()));
  ASSERT_EQ(pthread_getcpuclockid(pthread_self(), &clock), 0);
  EXPECT_EQ(clock, OfThread(gettid()));
  EXPECT_EQ(clock_getcpuclockid(0x3ffffff, &clock), ESRCH);
}

TEST(CpuClockTest, Resolutions) {
  EXPECT_EQ(Resolution(CLOCK_PROCESS_CPUTIME_ID), 1);
  EXPECT_EQ(Resolution(CLOCK_THREAD_CPUTIME_ID), 1);
  EXPECT_EQ(Resolution(OfProcess(0)), 1);
  const long long tick = Resolution(CLOCK_MONOTONIC_COARSE);
  EXPECT_EQ(Resolution(OfProcess(0, 0)), tick);
  EXPECT_EQ(Resolution(OfThread(0, 1)), tick);
  EXPECT_EQ(Resolution(OfProcess(0, kDescriptor)), -EINVAL);
  EXPECT_EQ(Resolution(OfProcess(0x3ffffff)), -EINVAL);
}

TEST(CpuClockTest, SleepsUntilAnotherThreadHasUsedTime) {
  Busy busy;
  const long long before = Now(OfThread(busy.tid()));
  EXPECT_THAT(Sleep(OfThread(busy.tid()), 0, {0, 2000000}), Succeeds());
  EXPECT_GE(Now(OfThread(busy.tid())), before + 2000000);
  const long long process = Now(CLOCK_PROCESS_CPUTIME_ID) + 2000000;
  EXPECT_THAT(Sleep(CLOCK_PROCESS_CPUTIME_ID, TIMER_ABSTIME,
                    {process / 1000000000, process % 1000000000}),
              Succeeds());
  EXPECT_GE(Now(CLOCK_PROCESS_CPUTIME_ID), process);
}

TEST(CpuClockTest, SleepsByAnotherProcess) {
  Child child([] {
    for (;;) getppid();
  });
  const int clock = OfProcess(child.pid());
  const long long before = Now(clock);
  EXPECT_THAT(Sleep(clock, 0, {0, 2000000}), Succeeds());
  EXPECT_GE(Now(clock), before + 2000000);
}

TEST(CpuClockTest, TimerByAnotherProcess) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  Child child([] {
    for (;;) getppid();
  });
  int id;
  ASSERT_THAT(syscall(SYS_timer_create, OfProcess(child.pid()), nullptr, &id),
              Succeeds());
  const itimerspec value = {{}, {0, 2000000}};
  ASSERT_THAT(syscall(SYS_timer_settime, id, 0, &value, nullptr), Succeeds());
  EXPECT_THAT(sigwaitinfo(&set, nullptr), SucceedsWith(SIGALRM));
  EXPECT_THAT(syscall(SYS_timer_delete, id), Succeeds());
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
}

TEST(CpuClockTest, SleepIsOverAtOnceForNothingAndThePast) {
  EXPECT_THAT(Sleep(CLOCK_PROCESS_CPUTIME_ID, 0, {0, 0}), Succeeds());
  EXPECT_THAT(Sleep(OfProcess(getpid()), TIMER_ABSTIME, {0, 1}), Succeeds());
}

TEST(CpuClockTest, SleepErrors) {
  Child child([] {
    for (;;) pause();
  });
  EXPECT_THAT(Sleep(CLOCK_THREAD_CPUTIME_ID, 0, {0, 0}), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Sleep(OfThread(0), 0, {0, 0}), FailsWith(EINVAL));
  EXPECT_THAT(Sleep(OfThread(gettid()), 0, {0, 0}), FailsWith(EINVAL));
  EXPECT_THAT(Sleep(OfThread(child.pid()), 0, {0, 0}), FailsWith(EINVAL));
  EXPECT_THAT(Sleep(OfProcess(0x3ffffff), 0, {0, 0}), FailsWith(EINVAL));
  EXPECT_THAT(Sleep(OfProcess(0, kDescriptor), 0, {0, 0}),
              FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Sleep(CLOCK_MONOTONIC_RAW, 0, {0, 0}), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Sleep(CLOCK_PROCESS_CPUTIME_ID, 0, {0, 1000000000}),
              FailsWith(EINVAL));
  EXPECT_THAT(Sleep(10, 0, {0, 0}), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0,
                      BadAddress(), nullptr),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0,
                      BadAddress(), nullptr),
              FailsWith(EOPNOTSUPP));
}

TEST(CpuClockTest, SleepIsInterrupted) {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
  const itimerspec soon = {{}, {0, 5000000}};
  int id;
  ASSERT_THAT(syscall(SYS_timer_create, CLOCK_MONOTONIC, nullptr, &id),
              Succeeds());
  ASSERT_THAT(syscall(SYS_timer_settime, id, 0, &soon, nullptr), Succeeds());
  const timespec hour = {3600, 0};
  timespec left = {};
  EXPECT_THAT(syscall(SYS_clock_nanosleep, CLOCK_PROCESS_CPUTIME_ID, 0, &hour,
                      &left),
              FailsWith(EINTR));
  EXPECT_GT(left.tv_sec, 3500);
  EXPECT_THAT(syscall(SYS_timer_delete, id), Succeeds());
}

TEST(CpuClockTest, TimersAndSettingErrors) {
  EXPECT_THAT(CreateTimer(CLOCK_THREAD_CPUTIME_ID), Succeeds());
  EXPECT_THAT(CreateTimer(OfThread(gettid())), Succeeds());
  EXPECT_THAT(CreateTimer(OfProcess(0x3ffffff)), FailsWith(EINVAL));
  EXPECT_THAT(SetTime(CLOCK_PROCESS_CPUTIME_ID, {0, 0}), FailsWith(EINVAL));
  EXPECT_THAT(SetTime(OfProcess(0), {0, 0}), FailsWith(EPERM));
  EXPECT_THAT(SetTime(OfProcess(0x3ffffff), {0, 0}), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_clock_settime, OfProcess(0), BadAddress()),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_clock_settime, CLOCK_MONOTONIC, BadAddress()),
              FailsWith(EINVAL));
}

TEST(ClockSetTest, NeedsPrivilegeAndSense) {
  EXPECT_THAT(SetTime(CLOCK_REALTIME, {1700000000, 0}), FailsWith(EPERM));
  EXPECT_THAT(SetTime(CLOCK_REALTIME, {-1, 0}), FailsWith(EINVAL));
  EXPECT_THAT(SetTime(CLOCK_REALTIME, {9000000000, 0}), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_clock_settime, CLOCK_REALTIME, BadAddress()),
              FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
