// SPDX-License-Identifier: Apache-2.0
//
// The calls that every guest system call needs allocate nothing: this program's
// operator new counts.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

#include "arch/ptrace/isa/registers.h"
#include "arch/ptrace/isa/user_area.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/register_set.h"
#include "arch/ptrace/sysemu.h"
#include "arch/ptrace/test_tracee.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "gtest/gtest.h"

namespace {

size_t allocations = 0;

}  // namespace

void* operator new(size_t size) {
  ++allocations;
  void* p = malloc(size);
  if (p == nullptr) abort();
  return p;
}
void operator delete(void* p) noexcept { free(p); }
void operator delete(void* p, size_t) noexcept { free(p); }

namespace emu::ptrace {
namespace {

TEST(AllocationTest, ServingASystemCallAllocatesNothing) {
  Tracee tracee = Tracee::Seize([] {
    RawSyscall(0);
    return 0;
  });
  const Tid tid = tracee.tid();
  GeneralRegisters::Regs regs;
  const size_t before = allocations;
  const bool served =
      sysemu(tid).ok() && wait_tracee(tid)->As<SyscallStop>() != nullptr &&
      syscall_info(tid).ok() && getregs(tid, &regs).ok() &&
      setregs(tid, regs).ok() && getregset<GeneralRegisters>(tid, &regs).ok() &&
      read_user(tid, user_offset::rax).ok() &&
      write_user(tid, user_offset::rax, 0).ok() &&
      read(tid, reinterpret_cast<uintptr_t>(&regs)).ok() &&
      cont(tid, std::nullopt).ok();
  EXPECT_EQ(allocations, before);
  EXPECT_TRUE(served);
}

}  // namespace
}  // namespace emu::ptrace
