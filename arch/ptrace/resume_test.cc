// SPDX-License-Identifier: Apache-2.0
//
// Resuming a tracee, with and without a signal; stopping and ending it.
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

int PauseForEver() {
  for (;;) pause();
}

// Raises SIGUSR1; ends with 1 if its handler ran.
int CountsUsr1() {
  static volatile sig_atomic_t caught = 0;
  signal(SIGUSR1, [](int) { caught = 1; });
  RaiseHere(Signal{SIGUSR1});
  return caught;
}

TEST(ContTest, RunsToTheEnd) {
  Tracee tracee = Tracee::Seize([] { return 3; });
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{3}));
}

TEST(ContTest, WithoutASignalDropsTheOneToBeDelivered) {
  Tracee tracee = Tracee::Seize(CountsUsr1);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGUSR1}}));
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{0}));
}

TEST(ContTest, DeliversTheGivenSignal) {
  Tracee tracee = Tracee::Seize(CountsUsr1);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGUSR1}}));
  ASSERT_TRUE(cont(tracee.tid(), Signal{SIGUSR1}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{1}));
}

TEST(ContTest, MayDeliverAnotherSignalInPlaceOfTheFirst) {
  Tracee tracee = Tracee::Seize(CountsUsr1);
  ASSERT_TRUE(cont(tracee.tid(), Signal{SIGTERM}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGTERM}, false}));
}

TEST(ContTest, RefusesASignalThatDoesNotExist) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(ErrnoOf(cont(tracee.tid(), Signal{65})), EIO);
}

TEST(ContTest, FindsNoProcessWhereTheTraceeRuns) {
  Tracee tracee = Tracee::Seize(PauseForEver);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(ErrnoOf(cont(tracee.tid())), ESRCH);
}

TEST(ContTest, FindsNoProcessWhereTheTraceeWasKilled) {
  Tracee tracee = Tracee::Seize(PauseForEver);
  ASSERT_EQ(::kill(tracee.tid().value, SIGKILL), 0);
  const absl::Status status = cont(tracee.tid());
  EXPECT_EQ(ErrnoOf(status), ESRCH);
  EXPECT_EQ(status.message(),
            absl::StrCat("ptrace(PTRACE_CONT, ", tracee.tid().value,
                         "): No such process"));
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGKILL}, false}));
}

TEST(SyscallTest, StopsAtEntryAndExit) {
  const Pipe pipe;
  Tracee tracee = Tracee::Seize([&pipe] {
    RawSyscall(SYS_write, pipe.write_end, reinterpret_cast<uintptr_t>("x"), 1);
    return 0;
  });
  ASSERT_TRUE(syscall(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  EXPECT_EQ(pipe.Drain(), "");
  ASSERT_TRUE(syscall(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  EXPECT_EQ(pipe.Drain(), "x");
}

TEST(SyscallTest, DeliversTheGivenSignal) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(syscall(tracee.tid(), Signal{SIGTERM}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGTERM}, false}));
}

TEST(StepTest, StopsWithATrapOfItsOwn) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(step(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGTRAP}}));
  EXPECT_EQ(getsiginfo(tracee.tid())->si_code, TRAP_TRACE);
}

TEST(StepTest, RunsSystemCalls) {
  const Pipe pipe;
  Tracee tracee = Tracee::Seize([&pipe] {
    RawSyscall(SYS_write, pipe.write_end, reinterpret_cast<uintptr_t>("x"), 1);
    RawSyscall(SYS_exit_group, 6);
    return 0;
  });
  TraceStop stop;
  do {
    ASSERT_TRUE(step(tracee.tid()).ok());
    stop = tracee.Wait();
  } while (stop == TraceStop(SignalDeliveryStop{{SIGTRAP}}));
  EXPECT_EQ(stop, TraceStop(Exited{6}));
  EXPECT_EQ(pipe.Drain(), "x");
}

TEST(StepTest, DeliversTheGivenSignal) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(step(tracee.tid(), Signal{SIGTERM}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGTERM}, false}));
}

TEST(InterruptTest, StopsATraceeThatRuns) {
  Tracee tracee = Tracee::Seize([] {
    const volatile bool forever = true;
    while (forever) {
    }
    return 0;
  });
  ASSERT_TRUE(cont(tracee.tid()).ok());
  ASSERT_TRUE(interrupt(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(EventStop{Event::STOP, {SIGTRAP}}));
}

TEST(InterruptTest, FailsForOneThatWasNotSeized) {
  Tracee tracee = Tracee::Fork(PauseForEver);
  ASSERT_TRUE(attach(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGSTOP}}));
  EXPECT_EQ(ErrnoOf(interrupt(tracee.tid())), EIO);
}

// Brings a seized tracee into the group stop of SIGSTOP.
void StopGroup(Tracee& tracee) {
  ASSERT_TRUE(cont(tracee.tid(), Signal{SIGSTOP}).ok());
  ASSERT_EQ(tracee.Wait(), TraceStop(GroupStop{{SIGSTOP}}));
}

TEST(ListenTest, KeepsTheGroupStopUntilSigcont) {
  Tracee tracee = Tracee::Seize([] { return 2; });
  StopGroup(tracee);
  ASSERT_TRUE(listen(tracee.tid()).ok());
  EXPECT_EQ(ErrnoOf(cont(tracee.tid())), ESRCH);  // not ours to resume now
  ASSERT_EQ(::kill(tracee.tid().value, SIGCONT), 0);
  EXPECT_EQ(tracee.Wait(), TraceStop(EventStop{Event::STOP, {SIGTRAP}}));
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGCONT}}));
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{2}));
}

TEST(ListenTest, LeavesTheTraceeOpenToInterrupt) {
  Tracee tracee = Tracee::Seize([] { return 2; });
  StopGroup(tracee);
  ASSERT_TRUE(listen(tracee.tid()).ok());
  ASSERT_TRUE(interrupt(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(GroupStop{{SIGSTOP}}));
}

TEST(ListenTest, FailsOutsideAGroupStop) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(ErrnoOf(listen(tracee.tid())), EIO);
}

TEST(KillTest, EndsAStoppedTracee) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(kill(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGKILL}, false}));
}

}  // namespace
}  // namespace emu::ptrace
