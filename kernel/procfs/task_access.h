// SPDX-License-Identifier: Apache-2.0
//
// Who may look into whom: ptrace(2)'s access check, as procfs applies it.

#ifndef KERNEL_PROCFS_TASK_ACCESS_H_
#define KERNEL_PROCFS_TASK_ACCESS_H_

namespace emu {

class Task;

// PTRACE_MODE_READ_FSCREDS.
bool MayInspect(const Task& reader, const Task& target);

}  // namespace emu

#endif  // KERNEL_PROCFS_TASK_ACCESS_H_
