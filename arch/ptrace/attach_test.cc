// SPDX-License-Identifier: Apache-2.0
//
// Becoming the tracer and ceasing to be; options and the events they ask for.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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

TEST(TracemeTest, MakesTheParentTheTracer) {
  Tracee tracee = Tracee::Fork([] {
    if (!traceme().ok()) return 1;
    RaiseHere(Signal{SIGTERM});  // dropped by the tracer
    return 0;
  });
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGTERM}}));
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{0}));
}

TEST(TracemeTest, FailsForATracee) {
  Tracee tracee = Tracee::Fork([] {
    if (!traceme().ok()) return -1;
    const absl::Status again = traceme();
    if (again.message() !=
        "ptrace(PTRACE_TRACEME, 0): Operation not permitted") {
      return -2;
    }
    return ErrnoOf(again);
  });
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{EPERM}));
}

TEST(AttachTest, StopsTheTraceeWithSigstop) {
  Tracee tracee = Tracee::Fork(PauseForEver);
  ASSERT_TRUE(attach(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGSTOP}}));
}

TEST(AttachTest, FailsForOneThatIsTracedAlready) {
  Tracee tracee = Tracee::Seize(PauseForEver);
  EXPECT_EQ(ErrnoOf(attach(tracee.tid())), EPERM);
}

TEST(SeizeTest, DoesNotStopTheTracee) {
  const Pipe pipe;
  Tracee tracee = Tracee::Fork([&pipe] {
    char c;
    return ::read(pipe.read_end, &c, 1) == 1 ? 3 : 1;
  });
  ASSERT_TRUE(seize(tracee.tid()).ok());
  ASSERT_EQ(::write(pipe.write_end, "x", 1), 1);
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{3}));
}

TEST(SeizeTest, SetsOptionsAtOnce) {
  Tracee tracee = Tracee::Fork(PauseForEver);
  ASSERT_TRUE(seize(tracee.tid(), Options::EXITKILL | Options::TRACEEXIT).ok());
  ASSERT_EQ(::kill(tracee.tid().value, SIGTERM), 0);
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGTERM}}));
  ASSERT_TRUE(cont(tracee.tid(), Signal{SIGTERM}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(EventStop{Event::EXIT, {SIGTRAP}}));
}

TEST(SeizeTest, RefusesAnOptionThatDoesNotExist) {
  Tracee tracee = Tracee::Fork(PauseForEver);
  EXPECT_EQ(ErrnoOf(seize(tracee.tid(), Options{1u << 31})), EIO);
}

TEST(SeizeTest, FailsForOneThatIsTracedAlready) {
  Tracee tracee = Tracee::Seize(PauseForEver);
  EXPECT_EQ(ErrnoOf(seize(tracee.tid())), EPERM);
}

TEST(DetachTest, LetsTheTraceeRunOnItsOwn) {
  Tracee tracee = Tracee::Seize([] {
    RawSyscall(SYS_getppid);  // would stop a tracee that is being stepped
    return 4;
  });
  ASSERT_TRUE(detach(tracee.tid()).ok());
  EXPECT_EQ(ErrnoOf(cont(tracee.tid())), ESRCH);
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{4}));
}

TEST(DetachTest, DeliversTheGivenSignal) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(detach(tracee.tid(), Signal{SIGTERM}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGTERM}, false}));
}

TEST(SetoptionsTest, ReplacesTheOptions) {
  Tracee tracee = Tracee::Seize([] { return 5; });
  ASSERT_TRUE(setoptions(tracee.tid(), Options::TRACEEXIT).ok());
  ASSERT_TRUE(syscall(tracee.tid()).ok());
  // Without TRACESYSGOOD a syscall stop looks like this.
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGTRAP}}));
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(EventStop{Event::EXIT, {SIGTRAP}}));
}

TEST(SetoptionsTest, RefusesAnOptionThatDoesNotExist) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(ErrnoOf(setoptions(tracee.tid(), Options{1u << 31})), EINVAL);
}

