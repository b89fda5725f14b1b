// SPDX-License-Identifier: Apache-2.0
//
// A task's wait for futexes: what its call keeps while it is parked.

#ifndef KERNEL_MM_FUTEX_WAITER_H_
#define KERNEL_MM_FUTEX_WAITER_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "kernel/mm/futex.h"
#include "kernel/task.h"
#include "kernel/wait_queue.h"

namespace emu {

struct FutexWait;

// A place in one futex's queue. Leaves it when destroyed.
struct FutexWaiter {
  FutexWaiter(FutexWait& wait, int index) : wait(wait), index(index) {}
  FutexWaiter(const FutexWaiter&) = delete;
  FutexWaiter& operator=(const FutexWaiter&) = delete;
  ~FutexWaiter();

  void Enter(const FutexKey& futex);  // at the queue's end
  void Leave();

  FutexWait& wait;
  const int index;  // among the words that the call waits for
  uint32_t bitset = ~0u;
  // kLock: waits to own the word (FUTEX_LOCK_PI); kRequeue: to be moved to
  // `target` and own that (FUTEX_WAIT_REQUEUE_PI).
  enum class Kind { kPlain, kLock, kRequeue };
  Kind kind = Kind::kPlain;
  FutexKey key;
  FutexKey target;
  GuestAddr word = 0;     // kLock: the word to own, kRequeue: in future
  Task* owner = nullptr;  // kLock: who owns it now

 private:
  friend class FutexQueues;
  FutexQueues::Queue::iterator place_;
};

struct FutexWait : CallScratch {
  explicit FutexWait(Task& task) : task(task) {}

  // The wait has come to its good end: by the word of this index.
  void Finish(int index);

  Task& task;
  WaitQueue wake;
  int woken = -1;  // index of the word, or -1
  std::vector<std::unique_ptr<FutexWaiter>> waiters;
};

}  // namespace emu

#endif  // KERNEL_MM_FUTEX_WAITER_H_
