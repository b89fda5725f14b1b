// SPDX-License-Identifier: Apache-2.0
//
// The stack of a guest thread, unwound by what its programs' files say of their
// frames (.eh_frame, DWARF), and named by their symbols.

#ifndef EMU_VERIFY_STACK_WALK_H_
#define EMU_VERIFY_STACK_WALK_H_

#include <cstdint>
#include <string>
#include <vector>

namespace emu {

class Task;

struct StackFrame {
  uint64_t address = 0;
  std::string symbol;  // empty: not known
  uint64_t offset = 0;  // in the symbol
  std::string source;  // "file.c:12"; empty: not known
  std::string file;    // that is mapped there; empty: none
  uint64_t file_offset = 0;

  // "main+0x12 (prog.c:7) in /usr/bin/prog".
  std::string ToString() const;
};

// The innermost first; where unwinding fails, what was found until then, at
// least the instruction pointer itself. At most `limit` frames.
std::vector<StackFrame> WalkStack(Task& task, size_t limit);

}  // namespace emu

#endif  // EMU_VERIFY_STACK_WALK_H_
