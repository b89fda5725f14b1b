// SPDX-License-Identifier: Apache-2.0
//
// What surrounds a handler: sigaltstack(2), registers and extended state kept,
// faults turned into signals with their siginfo, sigreturn.

#include <alloca.h>
#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <cstring>

#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

void Install(int sig, void (*handler)(int, siginfo_t*, void*), int flags = 0) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(sig, &action, nullptr);
}

volatile unsigned long entry_flags;
volatile unsigned long entry_frame;

void RecordEntry(int, siginfo_t*, void*) {
  unsigned long flags;
  asm volatile("pushfq\n popq %0" : "=r"(flags));
  entry_flags = flags;
  entry_frame = reinterpret_cast<unsigned long>(__builtin_frame_address(0));
}

sigjmp_buf escape;
siginfo_t fault;

void Escape(int, siginfo_t* info, void*) {
  fault = *info;
  siglongjmp(escape, 1);
}

// Runs body, which must raise the signal; what the handler was told.
template <typename Body>
siginfo_t FaultOf(int sig, Body body) {
  Install(sig, Escape);
  memset(&fault, 0, sizeof(fault));
  if (sigsetjmp(escape, 1) == 0) {
    body();
    ADD_FAILURE() << "no fault";
  }
  signal(sig, SIG_DFL);
  return fault;
}

TEST(SigaltstackTest, HandlerRunsOnIt) {
  static Map stack = Map::Private(16 * kPage);
  static volatile bool inside;
  const stack_t alternate = {stack.data(), 0, stack.size()};
  ASSERT_THAT(sigaltstack(&alternate, nullptr), Succeeds());
  Install(
      SIGUSR1,
      [](int, siginfo_t*, void* context) {
        char here;
        stack_t now;
        sigaltstack(nullptr, &now);
        inside =
            &here >= stack.data() && &here < stack.data() + stack.size() &&
            now.ss_flags == SS_ONSTACK &&
            static_cast<ucontext_t*>(context)->uc_stack.ss_sp == stack.data();
      },
      SA_ONSTACK);
  raise(SIGUSR1);
  EXPECT_TRUE(inside);
  const stack_t off = {nullptr, SS_DISABLE, 0};
  EXPECT_THAT(sigaltstack(&off, nullptr), Succeeds());
  signal(SIGUSR1, SIG_DFL);
}

TEST(SigaltstackTest, IsNotUsedUnlessAsked) {
  static Map stack = Map::Private(16 * kPage);
  static volatile bool inside;
  const stack_t alternate = {stack.data(), 0, stack.size()};
  ASSERT_THAT(sigaltstack(&alternate, nullptr), Succeeds());
  Install(SIGUSR1, [](int, siginfo_t*, void*) {
    char here;
    inside = &here >= stack.data() && &here < stack.data() + stack.size();
  });
  inside = true;
  raise(SIGUSR1);
  EXPECT_FALSE(inside);
  const stack_t off = {nullptr, SS_DISABLE, 0};
  EXPECT_THAT(sigaltstack(&off, nullptr), Succeeds());
  signal(SIGUSR1, SIG_DFL);
}

TEST(SigaltstackTest, StartsDisabledAndReportsWhatWasSet) {
  EXPECT_THAT(RunInChild([] {
                stack_t now;
                CHILD_CHECK(sigaltstack(nullptr, &now) == 0);
                CHILD_CHECK(now.ss_flags == SS_DISABLE);
                static char memory[65536];
                const stack_t stack = {memory, 0, sizeof(memory)};
                CHILD_CHECK(sigaltstack(&stack, nullptr) == 0);
                CHILD_CHECK(sigaltstack(nullptr, &now) == 0);
                CHILD_CHECK(now.ss_sp == memory && now.ss_flags == 0 &&
                            now.ss_size == sizeof(memory));
              }),
              Exited(0));
}

TEST(SigaltstackTest, RejectsBadArguments) {
  static char memory[65536];
  stack_t stack = {memory, 0, 100};
  EXPECT_THAT(sigaltstack(&stack, nullptr), FailsWith(ENOMEM));
  stack = {memory, 0x100, sizeof(memory)};
  EXPECT_THAT(sigaltstack(&stack, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sigaltstack, BadAddress(), nullptr),
              FailsWith(EFAULT));
}

