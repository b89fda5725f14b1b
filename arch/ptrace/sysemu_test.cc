// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/sysemu.h"

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

// Says "x" on `pipe`, then ends with 0.
Tracee::Body Says(const Pipe& pipe) {
  return [&pipe] {
    RawSyscall(SYS_write, pipe.write_end, reinterpret_cast<uintptr_t>("x"), 1);
    return 0;
  };
}

TEST(SysemuTest, StopsOnceAtEachCall) {
  const Pipe pipe;
  Tracee tracee = Tracee::Seize(Says(pipe));
  ASSERT_TRUE(sysemu(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  EXPECT_EQ(syscall_info(tracee.tid())->entry.nr, SYS_write);
  ASSERT_TRUE(sysemu(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  EXPECT_EQ(syscall_info(tracee.tid())->entry.nr, SYS_exit_group);
}

TEST(SysemuTest, DoesNotExecuteTheCall) {
  const Pipe pipe;
  Tracee tracee = Tracee::Seize(Says(pipe));
  ASSERT_TRUE(sysemu(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{0}));
  EXPECT_EQ(pipe.Drain(), "");
}

TEST(SysemuTest, DeliversTheGivenSignal) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(sysemu(tracee.tid(), Signal{SIGTERM}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGTERM}, false}));
}

TEST(SysemuTest, FailsForAThreadThatIsNotTraced) {
  const absl::Status status = sysemu(Tid{getpid()});
  EXPECT_EQ(ErrnoOf(status), ESRCH);
  EXPECT_EQ(status.message(), absl::StrCat("ptrace(PTRACE_SYSEMU, ", getpid(),
                                           "): No such process"));
}

TEST(SysemuStepTest, StopsAfterOneInstruction) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(sysemu_step(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGTRAP}}));
}

TEST(SysemuStepTest, StopsAtACallWithoutExecutingIt) {
  const Pipe pipe;
  Tracee tracee = Tracee::Seize(Says(pipe));
  TraceStop stop;
  do {
    ASSERT_TRUE(sysemu_step(tracee.tid()).ok());
    stop = tracee.Wait();
  } while (stop == TraceStop(SignalDeliveryStop{{SIGTRAP}}));
  EXPECT_EQ(stop, TraceStop(SyscallStop{}));
  EXPECT_EQ(syscall_info(tracee.tid())->entry.nr, SYS_write);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{0}));
  EXPECT_EQ(pipe.Drain(), "");
}

TEST(SysemuStepTest, DeliversTheGivenSignal) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(sysemu_step(tracee.tid(), Signal{SIGTERM}).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Signaled{{SIGTERM}, false}));
}

TEST(SysemuStepTest, FailsForAThreadThatIsNotTraced) {
  EXPECT_EQ(ErrnoOf(sysemu_step(Tid{getpid()})), ESRCH);
}

}  // namespace
}  // namespace emu::ptrace
