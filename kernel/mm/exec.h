// SPDX-License-Identifier: Apache-2.0
//
// execve(2): a task becomes another program. Used by the calls of that name and
// by the kernel to start the first program.

#ifndef KERNEL_MM_EXEC_H_
#define KERNEL_MM_EXEC_H_

#include <string>
#include <vector>

#include "arch/result.h"
#include "kernel/fs/path.h"

namespace emu {

class Task;

struct ExecRequest {
  // The program: `path`, walked from `start` (empty: the task's directory).
  Path start;
  std::string path;
  bool follow_last = true;   // not: AT_SYMLINK_NOFOLLOW
  bool allow_empty = false;  // AT_EMPTY_PATH: "" is `start` itself
  // What the program is called in AT_EXECFN and, for a script, on its
  // interpreter's command line: `path` when empty.
  std::string name;
  std::vector<std::string> argv;
  std::vector<std::string> envp;
};

// Everything that can fail comes first and leaves the task as it was: the
// errors are execve(2)'s. Then the task is alone in its process, has the
// leader's id and a new memory map and Cpu, at the program's entry. Also for a
// task that has no memory map and Cpu yet.
Result<> Exec(Task& task, const ExecRequest& request);

}  // namespace emu

#endif  // KERNEL_MM_EXEC_H_
