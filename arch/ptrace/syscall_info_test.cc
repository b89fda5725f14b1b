// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "absl/status/statusor.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

constexpr uint64_t kArgs[] = {1, ~uint64_t{0}, 3, 4};

// Makes a call that fails with EBADF: fcntl(-1, F_GETFD).
int FailsACall() {
  RawSyscall(SYS_fcntl, ~uint64_t{0}, 1);
  return 0;
}

TEST(SyscallInfoTest, EntryHasNumberAndArguments) {
  Tracee tracee = Tracee::Seize([] {
    RawSyscall(SYS_fsync, kArgs[0], kArgs[1], kArgs[2], kArgs[3]);
    return 0;
  });
  ASSERT_TRUE(syscall(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  const absl::StatusOr<SyscallInfo> info = syscall_info(tracee.tid());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->op, SyscallOp::ENTRY);
  EXPECT_EQ(info->entry.nr, static_cast<uint64_t>(SYS_fsync));
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(info->entry.args[i], kArgs[i]);
  EXPECT_NE(info->arch, 0u);
  EXPECT_NE(info->instruction_pointer, 0u);
  EXPECT_NE(info->stack_pointer, 0u);
  EXPECT_EQ(info->size,
            offsetof(SyscallInfo, entry) + sizeof(SyscallInfo::Entry));
}

TEST(SyscallInfoTest, ExitHasResultAndWhetherItIsAnError) {
  Tracee tracee = Tracee::Seize(FailsACall);
  for (int stop = 0; stop < 2; ++stop) {
    ASSERT_TRUE(syscall(tracee.tid()).ok());
    EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  }
  const absl::StatusOr<SyscallInfo> info = syscall_info(tracee.tid());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->op, SyscallOp::EXIT);
  EXPECT_EQ(info->exit.rval, -EBADF);
  EXPECT_EQ(info->exit.is_error, 1);
  EXPECT_EQ(info->size, offsetof(SyscallInfo, exit.is_error) + 1);
}

TEST(SyscallInfoTest, ExitOfACallThatSucceedsIsNoError) {
  Tracee tracee = Tracee::Seize([] {
    RawSyscall(SYS_getpid);
    return 0;
  });
  for (int stop = 0; stop < 2; ++stop) {
    ASSERT_TRUE(syscall(tracee.tid()).ok());
    EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  }
  EXPECT_EQ(syscall_info(tracee.tid())->exit.rval, tracee.tid().value);
  EXPECT_EQ(syscall_info(tracee.tid())->exit.is_error, 0);
}

TEST(SyscallInfoTest, OutsideOfACallThereIsNone) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  const absl::StatusOr<SyscallInfo> info = syscall_info(tracee.tid());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->op, SyscallOp::NONE);
  EXPECT_NE(info->instruction_pointer, 0u);
  EXPECT_EQ(info->size, offsetof(SyscallInfo, entry));
}

TEST(SyscallInfoTest, SeccompHasTheFiltersData) {
  Tracee tracee = Tracee::Seize(
      [] {
        sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_fsync, 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0x42),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        const sock_fprog program = {std::size(filter), filter};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return 1;
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) return 2;
        RawSyscall(SYS_fsync, kArgs[0], kArgs[1]);
        return 0;
      },
      Options::TRACESECCOMP);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(EventStop{Event::SECCOMP, {SIGTRAP}}));
  const absl::StatusOr<SyscallInfo> info = syscall_info(tracee.tid());
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->op, SyscallOp::SECCOMP);
  EXPECT_EQ(info->seccomp.nr, static_cast<uint64_t>(SYS_fsync));
  EXPECT_EQ(info->seccomp.args[0], kArgs[0]);
  EXPECT_EQ(info->seccomp.args[1], kArgs[1]);
  EXPECT_EQ(info->seccomp.ret_data, 0x42u);
  EXPECT_GE(info->size, offsetof(SyscallInfo, seccomp.ret_data) + 4);
  EXPECT_EQ(*getevent(tracee.tid()), 0x42u);
}

}  // namespace
}  // namespace emu::ptrace
