// SPDX-License-Identifier: Apache-2.0
//
// execve(2): a task becomes another program. Used by the calls of that name and
// by the kernel to start the first program.

#ifndef KERNEL_MM_EXEC_H_
#define KERNEL_MM_EXEC_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/result.h"
#include "kernel/fs/file_description.h"
#include "kernel/fs/path.h"

namespace emu {

class Task;

struct ExecRequest {
  // The program, as OpenProgram finds it.
  Path start;
  std::string path;
  // What the program is called in AT_EXECFN and, for a script, on its
  // interpreter's command line: `path` when empty.
  std::string name = "";
  // The name is one of a descriptor that the new program will not have.
  bool name_is_closed = false;
  std::vector<std::string> argv = {};
  std::vector<std::string> envp = {};
};

// Opens the file `path`, walked from `start` (empty: the task's directory), to
// be executed. ENOENT, EACCES, ETXTBSY and what a walk can say.
Result<FileRef> OpenProgram(Task& task, const Path& start,
                            absl::string_view path,
                            const ResolveFlags& flags = {});

// Everything that can fail comes first and leaves the task as it was: the
// errors are execve(2)'s. Then the task is alone in its process, has the
// leader's id and a new memory map and Cpu, at the program's entry. Also for a
// task that has no memory map and Cpu yet.
Result<> Exec(Task& task, const ExecRequest& request);
// The same for a program that is open already.
Result<> ExecFile(Task& task, const FileRef& program,
                  const ExecRequest& request);

}  // namespace emu

#endif  // KERNEL_MM_EXEC_H_
