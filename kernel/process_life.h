// SPDX-License-Identifier: Apache-2.0
//
// The ends of tasks and processes. Every guest is stopped while the kernel runs,
// so an end is complete when the call returns; the objects themselves are
// buried (Kernel::Bury) and destroyed later, so that a handler may end the task
// it serves.

#ifndef KERNEL_PROCESS_LIFE_H_
#define KERNEL_PROCESS_LIFE_H_

namespace emu {

class Process;
class Task;

// This thread ends; if it is the last one, so does the process, with wait(2)'s
// `wait_status`.
void EndTask(Task& task, int wait_status);
// The process ends with all its threads: exit_group, or a fatal signal.
void EndProcess(Process& process, int wait_status);
// For exec: all threads but `task` end, and `task` becomes the leader with the
// process's id as its own.
void EndOtherThreads(Task& task);

}  // namespace emu

#endif  // KERNEL_PROCESS_LIFE_H_
