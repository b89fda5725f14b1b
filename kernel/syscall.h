// SPDX-License-Identifier: Apache-2.0
//
// The system calls. syscalls/table.inc has one row for each; from it come the
// handlers' prototypes here, and the dispatch entries and traces' argument names
// in syscall.cc.

#ifndef KERNEL_SYSCALL_H_
#define KERNEL_SYSCALL_H_

#include <sys/types.h>

#include <array>
#include <cstdint>

#include "arch/machine.h"
#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/syscalls/types.h"

namespace emu {

class Task;

struct SyscallEntry {
  enum class Kind { kServed, kPartial, kRefused };
  const char* name;
  Kind kind;
  // kPartial: what is missing; kRefused: why.
  const char* note;
  // The handler's parameters as the table spells them: "Fd fd, size_t count".
  const char* parameters;
  const char* result;  // its type, likewise
  int error;           // kRefused's answer
  Result<int64_t> (*call)(Task&, const std::array<uint64_t, 6>&);
};

// The entry for a number of this ISA; null when there is none.
const SyscallEntry* FindSyscall(uint64_t number);
// All entries there are, by number; null where there is none.
inline constexpr uint64_t kSyscallNumbers = 512;

// Serves the call that `task` stopped for. The task may be parked, stopped or
// gone afterwards.
void BeginSyscall(Task& task, const Stop& stop);
// Runs a parked task's call again, now that it woke.
void ResumeSyscall(Task& task);

#define SYSCALL(name, result, ...) \
  Result<result> sys_##name(Task& task __VA_OPT__(, ) __VA_ARGS__);
#define PARTIAL(name, missing, result, ...) \
  SYSCALL(name, result __VA_OPT__(, ) __VA_ARGS__)
#define REFUSED(name, error, why)
#include "kernel/syscalls/table.inc"
#undef SYSCALL
#undef PARTIAL
#undef REFUSED

}  // namespace emu

#endif  // KERNEL_SYSCALL_H_
