// SPDX-License-Identifier: Apache-2.0
//
// Faults as signals, in detail: what siginfo and the context tell, and handlers
// that repair the cause and go on.

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

sigjmp_buf escape;
siginfo_t fault;
greg_t registers[NGREG];

void Escape(int, siginfo_t* info, void* context) {
  fault = *info;
  memcpy(registers, static_cast<ucontext_t*>(context)->uc_mcontext.gregs,
         sizeof(registers));
  siglongjmp(escape, 1);
}

void Install(int sig, void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(sig, &action, nullptr);
}

class FaultTest : public TempDirTest {
 protected:
  ~FaultTest() override {
    for (const int sig : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) {
      signal(sig, SIG_DFL);
    }
  }

  // Runs body, which must raise the signal.
  template <typename Body>
  void Catch(int sig, Body body) {
    Install(sig, Escape);
    fault = {};
    if (sigsetjmp(escape, 1) != 0) return;
    body();
    ADD_FAILURE() << "no fault";
  }
};

TEST_F(FaultTest, MappingBeyondEndOfFileIsBusError) {
  const Fd fd = OpenWith("file", "hello");
  Map map = Map::Of(fd, 2 * kPage);
  Catch(SIGBUS, [&] { static_cast<volatile char&>(map[kPage + 5]) = 1; });
  EXPECT_EQ(fault.si_code, BUS_ADRERR);
  EXPECT_EQ(fault.si_addr, map.data() + kPage + 5);
}

TEST_F(FaultTest, MisalignedAccessIsBusErrorWhenChecked) {
  alignas(8) static char memory[16];
  EXPECT_THAT(RunInChild([] {
                Install(SIGBUS, [](int, siginfo_t* info, void*) {
                  _exit(info->si_code);
                });
                asm volatile(
                    "pushfq\n orl $0x40000, (%%rsp)\n popfq\n"
                    "movl 1(%0), %%eax\n" ::"r"(memory)
                    : "eax", "memory", "cc");
              }),
              Exited(BUS_ADRALN));
}

TEST_F(FaultTest, ContextTellsAddressAndKindOfAccess) {
  Map map = Map::Private(kPage, PROT_READ);
  Catch(SIGSEGV, [&] { static_cast<volatile char&>(map[7]) = 1; });
  EXPECT_EQ(registers[REG_CR2], reinterpret_cast<greg_t>(map.data() + 7));
  EXPECT_EQ(registers[REG_TRAPNO], 14);
  EXPECT_EQ(registers[REG_ERR] & 0x6, 0x6);  // A write, by the user.
  Catch(SIGSEGV, [] { *static_cast<volatile char*>(BadAddress()); });
  EXPECT_EQ(registers[REG_ERR] & 0x6, 0x4);  // A read.
}

TEST_F(FaultTest, ExecutingWhatMayNotBeExecutedFaultsAtItself) {
  Map map = Map::Private(kPage);
  map[0] = static_cast<char>(0xc3);
  Catch(SIGSEGV, [&] { reinterpret_cast<void (*)()>(map.data())(); });
  EXPECT_EQ(fault.si_code, SEGV_ACCERR);
  EXPECT_EQ(fault.si_addr, map.data());
  EXPECT_EQ(registers[REG_RIP], reinterpret_cast<greg_t>(map.data()));
}

TEST_F(FaultTest, JumpToNowhereFaultsThere) {
  Catch(SIGSEGV, [] { reinterpret_cast<void (*)()>(BadAddress())(); });
  EXPECT_EQ(fault.si_code, SEGV_MAPERR);
  EXPECT_EQ(registers[REG_RIP], reinterpret_cast<greg_t>(BadAddress()));
}

TEST_F(FaultTest, FloatingPointDivisionRaisesWhenUnmasked) {
  Catch(SIGFPE, [] {
    unsigned control;
    asm volatile("stmxcsr %0" : "=m"(control));
    control &= ~0x200u;  // Division by zero.
    asm volatile("ldmxcsr %0" ::"m"(control));
    volatile double zero = 0;
    volatile double one = 1;
    one = one / zero;
  });
  EXPECT_EQ(fault.si_code, FPE_FLTDIV);
  const unsigned usual = 0x1f80;
  asm volatile("ldmxcsr %0" ::"m"(usual));
}

