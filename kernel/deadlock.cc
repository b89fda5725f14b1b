// SPDX-License-Identifier: Apache-2.0

#include "kernel/deadlock.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

// The call with its arguments, named as the table names them.
std::string DescribeCall(const PendingSyscall& call) {
  if (call.entry == nullptr) return absl::StrCat("syscall_", call.number);
  const std::vector<std::string> parameters =
      absl::StrSplit(call.entry->parameters, ", ", absl::SkipEmpty());
  std::string text = absl::StrCat(call.entry->name, "(");
  for (size_t i = 0; i < parameters.size() && i < call.args.size(); ++i) {
    const bool number = absl::StartsWith(parameters[i], "Fd ") ||
                        absl::StartsWith(parameters[i], "int ") ||
                        absl::StartsWith(parameters[i], "Pid ");
    absl::StrAppend(&text, i > 0 ? ", " : "",
                    number
                        ? absl::StrCat(static_cast<int32_t>(call.args[i]))
                        : absl::StrFormat("0x%x", call.args[i]));
  }
  return text + ")";
}

// The descriptors of the task whose queues it waits on, by what they are.
std::string DescribeObjects(Task& task) {
  const std::vector<const WaitQueue*> queues = task.WaitsOn();
  std::string text;
  for (int fd = 0; task.files != nullptr && fd < task.files->size(); ++fd) {
    FileDescription* file = task.files->Peek(Fd{fd});
    if (file == nullptr || file->wait_queue() == nullptr) continue;
    if (std::find(queues.begin(), queues.end(), file->wait_queue()) ==
        queues.end()) {
      continue;
    }
    absl::StrAppend(&text, text.empty() ? " on " : ", ", "descriptor ", fd,
                    " (", file->Describe(task.fs->root), ")");
  }
  return text;
}

std::string DescribeTask(Task& task) {
  std::string text = absl::StrFormat("  %s[%d/%d]: ", task.comm,
                                     task.process().pid(), task.tid());
  if (task.state() == Task::State::kStopped) return text + "stopped\n";
  if (task.state() == Task::State::kRunnable) {
    return text + absl::StrFormat(
                      "waits in user code, at 0x%x, for a change of memory\n",
                      task.cpu().ip());
  }
  absl::StrAppend(&text, "waits in ", DescribeCall(task.pending()),
                  DescribeObjects(task), "\n");
  return text;
}

}  // namespace

std::string DeadlockReport(Kernel& kernel) {
  std::string report;
  for (const auto& [pid, process] : kernel.pids().processes()) {
    if (process.get() == &kernel.pids().init() || process->zombie) continue;
    for (const auto& task : process->tasks) {
      if (task->state() != Task::State::kDead) report += DescribeTask(*task);
    }
  }
  return report;
}

}  // namespace emu
