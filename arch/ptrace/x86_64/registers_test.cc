// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/isa/registers.h"

#include <errno.h>
#include <linux/audit.h>
#include <signal.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/register_set.h"
#include "arch/ptrace/sysemu.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace emu::ptrace {
namespace {

static_assert(std::is_same_v<GeneralRegisters::Regs, user_regs_struct>);
static_assert(std::is_same_v<FloatingPointRegisters::Regs, user_fpregs_struct>);
static_assert(std::is_same_v<ExtendedRegisters::Regs, XsaveArea>);
static_assert(!IsRegisterSet<RegisterSet<RegisterSetValue::ARM_TLS>>);

constexpr uint64_t kXmm0 = 0x1122334455667788;

// Stops at a breakpoint with kXmm0 in xmm0; ends with xmm0's low byte then.
int BreaksWithXmm0() {
  uint64_t value = kXmm0;
  asm volatile("movq %0, %%xmm0; int3; movq %%xmm0, %0" : "+r"(value)::"xmm0");
  return static_cast<int>(value & 0xff);
}

Tracee AtBreakpoint() { return Tracee::Seize(BreaksWithXmm0); }

void RunToBreakpoint(Tracee& tracee) {
  ASSERT_TRUE(cont(tracee.tid()).ok());
  ASSERT_EQ(tracee.Wait(), TraceStop(SignalDeliveryStop{{SIGTRAP}}));
}

uint64_t Xmm0(const user_fpregs_struct& regs) {
  uint64_t value;
  memcpy(&value, regs.xmm_space, sizeof value);
  return value;
}

TEST(GetregsTest, ReadsTheCallOfASyscallStop) {
  Tracee tracee = Tracee::Seize([] {
    RawSyscall(SYS_close, 0x123456);
    return 0;
  });
  ASSERT_TRUE(sysemu(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  user_regs_struct regs;
  ASSERT_TRUE(getregs(tracee.tid(), &regs).ok());
  EXPECT_EQ(regs.orig_rax, static_cast<uint64_t>(SYS_close));
  EXPECT_EQ(regs.rdi, 0x123456u);
  EXPECT_EQ(static_cast<int64_t>(regs.rax), -ENOSYS);
  const absl::StatusOr<SyscallInfo> info = syscall_info(tracee.tid());
  EXPECT_EQ(info->arch, AUDIT_ARCH_X86_64);
  EXPECT_EQ(info->instruction_pointer, regs.rip);
  EXPECT_EQ(info->stack_pointer, regs.rsp);
}

TEST(SetregsTest, AnswersAnEmulatedCall) {
  Tracee tracee = Tracee::Seize([] { return RawSyscall(SYS_close, -1) == 99; });
  ASSERT_TRUE(sysemu(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(SyscallStop{}));
  user_regs_struct regs;
  ASSERT_TRUE(getregs(tracee.tid(), &regs).ok());
  regs.orig_rax = ~uint64_t{0};
  regs.rax = 99;
  ASSERT_TRUE(setregs(tracee.tid(), regs).ok());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{1}));
}

TEST(SetregsTest, RefusesASegmentBaseOutsideTheAddressSpace) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  user_regs_struct regs;
  ASSERT_TRUE(getregs(tracee.tid(), &regs).ok());
  regs.fs_base = ~uint64_t{0};
  EXPECT_EQ(ErrnoOf(setregs(tracee.tid(), regs)), EIO);
}

TEST(GetfpregsTest, ReadsSseRegisters) {
  Tracee tracee = AtBreakpoint();
  RunToBreakpoint(tracee);
  user_fpregs_struct regs;
  ASSERT_TRUE(getfpregs(tracee.tid(), &regs).ok());
  EXPECT_EQ(Xmm0(regs), kXmm0);
}

TEST(SetfpregsTest, WritesSseRegisters) {
  Tracee tracee = AtBreakpoint();
  RunToBreakpoint(tracee);
  user_fpregs_struct regs;
  ASSERT_TRUE(getfpregs(tracee.tid(), &regs).ok());
  regs.xmm_space[0] = 0x21;
  ASSERT_TRUE(setfpregs(tracee.tid(), regs).ok());
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{0x21}));
}

