// SPDX-License-Identifier: Apache-2.0
//
// Waiting for signals: rt_sigtimedwait(2), rt_sigsuspend(2), pause(2),
// signalfd4(2), and SIGCHLD as a signal.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr timespec kNow = {0, 0};

sigset_t SetOf(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int sig : signals) sigaddset(&set, sig);
  return set;
}

// Blocks signals for the duration of a test; what is pending is taken away.
class Blocked {
 public:
  explicit Blocked(std::initializer_list<int> signals) : set_(SetOf(signals)) {
    sigprocmask(SIG_BLOCK, &set_, &old_);
  }
  ~Blocked() {
    while (sigtimedwait(&set_, nullptr, &kNow) > 0) {
    }
    sigprocmask(SIG_SETMASK, &old_, nullptr);
  }
  const sigset_t* set() const { return &set_; }

 private:
  sigset_t set_;
  sigset_t old_;
};

TEST(SigtimedwaitTest, TakesPendingSignal) {
  Blocked blocked({SIGUSR1});
  raise(SIGUSR1);
  siginfo_t info = {};
  EXPECT_THAT(syscall(SYS_rt_sigtimedwait, blocked.set(), &info, &kNow, 8),
              SucceedsWith(SIGUSR1));
  EXPECT_EQ(info.si_signo, SIGUSR1);
  EXPECT_EQ(info.si_code, SI_TKILL);  // glibc would say SI_USER.
  EXPECT_THAT(sigtimedwait(blocked.set(), &info, &kNow), FailsWith(EAGAIN));
}

TEST(SigtimedwaitTest, TakesLowestFirstAndKeepsQueues) {
  Blocked blocked({SIGUSR1, SIGRTMIN, SIGRTMIN + 1});
  for (int i = 1; i <= 2; ++i) {
    sigqueue(getpid(), SIGRTMIN + 1, {.sival_int = 10 + i});
    sigqueue(getpid(), SIGRTMIN, {.sival_int = i});
  }
  raise(SIGUSR1);
  siginfo_t info;
  EXPECT_THAT(sigtimedwait(blocked.set(), &info, &kNow), SucceedsWith(SIGUSR1));
  EXPECT_THAT(sigtimedwait(blocked.set(), &info, &kNow),
              SucceedsWith(SIGRTMIN));
  EXPECT_EQ(info.si_value.sival_int, 1);
  EXPECT_THAT(sigtimedwait(blocked.set(), &info, &kNow),
              SucceedsWith(SIGRTMIN));
  EXPECT_EQ(info.si_value.sival_int, 2);
  EXPECT_THAT(sigtimedwait(blocked.set(), &info, &kNow),
              SucceedsWith(SIGRTMIN + 1));
}

TEST(SigtimedwaitTest, TimesOut) {
  Blocked blocked({SIGUSR1});
  const timespec wait = {0, 2000000};
  EXPECT_THAT(sigtimedwait(blocked.set(), nullptr, &wait), FailsWith(EAGAIN));
}

TEST(SigtimedwaitTest, WaitsForSignalFromChild) {
  Blocked blocked({SIGUSR1});
  Child child([] {
    WaitUntilBlocked(getppid());
    kill(getppid(), SIGUSR1);
  });
  siginfo_t info = {};
  EXPECT_THAT(sigwaitinfo(blocked.set(), &info), SucceedsWith(SIGUSR1));
  EXPECT_EQ(info.si_pid, child.pid());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(SigtimedwaitTest, OtherSignalsHandlerInterrupts) {
  EXPECT_THAT(RunInChild([] {
                struct sigaction action = {};
                action.sa_handler = [](int) {};
                action.sa_flags = SA_RESTART;  // Does not help here.
                sigaction(SIGUSR2, &action, nullptr);
                Blocked blocked({SIGUSR1});
                Child child([] {
                  WaitUntilBlocked(getppid());
                  kill(getppid(), SIGUSR2);
                });
                CHILD_CHECK(sigwaitinfo(blocked.set(), nullptr) == -1 &&
                            errno == EINTR);
                child.Wait();
              }),
              Exited(0));
}

TEST(SigtimedwaitTest, TakesSignalWhoseDefaultIsToBeIgnored) {
  Blocked blocked({SIGURG});
  raise(SIGURG);
  EXPECT_THAT(sigtimedwait(blocked.set(), nullptr, &kNow),
              SucceedsWith(SIGURG));
}

TEST(SigtimedwaitTest, ChecksArguments) {
  const timespec bad = {0, 1000000000};
  const sigset_t set = SetOf({SIGUSR1});
  EXPECT_THAT(syscall(SYS_rt_sigtimedwait, &set, nullptr, &bad, 8),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_rt_sigtimedwait, &set, nullptr, &kNow, 16),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_rt_sigtimedwait, BadAddress(), nullptr, &kNow, 8),
              FailsWith(EFAULT));
}

TEST(SigsuspendTest, SwapsMaskUntilHandlerHasRun) {
  EXPECT_THAT(RunInChild([] {
                static volatile int count;
                struct sigaction action = {};
                action.sa_handler = [](int) { count = count + 1; };
                action.sa_flags = SA_RESTART;
                sigaction(SIGUSR1, &action, nullptr);
                Blocked blocked({SIGUSR1});
                raise(SIGUSR1);
                CHILD_CHECK(count == 0);
                const sigset_t open = SetOf({});
                CHILD_CHECK(sigsuspend(&open) == -1 && errno == EINTR);
                CHILD_CHECK(count == 1);
                sigset_t now;
                sigprocmask(SIG_BLOCK, nullptr, &now);
                CHILD_CHECK(sigismember(&now, SIGUSR1));
              }),
              Exited(0));
}

