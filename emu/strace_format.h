// SPDX-License-Identifier: Apache-2.0
//
// A system call's text, as strace(1) prints it. What the arguments mean comes
// from the call's row (kernel/syscalls/table.inc), and from
// emu/strace_arguments.inc where the row's types say too little.

#ifndef EMU_STRACE_FORMAT_H_
#define EMU_STRACE_FORMAT_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "arch/user_ptr.h"
#include "emu/strace_values.h"
#include "kernel/syscall.h"

namespace emu {

struct TracedCall {
  const SyscallEntry* entry = nullptr;  // null: no such call
  uint64_t number = 0;
  std::array<uint64_t, 6> args = {};
};

// "read", "syscall_0x1ff".
std::string CallName(const TracedCall& call);

// Numbers that were where an argument points before the call stored others: a
// length, an offset, a time. By argument.
using GivenNumbers = std::array<std::vector<uint64_t>, 6>;

// A call as it is printed when it is made: up to the first argument that it
// fills in itself, "read(3, ".
struct EnterText {
  std::string text;
  int printed = 0;        // arguments in it
  bool complete = false;  // all of them
  GivenNumbers given = {};  // those that are known
};
EnterText FormatEnter(const TracedCall& call, GuestReader memory);

// What follows the text of `enter`: "\"abc\", 832)" and "3".
struct ExitText {
  std::string arguments;
  std::string result;
};
ExitText FormatExit(const TracedCall& call, const EnterText& enter,
                    int64_t result, GuestReader memory);

}  // namespace emu

#endif  // EMU_STRACE_FORMAT_H_
