// SPDX-License-Identifier: Apache-2.0
//
// What /proc/PID and /proc/PID/task/TID show of a task: the table of their
// files and the texts in them.

#ifndef KERNEL_PROCFS_TASK_FILES_H_
#define KERNEL_PROCFS_TASK_FILES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/result.h"

namespace emu {

class Task;

// One such file. `generate` is given the reader and the task that the file is
// about, whose process may be a zombie.
struct TaskFile {
  enum class Where { kBoth, kProcess, kThread };
  enum class Who {
    kPermitted,  // by the permission bits
    kInspector,  // who may inspect the task: EACCES when opening
  };
  const char* name;
  uint32_t mode;
  Where where;
  Who who;
  Result<std::string> (*generate)(Task& reader, Task& target);
  Result<> (*store)(Task& writer, Task& target, absl::string_view text);
};

absl::Span<const TaskFile> TaskFiles();

// task_status.cc
Result<std::string> TaskStat(Task& reader, Task& target);
Result<std::string> TaskStatus(Task& reader, Task& target);
Result<std::string> TaskStatm(Task& reader, Task& target);

// task_memory.cc
Result<std::string> TaskMaps(Task& reader, Task& target);
Result<std::string> TaskSmaps(Task& reader, Task& target);
Result<std::string> TaskSmapsRollup(Task& reader, Task& target);
Result<std::string> TaskNumaMaps(Task& reader, Task& target);
Result<std::string> TaskCmdline(Task& reader, Task& target);
Result<std::string> TaskEnviron(Task& reader, Task& target);
Result<std::string> TaskAuxv(Task& reader, Task& target);

// mount_files.cc
Result<std::string> TaskMounts(Task& reader, Task& target);
Result<std::string> TaskMountinfo(Task& reader, Task& target);
Result<std::string> TaskMountstats(Task& reader, Task& target);

}  // namespace emu

#endif  // KERNEL_PROCFS_TASK_FILES_H_
