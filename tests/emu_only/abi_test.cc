// SPDX-License-Identifier: Apache-2.0
//
// Where emu answers otherwise than some Linux would: the other two system call
// conventions of x86-64 are closed, and the vsyscall page works everywhere.

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace emu {
namespace {

constexpr unsigned long kVsyscallPage = 0xffffffffff600000;

long Int80(unsigned number, long argument = 0) {
  long result;
  asm volatile("int $0x80"
               : "=a"(result)
               : "a"(number), "b"(argument)
               : "r8", "r9", "r10", "r11", "memory");
  return result;
}

long Raw(unsigned long number) {
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
  return result;
}

TEST(Int80Test, IsNotImplemented) {
  EXPECT_EQ(static_cast<int>(Int80(20)), -ENOSYS);    // getpid
  EXPECT_EQ(static_cast<int>(Int80(1, 5)), -ENOSYS);  // exit
  EXPECT_EQ(static_cast<int>(Int80(0xffffffff)), -ENOSYS);
}

TEST(X32Test, IsNotImplemented) {
  EXPECT_EQ(Raw(0x40000000 | SYS_getpid), -ENOSYS);
  EXPECT_EQ(Raw(0x40000000 | 512), -ENOSYS);  // x32's own rt_sigaction.
}

TEST(VsyscallTest, TimeOfDayIsVirtual) {
  timeval before;
  timeval now = {};
  ASSERT_EQ(syscall(SYS_gettimeofday, &before, nullptr), 0);
  const auto call = reinterpret_cast<long (*)(timeval*, void*)>(kVsyscallPage);
  EXPECT_EQ(call(&now, nullptr), 0);
  EXPECT_GE(now.tv_sec, before.tv_sec);
  EXPECT_LE(now.tv_sec, before.tv_sec + 60);
}

TEST(VsyscallTest, TimeAgrees) {
  const auto call = reinterpret_cast<long (*)(long*)>(kVsyscallPage + 0x400);
  const long before = syscall(SYS_time, nullptr);
  long stored = 0;
  const long now = call(&stored);
  EXPECT_EQ(now, stored);
  EXPECT_GE(now, before);
}

TEST(VsyscallTest, GetcpuAgrees) {
  unsigned expected = ~0u;
  unsigned cpu = ~0u;
  ASSERT_EQ(syscall(SYS_getcpu, &expected, nullptr, nullptr), 0);
  const auto call = reinterpret_cast<long (*)(unsigned*, unsigned*, void*)>(
      kVsyscallPage + 0x800);
  EXPECT_EQ(call(&cpu, nullptr, nullptr), 0);
  EXPECT_EQ(cpu, expected);
}

}  // namespace
}  // namespace emu
