// SPDX-License-Identifier: Apache-2.0
//
// Programs that crash, in every way there is: the signal that ends them.

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <ostream>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

// Code that is executed as it stands: what it leads to.
struct Crash {
  const char* name;
  std::vector<uint8_t> code;
  int signal;
};

void PrintTo(const Crash& crash, std::ostream* out) { *out << crash.name; }

class CrashCodeTest : public testing::TestWithParam<Crash> {};

// At the end of a page behind which there is none.
[[noreturn]] void Execute(const std::vector<uint8_t>& code) {
  GuardedMap page;
  mprotect(page.data(), kPage, PROT_READ | PROT_WRITE | PROT_EXEC);
  char* at = page.end(code.size());
  memcpy(at, code.data(), code.size());
  reinterpret_cast<void (*)()>(at)();
  _exit(0);
}

TEST_P(CrashCodeTest, EndsTheProgramByItsSignal) {
  EXPECT_THAT(RunInChild([] { Execute(GetParam().code); }),
              KilledBy(GetParam().signal));
}

constexpr uint8_t kGetpid = SYS_getpid;

INSTANTIATE_TEST_SUITE_P(
    , CrashCodeTest,
    testing::Values(
        // mov %al, 0
        Crash{"WriteToNull", {0x88, 0x04, 0x25, 0, 0, 0, 0}, SIGSEGV},
        Crash{"ReadOfNull", {0x8a, 0x04, 0x25, 0, 0, 0, 0}, SIGSEGV},
        // xor %eax, %eax; jmp *%rax
        Crash{"JumpToNull", {0x31, 0xc0, 0xff, 0xe0}, SIGSEGV},
        // mov $1 << 63, %rax; jmp *%rax
        Crash{"JumpToTheKernel",
              {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0xe0},
              SIGSEGV},
        // mov $-4096, %rax; call *%rax
        Crash{"CallOfTheLastPage",
              {0x48, 0xc7, 0xc0, 0x00, 0xf0, 0xff, 0xff, 0xff, 0xd0},
              SIGSEGV},
        Crash{"Nothing", {0x90}, SIGSEGV},
        // xor %esp, %esp; push %rax
        Crash{"PushWithoutStack", {0x31, 0xe4, 0x50}, SIGSEGV},
        // push %rax; jmp to it
        Crash{"EndlessPush", {0x50, 0xeb, 0xfd}, SIGSEGV},
        Crash{"Ud2", {0x0f, 0x0b}, SIGILL},
        Crash{"Ud1", {0x0f, 0xb9, 0xc0}, SIGILL},
        Crash{"InvalidIn64Bit", {0x06}, SIGILL},
        Crash{"LockOfARegister", {0xf0, 0x01, 0xc0}, SIGILL},
        // Sixteen bytes.
        Crash{"TooLong",
              {0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
               0x66, 0x66, 0x66, 0x66, 0x90},
              SIGSEGV},
        // xor %ecx, %ecx; div %ecx
        Crash{"DivisionByZero", {0x31, 0xc9, 0xf7, 0xf1}, SIGFPE},
        // mov $1, %edx; mov $1, %ecx; div %ecx
        Crash{"DivisionThatOverflows",
              {0xba, 1, 0, 0, 0, 0xb9, 1, 0, 0, 0, 0xf7, 0xf1},
              SIGFPE},
        Crash{"Int3", {0xcc}, SIGTRAP},
        Crash{"Int3InTwoBytes", {0xcd, 0x03}, SIGTRAP},
        Crash{"Icebp", {0xf1}, SIGTRAP},
        Crash{"Int1", {0xcd, 0x01}, SIGSEGV},
        Crash{"Int4", {0xcd, 0x04}, SIGSEGV},
        Crash{"Int32", {0xcd, 0x20}, SIGSEGV},
        Crash{"Int255", {0xcd, 0xff}, SIGSEGV},
        Crash{"Hlt", {0xf4}, SIGSEGV},
        Crash{"Cli", {0xfa}, SIGSEGV},
        Crash{"In", {0xec}, SIGSEGV},
        Crash{"Out", {0xee}, SIGSEGV},
        Crash{"Wrmsr", {0x0f, 0x30}, SIGSEGV},
        Crash{"Rdmsr", {0x0f, 0x32}, SIGSEGV},
        Crash{"Sysret", {0x0f, 0x07}, SIGSEGV},
        Crash{"Swapgs", {0x0f, 0x01, 0xf8}, SIGSEGV},
        // lgdt 0(%rax)
        Crash{"Lgdt", {0x0f, 0x01, 0x10}, SIGSEGV},
        // mov %rax, %cr3
        Crash{"MovToCr3", {0x0f, 0x22, 0xd8}, SIGSEGV},
        // mov $0xff, %eax; mov %ax, %ss
        Crash{"LoadOfSs", {0xb8, 0xff, 0, 0, 0, 0x8e, 0xd0}, SIGSEGV},
        // pushfq; or $1 << 8, (%rsp); popfq; nop
        Crash{"TrapFlag",
              {0x9c, 0x48, 0x81, 0x0c, 0x24, 0x00, 0x01, 0, 0, 0x9d, 0x90},
              SIGTRAP},
        // movaps 1(%rsp), %xmm0
        Crash{"MisalignedVector", {0x0f, 0x28, 0x44, 0x24, 0x01}, SIGSEGV},
        // A call that returns to where nothing is: mov $n, %eax; syscall
        Crash{"SyscallAtTheLastBytes",
              {0xb8, kGetpid, 0, 0, 0, 0x0f, 0x05},
              SIGSEGV}),
    [](const auto& info) { return info.param.name; });

TEST(CrashTest, BehindTheEndOfAFile) {
  EXPECT_THAT(RunInChild([] {
                const int fd = memfd_create("short", 0);
                if (ftruncate(fd, 1) != 0) _exit(1);
                const Map map = Map::Of(fd, 2 * kPage);
                map[kPage] = 1;
              }),
              KilledBy(SIGBUS));
}

__attribute__((noinline)) int Recurse(volatile char* before) {
  volatile char frame[4096];
  frame[0] = before == nullptr ? 0 : before[0];
  return Recurse(frame) + frame[0];
}

TEST(CrashTest, StackOverflow) {
  EXPECT_THAT(RunInChild([] { _exit(Recurse(nullptr)); }), KilledBy(SIGSEGV));
}

}  // namespace
}  // namespace emu
