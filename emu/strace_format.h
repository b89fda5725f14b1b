// SPDX-License-Identifier: Apache-2.0
//
// A system call's text, as strace(1) prints it. What the arguments mean comes
// from the call's row (kernel/syscalls/table.inc), and from
// emu/strace_arguments.inc where the row's types say too little.

#ifndef EMU_STRACE_FORMAT_H_
#define EMU_STRACE_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "arch/user_ptr.h"
#include "kernel/syscall.h"

namespace emu {

// Copies `n` bytes of guest memory; how many are there.
using GuestReader =
    absl::FunctionRef<size_t(void* to, GuestAddr from, size_t n)>;

struct TracedCall {
  const SyscallEntry* entry = nullptr;  // null: no such call
  uint64_t number = 0;
  std::array<uint64_t, 6> args = {};
};

// The call up to the first argument that it fills in itself: "read(3, ".
// `printed` is how many arguments that was.
std::string FormatEnter(const TracedCall& call, GuestReader memory,
                        int* printed);

// What follows, from argument `printed` on: "\"abc\", 832) = 3".
std::string FormatExit(const TracedCall& call, int printed, int64_t result,
                       GuestReader memory);

// "SIGINT".
std::string SignalName(int signo);

}  // namespace emu

#endif  // EMU_STRACE_FORMAT_H_
