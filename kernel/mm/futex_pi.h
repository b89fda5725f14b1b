// SPDX-License-Identifier: Apache-2.0
//
// Locks with priority inheritance: futexes whose word is their owner's thread
// id, and which the kernel hands over. (There are no priorities to inherit:
// what remains is the protocol.) The PiWaiters are one of the kernel's
// Subsystems: who waits for a lock, so that an owner's end can be told.

#ifndef KERNEL_MM_FUTEX_PI_H_
#define KERNEL_MM_FUTEX_PI_H_

#include <vector>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/mm/futex.h"

namespace emu {

class Task;
struct FutexDeadline;

class PiWaiters {
 public:
  void Add(FutexWaiter& waiter) { waiters_.push_back(&waiter); }
  void Remove(FutexWaiter& waiter);
  // The first that waits for a lock of `owner`; null if there is none.
  FutexWaiter* FirstWaitingFor(const Task& owner) const;
  // The waiter that `task` is; null when it waits for no lock.
  FutexWaiter* Of(const Task& task) const;

 private:
  std::vector<FutexWaiter*> waiters_;  // in order of arrival
};

// Takes the lock: EDEADLK (it is the task's own, or would never be free),
// ESRCH (its owner is gone), EINVAL (others wait for the word in another way).
// While another has it: EAGAIN if `try_only`, or else the task queues for it:
// kBlocked, until `deadline`.
Result<> LockPi(Task& task, const FutexKey& key, GuestAddr word, bool try_only,
                const FutexDeadline& deadline);
// EPERM: it is not the task's.
Result<> UnlockPi(Task& task, const FutexKey& key, GuestAddr word);
// FUTEX_CMP_REQUEUE_PI once the value was compared: moves those who wait to be
// moved there; the first gets the lock if it is free. How many there were.
Result<int> RequeuePi(Task& task, const FutexKey& from, const FutexKey& to,
                      GuestAddr word, int requeue);
// The end of `owner`: its locks go to those who wait for them, marked.
void ReleasePiLocks(Task& owner);

}  // namespace emu

#endif  // KERNEL_MM_FUTEX_PI_H_
