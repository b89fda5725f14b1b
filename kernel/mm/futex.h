// SPDX-License-Identifier: Apache-2.0
//
// Futexes: queues of tasks that wait for a word of memory, as futex(2) has
// them. A word in memory that is private to its map, or called so, is known by
// its address and queued in the MemoryMap; one in a shared mapping by its place
// in the MemoryObject, and queued there. Queues exist while someone waits.

#ifndef KERNEL_MM_FUTEX_H_
#define KERNEL_MM_FUTEX_H_

#include <cstdint>
#include <list>
#include <map>
#include <memory>

#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class MemoryMap;
class MemoryObject;
class Task;
struct FutexKey;
struct FutexWaiter;

// Those who wait for words of one map or object, in order of arrival.
class FutexQueues {
 public:
  using Queue = std::list<FutexWaiter*>;

  FutexQueues() = default;
  FutexQueues(const FutexQueues&) = delete;
  FutexQueues& operator=(const FutexQueues&) = delete;
  ~FutexQueues();

 private:
  friend struct FutexKey;
  friend struct FutexWaiter;
  std::map<uint64_t, Queue> queues_;  // never empty ones
};

// Which futex: where it is queued, and its address or offset there.
struct FutexKey {
  FutexQueues* queues = nullptr;
  uint64_t at = 0;
  std::shared_ptr<MemoryObject> object;  // kept while someone waits for it

  // Those who wait for it now; null when nobody does.
  const FutexQueues::Queue* waiters() const;
  friend bool operator==(const FutexKey& a, const FutexKey& b) {
    return a.queues == b.queues && a.at == b.at;
  }
};

// The futex at `addr`; `is_private`: known to be so (FUTEX_PRIVATE_FLAG).
// EINVAL: misaligned; EFAULT.
Result<FutexKey> FindFutex(MemoryMap& mm, GuestAddr addr, bool is_private);

// Wakes up to `count` waiters (but at least one, as Linux does) whose bitset
// meets `bitset`; returns how many. EINVAL when one waits for a lock.
Result<int> WakeFutex(const FutexKey& key, int count, uint32_t bitset);
// Wakes up to `wake` waiters and moves up to `requeue` others to the end of
// another queue; how many of both. EINVAL likewise.
Result<int> RequeueFutex(const FutexKey& from, const FutexKey& to, int wake,
                         int requeue);

// Wakes up to `count` waiters (of any bit) of the word at `addr` that did not
// call it private; returns how many. For the kernel's own wakes: a cleared
// thread id at exit.
int FutexWakeAddress(MemoryMap& mm, GuestAddr addr, int count);

// The end of a thread (or its exec): releases the futexes on its robust list
// and those with priority inheritance that it holds, telling their next owners.
// The task's memory must still be there.
void ExitRobustList(Task& task);

}  // namespace emu

#endif  // KERNEL_MM_FUTEX_H_
