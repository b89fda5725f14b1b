// SPDX-License-Identifier: Apache-2.0
//
// Futexes: queues of tasks that wait for a word of memory, as futex(2) has
// them. A word in memory that is private to its map is known by its address and
// queued in the MemoryMap; one in a shared mapping by its place in the
// MemoryObject, and queued there. Queues exist while someone waits.

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
  friend struct FutexWaiter;
  friend struct FutexKey;
  std::map<uint64_t, Queue> queues_;  // never empty ones
};

// Wakes up to `count` waiters (of any bit) of the word at `addr`, whether it is
// private or shared; returns how many. For the kernel's own wakes: a cleared
// thread id at exit.
int FutexWakeAddress(MemoryMap& mm, GuestAddr addr, int count);

// The end of a thread (or its exec): releases the futexes on its robust list
// and those with priority inheritance that it holds, telling their next owners.
// The task's memory must still be there.
void ExitRobustList(Task& task);

}  // namespace emu

#endif  // KERNEL_MM_FUTEX_H_
