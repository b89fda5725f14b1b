// SPDX-License-Identifier: Apache-2.0

#include "kernel/process.h"
#include "kernel/process_life.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {
int ExitStatus(int code) { return (code & 0xff) << 8; }
}  // namespace

// exit(2): of the thread.
Result<> sys_exit(Task& task, int status) {
  EndTask(task, ExitStatus(status));
  return kNoReturn;
}

// exit_group(2).
Result<> sys_exit_group(Task& task, int status) {
  EndProcess(task.process(), ExitStatus(status));
  return kNoReturn;
}

}  // namespace emu
