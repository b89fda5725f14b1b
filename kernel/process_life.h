// SPDX-License-Identifier: Apache-2.0
//
// The births and ends of tasks and processes. Every guest is stopped while the
// kernel runs, so an end is complete when the call returns; the objects
// themselves are buried (Kernel::Bury) and destroyed later, so that a handler
// may end the task it serves.

#ifndef KERNEL_PROCESS_LIFE_H_
#define KERNEL_PROCESS_LIFE_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class Process;
class Task;

// clone3(2)'s arguments, checked.
struct CloneRequest {
  uint64_t flags = 0;  // CLONE_*
  int exit_signal = 0;
  GuestAddr stack = 0;  // its top; 0: the creator's
  GuestAddr tls = 0;
  GuestAddr parent_tid = 0;
  GuestAddr child_tid = 0;
  GuestAddr pidfd = 0;
};

// A thread or process like `creator`, able to run. Its id. EAGAIN, ENOMEM; for
// the descriptor of CLONE_PIDFD, EMFILE and EFAULT.
Result<Pid> Clone(Task& creator, const CloneRequest& request);

// This thread ends; if it is the last one, so does the process, with wait(2)'s
// `wait_status` (or the leader's, if that ended before).
void EndTask(Task& task, int wait_status);
// The process ends with all its threads: exit_group, or a fatal signal.
void EndProcess(Process& process, int wait_status);

// For exec, in this order, once nothing can fail any more. All threads but
// `task` end, and `task` becomes the leader with the process's id as its own.
void EndOtherThreads(Task& task);
// `task` is about to leave its memory (also at its end): robust futexes are
// released, clear_child_tid is cleared, a vfork parent goes on. task.mm is still
// the old memory.
void LeaveMemory(Task& task);
// What a new program does not inherit: handlers, the alternate stack, timers,
// exit and parent-death signals. Also for the first program of a process.
void ResetForExec(Task& task);

}  // namespace emu

#endif  // KERNEL_PROCESS_LIFE_H_
