// SPDX-License-Identifier: Apache-2.0
//
// Who a task is, as far as it cannot fail.

#include "kernel/process.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// getpid(2).
Result<Pid> sys_getpid(Task& task) { return task.process().pid(); }

// gettid(2).
Result<Pid> sys_gettid(Task& task) { return task.tid(); }

// getppid(2).
Result<Pid> sys_getppid(Task& task) { return task.process().parent->pid(); }

// getuid(2).
Result<uint32_t> sys_getuid(Task& task) { return task.creds->uid; }

// geteuid(2).
Result<uint32_t> sys_geteuid(Task& task) { return task.creds->euid; }

// getgid(2).
Result<uint32_t> sys_getgid(Task& task) { return task.creds->gid; }

// getegid(2).
Result<uint32_t> sys_getegid(Task& task) { return task.creds->egid; }

// set_tid_address(2).
Result<Pid> sys_set_tid_address(Task& task, GuestAddr tid) {
  task.clear_child_tid = tid;
  return task.tid();
}

}  // namespace emu