TEST(SigaltstackTest, CannotChangeWhileRunningOnIt) {
  EXPECT_THAT(
      RunInChild([] {
        static char memory[65536];
        const stack_t stack = {memory, 0, sizeof(memory)};
        CHILD_CHECK(sigaltstack(&stack, nullptr) == 0);
        Install(
            SIGUSR1,
            [](int, siginfo_t*, void*) {
              const stack_t off = {nullptr, SS_DISABLE, 0};
              CHILD_CHECK(sigaltstack(&off, nullptr) == -1 && errno == EPERM);
            },
            SA_ONSTACK);
        raise(SIGUSR1);
      }),
      Exited(0));
}

TEST(SigaltstackTest, CatchesStackOverflow) {
  EXPECT_THAT(RunInChild([] {
                static char memory[65536];
                const stack_t stack = {memory, 0, sizeof(memory)};
                CHILD_CHECK(sigaltstack(&stack, nullptr) == 0);
                Install(
                    SIGSEGV, [](int, siginfo_t*, void*) { _exit(7); },
                    SA_ONSTACK);
                for (;;) *static_cast<volatile char*>(alloca(1024)) = 1;
              }),
              Exited(7));
}

TEST(SigaltstackTest, OverflowWithoutStackForHandlerKills) {
  EXPECT_THAT(RunInChild([] {
                Install(SIGSEGV, [](int, siginfo_t*, void*) { _exit(7); });
                // A stack pointer in unmapped memory: no frame can be pushed.
                asm volatile("movq $4096, %rsp\n pushq %rax");
              }),
              KilledBy(SIGSEGV));
}

TEST(SignalStateTest, GeneralRegistersSurvive) {
  Install(SIGUSR1, [](int, siginfo_t*, void*) {
    asm volatile("" ::: "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r12");
  });
  unsigned long rbx = 0x1111;
  unsigned long r12 = 0x2222;
  unsigned long r15 = 0x3333;
  long result;
  const long pid = getpid();
  asm volatile(
      "movq %1, %%rbx\n movq %2, %%r12\n movq %3, %%r15\n"
      "syscall\n"
      "movq %%rbx, %1\n movq %%r12, %2\n movq %%r15, %3\n"
      : "=a"(result), "+m"(rbx), "+m"(r12), "+m"(r15)
      : "a"(SYS_kill), "D"(pid), "S"(SIGUSR1)
      : "rbx", "r12", "r15", "rcx", "r11", "memory");
  EXPECT_EQ(result, 0);
  EXPECT_EQ(rbx, 0x1111u);
  EXPECT_EQ(r12, 0x2222u);
  EXPECT_EQ(r15, 0x3333u);
  signal(SIGUSR1, SIG_DFL);
}

TEST(SignalStateTest, VectorRegistersSurvive) {
  Install(SIGUSR1, [](int, siginfo_t*, void*) {
    asm volatile("pxor %%xmm0, %%xmm0\n pcmpeqd %%xmm15, %%xmm15" ::
                     : "xmm0", "xmm15");
  });
  alignas(16) const unsigned char in[32] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  alignas(16) unsigned char out[32] = {};
  long result;
  asm volatile(
      "movdqa (%4), %%xmm0\n movdqa 16(%4), %%xmm15\n"
      "syscall\n"
      "movdqa %%xmm0, (%5)\n movdqa %%xmm15, 16(%5)\n"
      : "=a"(result)
      : "a"(SYS_kill), "D"(static_cast<long>(getpid())), "S"(SIGUSR1), "r"(in),
        "r"(out)
      : "rcx", "r11", "xmm0", "xmm15", "memory");
  EXPECT_EQ(memcmp(in, out, sizeof(in)), 0);
  signal(SIGUSR1, SIG_DFL);
}

TEST(SignalStateTest, UpperHalvesOfAvxRegistersSurvive) {
  ASSERT_TRUE(__builtin_cpu_supports("avx"));
  Install(SIGUSR1, [](int, siginfo_t*, void*) {
    asm volatile("vzeroall" ::: "xmm0", "xmm15");
  });
  alignas(32) unsigned char in[32];
  for (int i = 0; i < 32; ++i) in[i] = static_cast<unsigned char>(i + 1);
  alignas(32) unsigned char out[32] = {};
  long result;
  asm volatile(
      "vmovdqa (%4), %%ymm7\n"
      "syscall\n"
      "vmovdqa %%ymm7, (%5)\n vzeroupper\n"
      : "=a"(result)
      : "a"(SYS_kill), "D"(static_cast<long>(getpid())), "S"(SIGUSR1), "r"(in),
        "r"(out)
      : "rcx", "r11", "xmm7", "memory");
  EXPECT_EQ(memcmp(in, out, sizeof(in)), 0);
  signal(SIGUSR1, SIG_DFL);
}

