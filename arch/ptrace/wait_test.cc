// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/wait.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

// The status word of a stop by `signal` for `event`.
constexpr int Stopped(int signal, Event event = Event{}) {
  return static_cast<int>(event) << 16 | signal << 8 | 0x7f;
}

TEST(DecodeWaitStatusTest, ReadsAnExit) {
  EXPECT_EQ(DecodeWaitStatus(0), TraceStop(Exited{0}));
  EXPECT_EQ(DecodeWaitStatus(255 << 8), TraceStop(Exited{255}));
}

TEST(DecodeWaitStatusTest, ReadsADeathWithAndWithoutCore) {
  EXPECT_EQ(DecodeWaitStatus(SIGKILL), TraceStop(Signaled{{SIGKILL}, false}));
  EXPECT_EQ(DecodeWaitStatus(SIGSEGV | 0x80),
            TraceStop(Signaled{{SIGSEGV}, true}));
}

TEST(DecodeWaitStatusTest, TellsASyscallStopFromASigtrap) {
  EXPECT_EQ(DecodeWaitStatus(Stopped(SIGTRAP | 0x80)),
            TraceStop(SyscallStop{}));
  EXPECT_EQ(DecodeWaitStatus(Stopped(SIGTRAP)),
            TraceStop(SignalDeliveryStop{{SIGTRAP}}));
}

TEST(DecodeWaitStatusTest, ReadsEveryEvent) {
  for (const Event event :
       {Event::FORK, Event::VFORK, Event::CLONE, Event::EXEC, Event::VFORK_DONE,
        Event::EXIT, Event::SECCOMP, Event::STOP}) {
    EXPECT_EQ(DecodeWaitStatus(Stopped(SIGTRAP, event)),
              TraceStop(EventStop{event, {SIGTRAP}}));
  }
}

TEST(DecodeWaitStatusTest, StopEventByAStoppingSignalIsAGroupStop) {
  for (const int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    EXPECT_EQ(DecodeWaitStatus(Stopped(signal, Event::STOP)),
              TraceStop(GroupStop{{signal}}));
  }
}

TEST(DecodeWaitStatusTest, StoppingSignalWithoutTheEventIsAboutToBeDelivered) {
  EXPECT_EQ(DecodeWaitStatus(Stopped(SIGSTOP)),
            TraceStop(SignalDeliveryStop{{SIGSTOP}}));
}

TEST(DecodeWaitStatusTest, ReadsTheLastRealTimeSignal) {
  EXPECT_EQ(DecodeWaitStatus(Stopped(64)), TraceStop(SignalDeliveryStop{{64}}));
}

TEST(DecodeWaitStatusTest, ReadsAContinue) {
  EXPECT_EQ(DecodeWaitStatus(0xffff), TraceStop(Continued{}));
}

TEST(WaitTraceeTest, AnyTidNamesTheOneThatStopped) {
  Tracee tracee = Tracee::Seize([] {
    RaiseHere(Signal{SIGUSR1});
    return 0;
  });
  ASSERT_TRUE(cont(tracee.tid()).ok());
  const absl::StatusOr<Waited> waited = wait_tracee(kAnyTid);
  ASSERT_TRUE(waited.ok()) << waited.status();
  EXPECT_EQ(waited->tid, tracee.tid());
  ASSERT_NE(waited->As<SignalDeliveryStop>(), nullptr);
  EXPECT_EQ(waited->As<SignalDeliveryStop>()->signal, Signal{SIGUSR1});
  EXPECT_EQ(waited->As<Exited>(), nullptr);
}

TEST(WaitTraceeTest, NothingNewIsNoChange) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  const absl::StatusOr<Waited> waited = wait_tracee(tracee.tid(), WNOHANG);
  ASSERT_TRUE(waited.ok()) << waited.status();
  EXPECT_EQ(waited->tid, Tid{});
  EXPECT_EQ(waited->stop, TraceStop(NoChange{}));
}

TEST(WaitTraceeTest, ReportsTheContinueOfAChildThatIsNotTraced) {
  Tracee child = Tracee::Fork([] {
    for (;;) pause();
    return 0;
  });
  ASSERT_EQ(::kill(child.tid().value, SIGSTOP), 0);
  absl::StatusOr<Waited> waited = wait_tracee(child.tid(), WUNTRACED);
  ASSERT_TRUE(waited.ok()) << waited.status();
  EXPECT_EQ(waited->stop, TraceStop(SignalDeliveryStop{{SIGSTOP}}));
  ASSERT_EQ(::kill(child.tid().value, SIGCONT), 0);
  waited = wait_tracee(child.tid(), WCONTINUED);
  ASSERT_TRUE(waited.ok()) << waited.status();
  EXPECT_EQ(waited->stop, TraceStop(Continued{}));
}

TEST(WaitTraceeTest, FailsWithEchildForAStranger) {
  const absl::StatusOr<Waited> waited = wait_tracee(Tid{getpid()}, WNOHANG);
  EXPECT_EQ(ErrnoOf(waited.status()), ECHILD);
  EXPECT_EQ(
      waited.status().message(),
      absl::StrCat("waitpid(", getpid(), ", 0x40000001): No child processes"));
}

TEST(WaitTraceeTest, ASignalInterruptsTheWait) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  struct sigaction action = {}, old_action;
  action.sa_handler = [](int) {};
  ASSERT_EQ(sigaction(SIGALRM, &action, &old_action), 0);
  // A signal every millisecond, so that one comes once the wait has begun.
  const itimerval every = {{0, 1000}, {0, 1000}}, never = {};
  ASSERT_EQ(setitimer(ITIMER_REAL, &every, nullptr), 0);
  EXPECT_EQ(ErrnoOf(wait_tracee(tracee.tid()).status()), EINTR);
  ASSERT_EQ(setitimer(ITIMER_REAL, &never, nullptr), 0);
  ASSERT_EQ(sigaction(SIGALRM, &old_action, nullptr), 0);
}

}  // namespace
}  // namespace emu::ptrace
