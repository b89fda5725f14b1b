// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/futex.h"

#include <algorithm>

#include "kernel/kernel.h"
#include "kernel/mm/futex_pi.h"
#include "kernel/mm/futex_waiter.h"
#include "kernel/mm/memory_map.h"
#include "kernel/subsystems.h"

namespace emu {
namespace {
// A word that is private to its map and was named without FUTEX_PRIVATE_FLAG is
// another futex than with it (Linux's FUT_OFF_MMSHARED).
constexpr uint64_t kSharedCall = 2;
}  // namespace

FutexQueues::~FutexQueues() {
  for (auto& [at, queue] : queues_) {
    for (FutexWaiter* waiter : queue) waiter->key.queues = nullptr;
  }
}

const FutexQueues::Queue* FutexKey::waiters() const {
  const auto it = queues->queues_.find(at);
  return it == queues->queues_.end() ? nullptr : &it->second;
}

void FutexWaiter::Enter(const FutexKey& futex) {
  Leave();
  key = futex;
  FutexQueues::Queue& queue = key.queues->queues_[key.at];
  place_ = queue.insert(queue.end(), this);
}

FutexWaiter::~FutexWaiter() {
  Leave();
  if (kind == Kind::kLock) {
    wait.task.kernel().subsystems().pi_waiters.Remove(*this);
  }
}

void FutexWaiter::Leave() {
  if (key.queues == nullptr) return;
  const auto it = key.queues->queues_.find(key.at);
  it->second.erase(place_);
  if (it->second.empty()) key.queues->queues_.erase(it);
  key.queues = nullptr;
  key.object.reset();
}

FutexWaiter& FutexWait::Add(const FutexKey& key) {
  const int index = static_cast<int>(waiters.size());
  waiters.push_back(std::make_unique<FutexWaiter>(*this, index));
  waiters.back()->Enter(key);
  return *waiters.back();
}

Result<int> FutexWait::GoOn() {
  if (woken >= 0) return woken;
  Clock& clock = task.clock();
  if (deadline.realtime) {
    task.pending().deadline = deadline.SinceBoot(clock);
  }
  if (task.DeadlinePassed()) return Errno(ETIMEDOUT);
  if (deadline.realtime) task.WaitOn(clock.realtime_set());
  task.WaitOn(wake);
  return task.Block();
}

void FutexWait::Finish(int index) {
  woken = index;
  for (const auto& waiter : waiters) waiter->Leave();
  wake.Wake();
}

Result<FutexKey> FindFutex(MemoryMap& mm, GuestAddr addr, bool is_private) {
  if (addr % sizeof(uint32_t) != 0) return Errno(EINVAL);
  if (!mm.InRange(addr, sizeof(uint32_t))) return Errno(EFAULT);
  FutexKey key{.queues = &mm.futexes, .at = addr, .object = nullptr};
  if (is_private) return key;
  const Area* area = mm.Find(addr);
  if (area == nullptr || area->prot == 0 || mm.IsGuarded(addr)) {
    return Errno(EFAULT);
  }
  const bool writable = area->Allows(/*write=*/true, /*exec=*/false);
  if (area->object == nullptr || (!area->shared && writable)) {
    // A page of its own that nobody may write to never changes.
    if (!writable) return Errno(EFAULT);
    key.at |= kSharedCall;
    return key;
  }
  key.object = area->object;
  key.queues = &area->object->futexes;
  key.at = area->OffsetOf(addr);
  return key;
}

Result<int> WakeFutex(const FutexKey& key, int count, uint32_t bitset) {
  int woken = 0;
  while (woken == 0 || woken < count) {
    const FutexQueues::Queue* queue = key.waiters();
    if (queue == nullptr) break;
    FutexWaiter* next = nullptr;
    for (FutexWaiter* waiter : *queue) {
      if (waiter->kind != FutexWaiter::Kind::kPlain) return Errno(EINVAL);
      if ((waiter->bitset & bitset) == 0) continue;
      next = waiter;
      break;
    }
    if (next == nullptr) break;
    next->wait.Finish(next->index);
    ++woken;
  }
  return woken;
}

Result<int> RequeueFutex(const FutexKey& from, const FutexKey& to, int wake,
                         int requeue) {
  int woken = 0;
  int moved = 0;
  while (const FutexQueues::Queue* queue = from.waiters()) {
    FutexWaiter& first = *queue->front();
    if (first.kind != FutexWaiter::Kind::kPlain) return Errno(EINVAL);
    if (woken < wake) {
      first.wait.Finish(first.index);
      ++woken;
      continue;
    }
    if (from == to) {
      // They stay where they are, and count all the same.
      moved = std::min<size_t>(requeue, queue->size());
      break;
    }
    if (moved == requeue) break;
    first.Enter(to);
    ++moved;
  }
  return woken + moved;
}

int FutexWakeAddress(MemoryMap& mm, GuestAddr addr, int count) {
  const Result<FutexKey> key = FindFutex(mm, addr, false);
  if (!key.ok()) return 0;
  const Result<int> woken = WakeFutex(*key, count, ~0u);
  return woken.ok() ? *woken : 0;
}

}  // namespace emu
