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

// Until when a wait lasts: a time since boot, or of CLOCK_REALTIME, which may be
// set meanwhile.
struct FutexDeadline {
  Nanos time = kNever;
  bool realtime = false;

  Nanos SinceBoot(const Clock& clock) const {
    return realtime ? time - clock.realtime_offset() : time;
  }
};

struct FutexWait : CallScratch {
  FutexWait(Task& task, const FutexDeadline& deadline)
      : task(task), deadline(deadline) {
    task.WaitUntil(deadline.SinceBoot(task.clock()));
  }

  // That of a call which runs again after it was parked; null at its start.
  static FutexWait* Of(Task& task) {
    return static_cast<FutexWait*>(task.pending().scratch.get());
  }
  // One more word to wait for, as the last in its queue.
  FutexWaiter& Add(const FutexKey& key);
  // The wait goes on, or has ended: by a wake-up with the word's index, by time.
  Result<int> GoOn();

  // The wait has come to its good end: by the word of this index.
  void Finish(int index);

  Task& task;
  const FutexDeadline deadline;
  WaitQueue wake;
  int woken = -1;  // index of the word, or -1
  std::vector<std::unique_ptr<FutexWaiter>> waiters;
};

}  // namespace emu

#endif  // KERNEL_MM_FUTEX_WAITER_H_
