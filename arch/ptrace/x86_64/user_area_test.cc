// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/isa/user_area.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/user.h>

#include <cstdint>

#include "absl/status/statusor.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/isa/registers.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/sysemu.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

// A function that nobody inlines, for a breakpoint to stand on.
[[gnu::noinline]] int Target(int value) {
  asm volatile("" : "+r"(value));
  return value;
}

TEST(ReadUserTest, EachOffsetIsItsRegister) {
  namespace offset = user_offset;
  Tracee tracee = Tracee::Seize([] {
    RawSyscall(SYS_close, 0x111, 0x222, 0x333, 0x444);
    return 0;
  });
  ASSERT_TRUE(sysemu(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  user_regs_struct regs;
  ASSERT_TRUE(getregs(tracee.tid(), &regs).ok());
  const struct {
    UserOffset offset;
    uint64_t value;
  } kCases[] = {
      {offset::r15, regs.r15},         {offset::r14, regs.r14},
      {offset::r13, regs.r13},         {offset::r12, regs.r12},
      {offset::rbp, regs.rbp},         {offset::rbx, regs.rbx},
      {offset::r11, regs.r11},         {offset::r10, regs.r10},
      {offset::r9, regs.r9},           {offset::r8, regs.r8},
      {offset::rax, regs.rax},         {offset::rcx, regs.rcx},
      {offset::rdx, regs.rdx},         {offset::rsi, regs.rsi},
      {offset::rdi, regs.rdi},         {offset::orig_rax, regs.orig_rax},
      {offset::rip, regs.rip},         {offset::cs, regs.cs},
      {offset::eflags, regs.eflags},   {offset::rsp, regs.rsp},
      {offset::ss, regs.ss},           {offset::fs_base, regs.fs_base},
      {offset::gs_base, regs.gs_base}, {offset::ds, regs.ds},
      {offset::es, regs.es},           {offset::fs, regs.fs},
      {offset::gs, regs.gs},
  };
  for (const auto& [at, value] : kCases) {
    const absl::StatusOr<Word> word = read_user(tracee.tid(), at);
    ASSERT_TRUE(word.ok()) << word.status();
    EXPECT_EQ(*word, value) << "offset " << at.value;
  }
}

TEST(ReadUserTest, MinusOneIsAWordLikeAnyOther) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  ASSERT_TRUE(write_user(tracee.tid(), user_offset::orig_rax, ~Word{0}).ok());
  errno = ESRCH;  // what an earlier call left must not matter
  const absl::StatusOr<Word> word =
      read_user(tracee.tid(), user_offset::orig_rax);
  ASSERT_TRUE(word.ok()) << word.status();
  EXPECT_EQ(*word, ~Word{0});
}

TEST(ReadUserTest, FailsOutsideAndBetweenTheWords) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(ErrnoOf(read_user(tracee.tid(), UserOffset{1 << 16}).status()),
            EIO);
  EXPECT_EQ(ErrnoOf(read_user(tracee.tid(), UserOffset{1}).status()), EIO);
}

TEST(WriteUserTest, AnswersAnEmulatedCall) {
  Tracee tracee = Tracee::Seize([] { return RawSyscall(SYS_close, -1) == 98; });
  ASSERT_TRUE(sysemu(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  ASSERT_TRUE(write_user(tracee.tid(), user_offset::rax, 98).ok());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{1}));
}

TEST(WriteUserTest, FailsOutsideAndBetweenTheWords) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  EXPECT_EQ(ErrnoOf(write_user(tracee.tid(), UserOffset{1 << 16}, 0)), EIO);
  EXPECT_EQ(ErrnoOf(write_user(tracee.tid(), UserOffset{1}, 0)), EIO);
}

TEST(DebugRegisterTest, StopsAtAnAddress) {
  Tracee tracee = Tracee::Seize([] { return Target(12); });
  const Word target = reinterpret_cast<Word>(&Target);
  ASSERT_TRUE(
      write_user(tracee.tid(), user_offset::DebugRegister(0), target).ok());
  ASSERT_TRUE(write_user(tracee.tid(), user_offset::DebugRegister(7), 1).ok());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGTRAP}}));
  EXPECT_EQ(*read_user(tracee.tid(), user_offset::rip), target);
  EXPECT_EQ(*read_user(tracee.tid(), user_offset::DebugRegister(6)) & 0xf, 1u);
  ASSERT_TRUE(write_user(tracee.tid(), user_offset::DebugRegister(7), 0).ok());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{12}));
}

}  // namespace
}  // namespace emu::ptrace
