// SPDX-License-Identifier: Apache-2.0
//
// The x86-64 system call convention itself: registers, numbers, flags.

#include <errno.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

// The result as the kernel gives it: no errno.
long Raw(unsigned long number, unsigned long a = 0, unsigned long b = 0,
         unsigned long c = 0) {
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a), "S"(b), "d"(c)
               : "rcx", "r11", "memory");
  return result;
}

TEST(AbiTest, ErrorsAreNegativeNumbers) {
  EXPECT_EQ(Raw(SYS_close, -1), -EBADF);
}

TEST(AbiTest, UnknownNumbersAreNotImplemented) {
  for (const unsigned long number : {400ul, 5000ul, 0x3ffffffful, 0x7ffffffful,
                                     0xfffffffful, ~0ul, 0x80000000ul}) {
    EXPECT_EQ(Raw(number), -ENOSYS) << number;
  }
}

TEST(AbiTest, UpperHalfOfNumberIsIgnored) {
  EXPECT_EQ(Raw(0x1234567800000000 | SYS_getpid), getpid());
}

TEST(AbiTest, UpperHalfOfIntArgumentsIsIgnored) {
  const long fd = Raw(SYS_dup, 0x100000000);  // Descriptor 0.
  EXPECT_GT(fd, 2);
  EXPECT_EQ(Raw(SYS_close, 0xabcd00000000 | fd), 0);
}

TEST(AbiTest, ClobbersRcxAndR11Only) {
  const unsigned long pid = getpid();
  unsigned long r[12] = {0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9};
  unsigned long result;
  asm volatile(
      "push %%rbp\n push %%rbx\n"
      "mov %1, %%rax\n"
      "mov 0(%%rax), %%rbx\n mov 8(%%rax), %%rdx\n mov 16(%%rax), %%rsi\n"
      "mov 24(%%rax), %%rdi\n mov 32(%%rax), %%r8\n mov 40(%%rax), %%r9\n"
      "mov 48(%%rax), %%r10\n mov 56(%%rax), %%r12\n mov %%rax, %%r13\n"
      "mov $39, %%eax\n syscall\n"
      "mov %%rbx, 0(%%r13)\n mov %%rdx, 8(%%r13)\n mov %%rsi, 16(%%r13)\n"
      "mov %%rdi, 24(%%r13)\n mov %%r8, 32(%%r13)\n mov %%r9, 40(%%r13)\n"
      "mov %%r10, 48(%%r13)\n mov %%r12, 56(%%r13)\n"
      "pop %%rbx\n pop %%rbp\n"
      : "=a"(result)
      : "r"(r)
      : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
        "memory");
  EXPECT_EQ(result, pid);
  for (unsigned long i = 0; i < 8; ++i) EXPECT_EQ(r[i], i + 1);
}

TEST(AbiTest, RcxHoldsReturnAddressAndR11TheFlags) {
  unsigned long rcx;
  unsigned long r11;
  unsigned long flags;
  unsigned long next;
  asm volatile(
      "pushfq\n pop %2\n"
      "syscall\n"
      "1: lea 1b(%%rip), %3\n"
      "mov %%rcx, %0\n mov %%r11, %1\n"
      : "=&r"(rcx), "=&r"(r11), "=&r"(flags), "=&r"(next)
      : "a"(SYS_getpid)
      : "rcx", "r11", "memory");
  EXPECT_EQ(rcx, next);
  EXPECT_EQ(r11, flags);
}

TEST(AbiTest, FlagsSurvive) {
  unsigned long flags;
  asm volatile(
      "stc\n std\n syscall\n"
      "pushfq\n pop %0\n cld\n"
      : "=&r"(flags)
      : "a"(SYS_getpid)
      : "rcx", "r11", "memory", "cc");
  EXPECT_TRUE(flags & 0x1);    // Carry.
  EXPECT_TRUE(flags & 0x400);  // Direction.
}

TEST(AbiTest, VectorRegistersSurvive) {
  alignas(16) const unsigned char in[16] = {1, 2,  3,  4,  5,  6,  7,  8,
                                            9, 10, 11, 12, 13, 14, 15, 16};
  alignas(16) unsigned char out[16] = {};
  long result;
  asm volatile("movdqa (%2), %%xmm9\n syscall\n movdqa %%xmm9, (%3)\n"
               : "=a"(result)
               : "a"(SYS_getpid), "r"(in), "r"(out)
               : "rcx", "r11", "xmm9", "memory");
  EXPECT_EQ(memcmp(in, out, 16), 0);
}

TEST(AbiTest, FourthArgumentIsInR10) {
  Map map = Map::Private(kPage);
  register unsigned long r10 asm("r10") = 0x32;  // Private, anonymous, fixed.
  register unsigned long r8 asm("r8") = -1;
  register unsigned long r9 asm("r9") = 0;
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(SYS_mmap), "D"(map.data()), "S"(kPage), "d"(3), "r"(r10),
                 "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  EXPECT_EQ(result, reinterpret_cast<long>(map.data()));
}

TEST(AbiTest, RedZoneIsNotTouchedBySignals) {
  struct sigaction action = {};
  action.sa_handler = [](int) {
    volatile char deep[4096];
    for (volatile char& c : deep) c = 0x55;
  };
  sigaction(SIGUSR1, &action, nullptr);
  long result;
  unsigned long kept;
  asm volatile(
      "movq $0x77, -128(%%rsp)\n"
      "syscall\n"
      "movq -128(%%rsp), %1\n"
      : "=a"(result), "=&r"(kept)
      : "a"(SYS_kill), "D"(static_cast<long>(getpid())), "S"(10L)
      : "rcx", "r11", "memory");
  EXPECT_EQ(kept, 0x77u);
  signal(SIGUSR1, SIG_DFL);
}

TEST(AbiTest, BadStackPointerDoesNotDisturbCalls) {
  EXPECT_THAT(RunInChild([] {
                asm volatile(
                    "xor %%esp, %%esp\n"
                    "mov $231, %%eax\n mov $7, %%edi\n syscall\n" ::
                        : "memory");
              }),
              Exited(7));
}

}  // namespace
}  // namespace emu
