// SPDX-License-Identifier: Apache-2.0
//
// What stands between a guest's call and its handler: seccomp(2) and prctl(2)'s
// PR_SET_SYSCALL_USER_DISPATCH.

#ifndef KERNEL_SECCOMP_H_
#define KERNEL_SECCOMP_H_

#include <cstdint>
#include <optional>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/task.h"

namespace emu {

// Whether somebody wants to judge the task's calls.
inline bool JudgesCalls(const Task& task) {
  return task.seccomp_mode != 0 || task.user_dispatch.on;
}
// What becomes of the call that the task has begun: its answer, or nothing where
// it is to be served. It may end the task.
std::optional<Result<int64_t>> JudgeCall(Task& task, bool foreign);

// seccomp(2)'s operations, for prctl(2) as well. The thread that cannot be given
// the filters is the result of SECCOMP_FILTER_FLAG_TSYNC; 0: there is none.
Result<int> SetStrictMode(Task& task);
Result<int> SetFilterMode(Task& task, uint32_t flags, GuestAddr program);

}  // namespace emu

#endif  // KERNEL_SECCOMP_H_