TEST(ExitkillTest, TheTraceeDiesWithItsTracer) {
  ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
  Pipe gate;
  const Pipe pids;
  // A tracer that ends, with a tracee that would end with 3 when `gate` closes.
  Tracee tracer = Tracee::Fork([&] {
    const pid_t pid = fork();
    if (pid == 0) {
      gate.CloseWriteEnd();
      char c;
      _exit(::read(gate.read_end, &c, 1) == 0 ? 3 : 1);
    }
    const bool seized = seize(Tid{pid}, Options::EXITKILL).ok();
    if (::write(pids.write_end, &pid, sizeof pid) != sizeof pid) return 1;
    return seized ? 0 : 2;
  });
  EXPECT_EQ(tracer.Wait(), TraceStop(Exited{0}));
  pid_t pid = 0;
  ASSERT_EQ(::read(pids.read_end, &pid, sizeof pid), ssize_t{sizeof pid});
  gate.CloseWriteEnd();
  const absl::StatusOr<Waited> waited = wait_tracee(Tid{pid});
  ASSERT_TRUE(waited.ok()) << waited.status();
  EXPECT_EQ(waited->stop, TraceStop(Signaled{{SIGKILL}, false}));
}

TEST(GeteventTest, ExitEventCarriesTheStatus) {
  Tracee tracee = Tracee::Seize([] { return 9; }, Options::TRACEEXIT);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(EventStop{Event::EXIT, {SIGTRAP}}));
  const absl::StatusOr<Word> message = getevent(tracee.tid());
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(WEXITSTATUS(static_cast<int>(*message)), 9);
}

TEST(GeteventTest, ExecEventCarriesTheFormerTid) {
  Tracee tracee = Tracee::Seize(
      [] {
        execl("/bin/true", "true", static_cast<char*>(nullptr));
        return 1;
      },
      Options::TRACEEXEC);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(EventStop{Event::EXEC, {SIGTRAP}}));
  EXPECT_EQ(*getevent(tracee.tid()), static_cast<Word>(tracee.tid().value));
}

// Lets `tracee` run into the birth of a child, which `event` reports, and ends
// that child.
void ExpectBirth(Tracee& tracee, Event event) {
  ASSERT_TRUE(cont(tracee.tid()).ok());
  ASSERT_EQ(tracee.Wait(), TraceStop(EventStop{event, {SIGTRAP}}));
  const absl::StatusOr<Word> message = getevent(tracee.tid());
  ASSERT_TRUE(message.ok()) << message.status();
  const Tid newborn{static_cast<pid_t>(*message)};
  EXPECT_EQ(wait_tracee(newborn)->stop,
            TraceStop(EventStop{Event::STOP, {SIGTRAP}}));
  EXPECT_TRUE(kill(newborn).ok());
  EXPECT_EQ(wait_tracee(newborn)->stop, TraceStop(Signaled{{SIGKILL}, false}));
}

// clone(2) as a system call, in a process without the C library's help.
int CloneAndExit(uint64_t flags) {
  signal(SIGCHLD, SIG_IGN);
  if (RawSyscall(SYS_clone, flags) < 0) return 1;
  RawSyscall(SYS_exit_group, 0);
  return 1;
}

TEST(GeteventTest, ForkEventCarriesTheChild) {
  Tracee tracee =
      Tracee::Seize([] { return CloneAndExit(SIGCHLD); }, Options::TRACEFORK);
  ExpectBirth(tracee, Event::FORK);
}

TEST(GeteventTest, CloneEventCarriesTheChild) {
  Tracee tracee =
      Tracee::Seize([] { return CloneAndExit(0); }, Options::TRACECLONE);
  ExpectBirth(tracee, Event::CLONE);
}

TEST(GeteventTest, VforkEventsCarryTheChild) {
  Tracee tracee =
      Tracee::Seize([] { return CloneAndExit(CLONE_VFORK | SIGCHLD); },
                    Options::TRACEVFORK | Options::TRACEVFORKDONE);
  ExpectBirth(tracee, Event::VFORK);
  const Word child = *getevent(tracee.tid());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  TraceStop stop = tracee.Wait();
  if (stop == TraceStop(SignalDeliveryStop{{SIGCHLD}})) {
    ASSERT_TRUE(cont(tracee.tid()).ok());
    stop = tracee.Wait();
  }
  EXPECT_EQ(stop, TraceStop(EventStop{Event::VFORK_DONE, {SIGTRAP}}));
  EXPECT_EQ(*getevent(tracee.tid()), child);
}

}  // namespace
}  // namespace emu::ptrace