TEST(SignalStateTest, HandlerStartsWithCleanDirectionFlagAndAlignedStack) {
  Install(SIGUSR1, RecordEntry);
  long result;
  asm volatile("std\n syscall\n cld"
               : "=a"(result)
               : "a"(SYS_kill), "D"(static_cast<long>(getpid())), "S"(SIGUSR1)
               : "rcx", "r11", "memory", "cc");
  EXPECT_EQ(entry_flags & 0x400, 0u);
  EXPECT_EQ(entry_frame % 16, 0u);
  signal(SIGUSR1, SIG_DFL);
}

TEST(SignalStateTest, HandlerMayChangeRegistersThroughContext) {
  Install(SIGUSR1, [](int, siginfo_t*, void* context) {
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RAX] = 1234;
  });
  long result;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(SYS_kill), "D"(static_cast<long>(getpid())), "S"(SIGUSR1)
               : "rcx", "r11", "memory");
  EXPECT_EQ(result, 1234);
  signal(SIGUSR1, SIG_DFL);
}

TEST(SignalStateTest, ContextCarriesExtendedStateWithMagic) {
  static volatile unsigned magic;
  Install(SIGUSR1, [](int, siginfo_t*, void* context) {
    const auto* fp = reinterpret_cast<const char*>(
        static_cast<ucontext_t*>(context)->uc_mcontext.fpregs);
    unsigned value;
    memcpy(&value, fp + 464, sizeof(value));  // sw_reserved.magic1
    magic = value;
  });
  raise(SIGUSR1);
  EXPECT_EQ(magic, 0x46505853u);  // FP_XSTATE_MAGIC1
  signal(SIGUSR1, SIG_DFL);
}

TEST(FaultTest, UnmappedAddressIsMaperr) {
  const siginfo_t info =
      FaultOf(SIGSEGV, [] { *static_cast<volatile char*>(BadAddress()) = 1; });
  EXPECT_EQ(info.si_code, SEGV_MAPERR);
  EXPECT_EQ(info.si_addr, BadAddress());
}

TEST(FaultTest, ProtectedAddressIsAccerr) {
  Map map = Map::Private(kPage, PROT_READ);
  const siginfo_t info =
      FaultOf(SIGSEGV, [&] { static_cast<volatile char&>(map[100]) = 1; });
  EXPECT_EQ(info.si_code, SEGV_ACCERR);
  EXPECT_EQ(info.si_addr, map.data() + 100);
}

TEST(FaultTest, NonCanonicalAddressIsFromKernelWithoutAddress) {
  const siginfo_t info = FaultOf(SIGSEGV, [] {
    *reinterpret_cast<volatile char*>(0x8000000000000000) = 1;
  });
  EXPECT_EQ(info.si_code, SI_KERNEL);
  EXPECT_EQ(info.si_addr, nullptr);
}

TEST(FaultTest, DivisionByZeroIsSigfpe) {
  const siginfo_t info = FaultOf(SIGFPE, [] {
    asm volatile("xorl %%ecx, %%ecx\n movl $1, %%eax\n cltd\n idivl %%ecx" ::
                     : "rax", "rcx", "rdx");
  });
  EXPECT_EQ(info.si_code, FPE_INTDIV);
}

TEST(FaultTest, InvalidInstructionIsSigill) {
  const siginfo_t info = FaultOf(SIGILL, [] { asm volatile("ud2"); });
  EXPECT_EQ(info.si_code, ILL_ILLOPN);
}

TEST(FaultTest, BreakpointIsSigtrap) {
  const siginfo_t info = FaultOf(SIGTRAP, [] { asm volatile("int3"); });
  EXPECT_EQ(info.si_code, SI_KERNEL);
}

TEST(FaultTest, PrivilegedInstructionIsSigsegv) {
  const siginfo_t info = FaultOf(SIGSEGV, [] { asm volatile("hlt"); });
  EXPECT_EQ(info.si_code, SI_KERNEL);
}

TEST(FaultTest, BlockedFaultKills) {
  EXPECT_THAT(RunInChild([] {
                Install(SIGSEGV, Escape);
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGSEGV);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                *static_cast<volatile char*>(BadAddress()) = 1;
              }),
              KilledBy(SIGSEGV));
}

TEST(FaultTest, IgnoredFaultKills) {
  EXPECT_THAT(RunInChild([] {
                signal(SIGSEGV, SIG_IGN);
                *static_cast<volatile char*>(BadAddress()) = 1;
              }),
              KilledBy(SIGSEGV));
}

}  // namespace
}  // namespace emu