TEST(SigsuspendTest, ChecksArguments) {
  EXPECT_THAT(syscall(SYS_rt_sigsuspend, BadAddress(), 8), FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_rt_sigsuspend, BadAddress(), 4), FailsWith(EINVAL));
}

TEST(PauseTest, ReturnsAfterHandler) {
  EXPECT_THAT(RunInChild([] {
                struct sigaction action = {};
                action.sa_handler = [](int) {};
                action.sa_flags = SA_RESTART;
                sigaction(SIGUSR1, &action, nullptr);
                Child child([] {
                  WaitUntilBlocked(getppid());
                  kill(getppid(), SIGUSR1);
                });
                CHILD_CHECK(pause() == -1 && errno == EINTR);
                child.Wait();
              }),
              Exited(0));
}

TEST(SignalfdTest, ReadsPendingSignals) {
  Blocked blocked({SIGUSR1, SIGUSR2});
  const Fd fd(signalfd(-1, blocked.set(), SFD_NONBLOCK));
  signalfd_siginfo info[3];
  EXPECT_THAT(read(fd, info, sizeof(info)), FailsWith(EAGAIN));
  sigqueue(getpid(), SIGUSR2, {.sival_int = 5});
  kill(getpid(), SIGUSR1);
  ASSERT_THAT(read(fd, info, sizeof(info)), SucceedsWith(2 * 128));
  EXPECT_EQ(info[0].ssi_signo, uint32_t{SIGUSR1});
  EXPECT_EQ(info[0].ssi_pid, static_cast<uint32_t>(getpid()));
  EXPECT_EQ(info[1].ssi_signo, uint32_t{SIGUSR2});
  EXPECT_EQ(info[1].ssi_int, 5);
  EXPECT_EQ(info[1].ssi_code, SI_QUEUE);
}

TEST(SignalfdTest, MaskCanBeChanged) {
  Blocked blocked({SIGUSR1, SIGUSR2});
  const sigset_t first = SetOf({SIGUSR1});
  const sigset_t second = SetOf({SIGUSR2});
  const Fd fd(signalfd(-1, &first, SFD_NONBLOCK | SFD_CLOEXEC));
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
  raise(SIGUSR2);
  signalfd_siginfo info;
  EXPECT_THAT(read(fd, &info, sizeof(info)), FailsWith(EAGAIN));
  EXPECT_THAT(signalfd(fd, &second, 0), SucceedsWith(int{fd}));
  EXPECT_THAT(read(fd, &info, sizeof(info)), SucceedsWith(128));
}

TEST(SignalfdTest, IsPollable) {
  Blocked blocked({SIGUSR1});
  const Fd fd(signalfd(-1, blocked.set(), 0));
  pollfd poll_fd = {fd, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(0));
  raise(SIGUSR1);
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(1));
}

TEST(SignalfdTest, WakesBlockedReader) {
  Child child([] {
    Blocked blocked({SIGUSR1});
    const Fd fd(signalfd(-1, blocked.set(), 0));
    Child sender([] {
      WaitUntilBlocked(getppid());
      kill(getppid(), SIGUSR1);
    });
    signalfd_siginfo info;
    CHILD_CHECK(read(fd, &info, sizeof(info)) == 128);
    CHILD_CHECK(info.ssi_pid == static_cast<uint32_t>(sender.pid()));
    sender.Wait();
  });
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(SignalfdTest, ChecksArguments) {
  const sigset_t set = SetOf({SIGUSR1});
  EXPECT_THAT(signalfd(-1, &set, 1), FailsWith(EINVAL));
  EXPECT_THAT(signalfd(0, &set, 0), FailsWith(EINVAL));
  EXPECT_THAT(signalfd(777, &set, 0), FailsWith(EBADF));
  EXPECT_THAT(syscall(SYS_signalfd4, -1, &set, 16, 0), FailsWith(EINVAL));
  const Fd fd(signalfd(-1, &set, 0));
  char small[64];
  EXPECT_THAT(read(fd, small, sizeof(small)), FailsWith(EINVAL));
  EXPECT_THAT(write(fd, small, sizeof(small)), FailsWith(EINVAL));
}

TEST(SigchldTest, CarriesExitInformation) {
  Blocked blocked({SIGCHLD});
  Child child([] { _exit(9); });
  siginfo_t info = {};
  EXPECT_THAT(sigwaitinfo(blocked.set(), &info), SucceedsWith(SIGCHLD));
  EXPECT_EQ(info.si_code, CLD_EXITED);
  EXPECT_EQ(info.si_status, 9);
  EXPECT_EQ(info.si_pid, child.pid());
  EXPECT_THAT(child.Wait(), Exited(9));
}

TEST(SigchldTest, TellsOfDeathBySignal) {
  Blocked blocked({SIGCHLD});
  Child child([] { raise(SIGTERM); });
  siginfo_t info = {};
  EXPECT_THAT(sigwaitinfo(blocked.set(), &info), SucceedsWith(SIGCHLD));
  EXPECT_EQ(info.si_code, CLD_KILLED);
  EXPECT_EQ(info.si_status, SIGTERM);
}

TEST(SigchldTest, ChildIsReadyToBeReapedInHandler) {
  EXPECT_THAT(RunInChild([] {
                static volatile pid_t reaped;
                struct sigaction action = {};
                action.sa_handler = [](int) {
                  reaped = waitpid(-1, nullptr, WNOHANG);
                };
                sigaction(SIGCHLD, &action, nullptr);
                sigset_t set = SetOf({SIGCHLD});
                sigprocmask(SIG_BLOCK, &set, nullptr);
                Child child([] {});
                const sigset_t open = SetOf({});
                sigsuspend(&open);
                CHILD_CHECK(reaped == child.pid());
                child.Forget();
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