TEST(SetfpregsTest, RefusesReservedBitsOfMxcsr) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  user_fpregs_struct regs;
  ASSERT_TRUE(getfpregs(tracee.tid(), &regs).ok());
  regs.mxcsr = 0x80000000;
  EXPECT_EQ(ErrnoOf(setfpregs(tracee.tid(), regs)), EINVAL);
}

TEST(ExtendedRegistersTest, KernelFillsLessThanTheStruct) {
  Tracee tracee = AtBreakpoint();
  RunToBreakpoint(tracee);
  const auto area = std::make_unique<XsaveArea>();
  memset(area.get(), 0xa5, sizeof *area);
  const absl::StatusOr<size_t> size =
      getregset<ExtendedRegisters>(tracee.tid(), area.get());
  ASSERT_TRUE(size.ok()) << size.status();
  EXPECT_GE(*size, offsetof(XsaveArea, extended));
  ASSERT_LT(*size, sizeof *area);
  EXPECT_EQ(Xmm0(area->legacy), kXmm0);
  EXPECT_EQ(area->xstate_bv & 2, 2u);  // SSE is in use
  const absl::Span<const std::byte> rest =
      absl::MakeConstSpan(reinterpret_cast<const std::byte*>(area.get()),
                          sizeof *area)
          .subspan(*size);
  EXPECT_TRUE(std::all_of(rest.begin(), rest.end(),
                          [](std::byte b) { return b == std::byte{0xa5}; }));
}

TEST(ExtendedRegistersTest, WritesBackWhatWasFilled) {
  Tracee tracee = AtBreakpoint();
  RunToBreakpoint(tracee);
  const auto area = std::make_unique<XsaveArea>();
  const absl::StatusOr<size_t> filled =
      getregset<ExtendedRegisters>(tracee.tid(), area.get());
  ASSERT_TRUE(filled.ok()) << filled.status();
  area->legacy.xmm_space[0] = 0x2f;
  const absl::StatusOr<size_t> taken =
      setregset<ExtendedRegisters>(tracee.tid(), *area, *filled);
  ASSERT_TRUE(taken.ok()) << taken.status();
  EXPECT_EQ(*taken, *filled);
  ASSERT_TRUE(cont(tracee.tid()).ok());
  EXPECT_EQ(tracee.Wait(), TraceStop(Exited{0x2f}));
}

TEST(ExtendedRegistersTest, KernelTakesNoMoreThanItFills) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  const auto area = std::make_unique<XsaveArea>();
  const absl::StatusOr<size_t> filled =
      getregset<ExtendedRegisters>(tracee.tid(), area.get());
  ASSERT_TRUE(filled.ok()) << filled.status();
  EXPECT_EQ(*setregset<ExtendedRegisters>(tracee.tid(), *area), *filled);
}

TEST(ExtendedRegistersTest, RefusesAPartOfTheArea) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  const auto area = std::make_unique<XsaveArea>();
  ASSERT_TRUE(getregset<ExtendedRegisters>(tracee.tid(), area.get()).ok());
  EXPECT_EQ(ErrnoOf(setregset<ExtendedRegisters>(tracee.tid(), *area,
                                                 sizeof(area->legacy))
                        .status()),
            EFAULT);
}

TEST(RegistersTest, FailuresNameTheRequest) {
  Tracee tracee = Tracee::Seize([] { return 0; });
  tracee.KillAndReap();
  const Tid tid = tracee.tid();
  const auto text = [tid](const char* request) {
    return absl::StrCat("ptrace(", request, ", ", tid.value,
                        "): No such process");
  };
  user_regs_struct regs = {};
  user_fpregs_struct fpregs = {};
  EXPECT_EQ(getregs(tid, &regs).message(), text("PTRACE_GETREGS"));
  EXPECT_EQ(setregs(tid, regs).message(), text("PTRACE_SETREGS"));
  EXPECT_EQ(getfpregs(tid, &fpregs).message(), text("PTRACE_GETFPREGS"));
  EXPECT_EQ(setfpregs(tid, fpregs).message(), text("PTRACE_SETFPREGS"));
}

}  // namespace
}  // namespace emu::ptrace
