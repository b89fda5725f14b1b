// SPDX-License-Identifier: Apache-2.0
//
// What a new program finds on its stack: arguments, environment and the
// auxiliary vector, as the ABI has them.

#ifndef KERNEL_MM_EXEC_STACK_H_
#define KERNEL_MM_EXEC_STACK_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/mm/memory_map.h"

namespace emu {

struct StackContents {
  std::vector<std::string> argv;
  std::vector<std::string> envp;
  std::string name;      // AT_EXECFN's
  std::string platform;  // AT_PLATFORM's
  std::string random;    // AT_RANDOM's 16 bytes
  // The auxiliary vector without AT_EXECFN, AT_PLATFORM, AT_RANDOM, AT_NULL.
  std::vector<std::pair<uint64_t, uint64_t>> auxv;
};

inline constexpr uint64_t kLongestArgument = 32 * kPageSize;  // with its NUL
// How many bytes all arguments may take together with the pointers to them.
uint64_t ArgumentRoom(uint64_t stack_limit);
// E2BIG.
Result<> CheckArguments(const std::vector<std::string>& argv,
                        const std::vector<std::string>& envp,
                        const std::string& name, uint64_t stack_limit);

// Maps a stack whose end is `top`, writes the contents to it, notes in the
// map's layout where they are, and returns the stack pointer to start with.
// ENOMEM.
Result<GuestAddr> BuildStack(MemoryMap& mm, GuestAddr top, bool executable,
                             const StackContents& contents);

}  // namespace emu

#endif  // KERNEL_MM_EXEC_STACK_H_