TEST_F(FaultTest, TrapFlagRaisesAfterOneInstruction) {
  Catch(SIGTRAP, [] {
    asm volatile("pushfq\n orl $0x100, (%%rsp)\n popfq\n nop\n nop\n" ::
                     : "memory", "cc");
  });
  EXPECT_EQ(fault.si_code, TRAP_TRACE);
}

TEST_F(FaultTest, BreakpointContinuesBehindItself) {
  static volatile int count;
  count = 0;
  Install(SIGTRAP, [](int, siginfo_t*, void*) { count = count + 1; });
  asm volatile("int3");
  EXPECT_EQ(count, 1);
}

TEST_F(FaultTest, HandlerMayMakeTheAddressGoodAndReturn) {
  static Map map;
  map = Map::Private(kPage, PROT_NONE);
  Install(SIGSEGV, [](int, siginfo_t*, void*) {
    mprotect(map.data(), kPage, PROT_READ | PROT_WRITE);
  });
  static_cast<volatile char&>(map[3]) = 'x';
  EXPECT_EQ(map[3], 'x');
  map.Reset();
}

TEST_F(FaultTest, HandlerMayMapTheMissingPage) {
  static Map map;
  map = Map::Private(kPage);
  munmap(map.data(), kPage);
  Install(SIGSEGV, [](int, siginfo_t* info, void*) {
    void* page = reinterpret_cast<void*>(
        reinterpret_cast<uintptr_t>(info->si_addr) & ~(kPage - 1));
    mmap(page, kPage, PROT_READ | PROT_WRITE,
         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  });
  EXPECT_EQ(static_cast<volatile char&>(map[100]), 0);
  map.Reset();
}

TEST_F(FaultTest, HandlerMaySkipTheInstruction) {
  Install(SIGILL, [](int, siginfo_t*, void* context) {
    static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP] += 2;
  });
  int reached = 0;
  asm volatile("ud2\n movl $1, %0" : "=r"(reached));
  EXPECT_EQ(reached, 1);
}

TEST_F(FaultTest, TruncationUnderMappingIsSeenByReaderInAnotherProcess) {
  const Fd fd = OpenWith("file", std::string(2 * kPage, 'x'));
  Map map = Map::Of(fd, 2 * kPage);
  Pipe start;
  Child child([&] {
    CHILD_CHECK(map[kPage] == 'x');
    char c;
    CHILD_CHECK(read(start.read, &c, 1) == 1);
    CHILD_CHECK(static_cast<volatile char&>(map[kPage]) == 0);
  });
  ASSERT_THAT(ftruncate(fd, kPage), Succeeds());
  ASSERT_THAT(write(start.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), KilledBy(SIGBUS));
}

TEST_F(FaultTest, CopiesByTheKernelFailWithoutSignal) {
  Map map = Map::Private(kPage, PROT_NONE);
  Pipe pipe;
  EXPECT_THAT(write(pipe.write, map.data(), 1), FailsWith(EFAULT));
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(read(fd, map.data(), 1), FailsWith(EFAULT));
}

TEST_F(FaultTest, FaultInHandlerOfTheSameSignalKills) {
  EXPECT_THAT(RunInChild([] {
                Install(SIGSEGV, [](int, siginfo_t*, void*) {
                  *static_cast<volatile char*>(BadAddress()) = 1;
                });
                *static_cast<volatile char*>(BadAddress()) = 1;
              }),
              KilledBy(SIGSEGV));
}

TEST_F(FaultTest, SigreturnWithBrokenFrameKills) {
  EXPECT_THAT(RunInChild([] {
                asm volatile("xor %%esp, %%esp\n mov $15, %%eax\n syscall" ::
                                 : "memory");
              }),
              KilledBy(SIGSEGV));
}

}  // namespace
}  // namespace emu
