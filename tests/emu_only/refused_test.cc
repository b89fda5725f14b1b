// SPDX-License-Identifier: Apache-2.0
//
// Calls that emu refuses, whoever asks.

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace emu {
namespace {

TEST(RefusedTest, TracingByGuests) {
  EXPECT_EQ(ptrace(PTRACE_TRACEME, 0, nullptr, nullptr), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(RefusedTest, RestartableSequences) {
  alignas(32) static char area[32];
  EXPECT_EQ(syscall(SYS_rseq, area, sizeof(area), 0, 0), -1);
  EXPECT_EQ(errno, ENOSYS);
}

TEST(RefusedTest, WaysAroundTheFakeKernel) {
  static char zeros[256];
  for (const int number :
       {SYS_io_uring_setup, SYS_io_uring_enter, SYS_bpf, SYS_perf_event_open,
        SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load,
        SYS_userfaultfd, SYS_iopl, SYS_ioperm}) {
    EXPECT_EQ(syscall(number, 3, zeros, zeros, 0, 0, 0), -1) << number;
    EXPECT_TRUE(errno == ENOSYS || errno == EPERM || errno == EACCES)
        << number << ": " << errno;
  }
}

}  // namespace
}  // namespace emu
