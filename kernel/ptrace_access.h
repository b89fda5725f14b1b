// SPDX-License-Identifier: Apache-2.0
//
// Who may look into whom: ptrace(2)'s access rules, which calls other than
// ptrace go by as well.

#ifndef KERNEL_PTRACE_ACCESS_H_
#define KERNEL_PTRACE_ACCESS_H_

namespace emu {

class Task;

// PTRACE_MODE_ATTACH_REALCREDS, without a security module.
bool MayInspect(const Task& task, const Task& target);

}  // namespace emu

#endif  // KERNEL_PTRACE_ACCESS_H_
