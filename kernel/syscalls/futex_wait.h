// SPDX-License-Identifier: Apache-2.0
//
// What futex(2) and the calls of its second interface have in common.

#ifndef KERNEL_SYSCALLS_FUTEX_WAIT_H_
#define KERNEL_SYSCALLS_FUTEX_WAIT_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/mm/futex_waiter.h"

namespace emu {

class Task;

// When a wait ends: `timeout` (0: none) from now, or at that time of its clock.
// EFAULT, EINVAL.
Result<FutexDeadline> ReadFutexDeadline(Task& task, GuestAddr timeout,
                                        bool absolute, bool realtime);
// EAGAIN: the word holds something else. EFAULT.
Result<> CheckFutexValue(Task& task, GuestAddr addr, uint32_t expected);

// Waits for one word.
struct FutexWaitRequest {
  GuestAddr addr = 0;
  uint32_t value = 0;
  uint32_t bitset = 0;
  bool is_private = false;
  FutexDeadline deadline;
};
// EINVAL (no bits), EFAULT, EAGAIN, ETIMEDOUT.
Result<int> WaitForFutex(Task& task, const FutexWaitRequest& request);

}  // namespace emu

#endif  // KERNEL_SYSCALLS_FUTEX_WAIT_H_
