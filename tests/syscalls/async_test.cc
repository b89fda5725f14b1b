// SPDX-License-Identifier: Apache-2.0
//
// Things that happen by themselves: O_ASYNC and SIGIO, leases, directory
// notification, timers to threads, exit handlers of the kernel.

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

constexpr timespec kNow = {0, 0};

// A fixture with a signal that is blocked, to be waited for.
class AsyncTest : public TempDirTest {
 protected:
  AsyncTest() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGIO);
    sigaddset(&set_, SIGRTMIN);
    sigprocmask(SIG_BLOCK, &set_, &old_);
  }
  ~AsyncTest() override {
    while (sigtimedwait(&set_, nullptr, &kNow) > 0) {
    }
    sigprocmask(SIG_SETMASK, &old_, nullptr);
  }

  sigset_t set_;
  sigset_t old_;
};

TEST_F(AsyncTest, PipeRaisesSigioForOwner) {
  Pipe pipe;
  ASSERT_THAT(fcntl(pipe.read, F_SETOWN, getpid()), Succeeds());
  ASSERT_THAT(fcntl(pipe.read, F_SETFL, O_ASYNC), Succeeds());
  EXPECT_THAT(sigtimedwait(&set_, nullptr, &kNow), FailsWith(EAGAIN));
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(sigwaitinfo(&set_, nullptr), SucceedsWith(SIGIO));
}

TEST_F(AsyncTest, ChosenSignalCarriesDescriptorAndEvents) {
  SocketPair sockets;
  ASSERT_THAT(fcntl(sockets.a, F_SETOWN, getpid()), Succeeds());
  ASSERT_THAT(fcntl(sockets.a, F_SETSIG, SIGRTMIN), Succeeds());
  ASSERT_THAT(fcntl(sockets.a, F_SETFL, O_ASYNC), Succeeds());
  ASSERT_THAT(write(sockets.b, "x", 1), SucceedsWith(1));
  siginfo_t info = {};
  EXPECT_THAT(sigwaitinfo(&set_, &info), SucceedsWith(SIGRTMIN));
  EXPECT_EQ(info.si_fd, int{sockets.a});
  EXPECT_TRUE(info.si_band & POLLIN);
  EXPECT_EQ(info.si_code, POLL_IN);
}

TEST_F(AsyncTest, WithoutOwnerNothingIsRaised) {
  Pipe pipe;
  ASSERT_THAT(fcntl(pipe.read, F_SETFL, O_ASYNC), Succeeds());
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(sigtimedwait(&set_, nullptr, &kNow), FailsWith(EAGAIN));
}

TEST_F(AsyncTest, IoctlSwitchesTheFlags) {
  Pipe pipe;
  const int on = 1;
  ASSERT_THAT(ioctl(pipe.read, FIOASYNC, &on), Succeeds());
  ASSERT_THAT(ioctl(pipe.read, FIONBIO, &on), Succeeds());
  EXPECT_EQ(fcntl(pipe.read, F_GETFL) & (O_ASYNC | O_NONBLOCK),
            O_ASYNC | O_NONBLOCK);
  ASSERT_THAT(ioctl(pipe.read, FIOCLEX), Succeeds());
  EXPECT_THAT(fcntl(pipe.read, F_GETFD), SucceedsWith(FD_CLOEXEC));
  ASSERT_THAT(ioctl(pipe.read, FIONCLEX), Succeeds());
  EXPECT_THAT(fcntl(pipe.read, F_GETFD), SucceedsWith(0));
}

TEST_F(AsyncTest, ReadLeaseNeedsReadOnlyDescriptor) {
  ASSERT_TRUE(WriteFile("file", "x"));
  const Fd reader(open("file", O_RDONLY));
  EXPECT_THAT(fcntl(reader, F_GETLEASE), SucceedsWith(F_UNLCK));
  EXPECT_THAT(fcntl(reader, F_SETLEASE, F_RDLCK), Succeeds());
  EXPECT_THAT(fcntl(reader, F_GETLEASE), SucceedsWith(F_RDLCK));
  EXPECT_THAT(fcntl(reader, F_SETLEASE, F_UNLCK), Succeeds());
  EXPECT_THAT(fcntl(reader, F_SETLEASE, 99), FailsWith(EINVAL));
}

TEST_F(AsyncTest, TimerSignalsTheChosenThread) {
  std::atomic<pid_t> tid = 0;
  std::atomic<int> received = 0;
  std::thread thread([&] {
    tid = gettid();
    siginfo_t info;
    received = sigwaitinfo(&set_, &info);
  });
  while (tid == 0) sched_yield();
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMIN;
  event._sigev_un._tid = tid;
  timer_t timer;
  ASSERT_THAT(timer_create(CLOCK_MONOTONIC, &event, &timer), Succeeds());
  const itimerspec when = {{0, 0}, {0, 1000000}};
  ASSERT_THAT(timer_settime(timer, 0, &when, nullptr), Succeeds());
  thread.join();
  EXPECT_EQ(received, SIGRTMIN);
  timer_delete(timer);
}

TEST_F(AsyncTest, TimersAreGoneAfterExec) {
  EXPECT_THAT(
      RunInChild([&] {
        timer_t timer;
        CHILD_CHECK(timer_create(CLOCK_MONOTONIC, nullptr, &timer) == 0);
        const itimerspec when = {{0, 0}, {0, 1000000}};
        CHILD_CHECK(timer_settime(timer, 0, &when, nullptr) == 0);
        execl("/bin/sleep", "sleep", "0.01", nullptr);
      }),
      Exited(0));
}

TEST_F(AsyncTest, IntervalTimerSurvivesExec) {
  EXPECT_THAT(RunInChild([&] {
                const itimerval when = {{0, 0}, {0, 10000}};
                CHILD_CHECK(setitimer(ITIMER_REAL, &when, nullptr) == 0);
                execl("/bin/sleep", "sleep", "1000", nullptr);
              }),
              KilledBy(SIGALRM));
}

}  // namespace
}  // namespace emu
