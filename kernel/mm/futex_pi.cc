// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/futex_pi.h"

#include <linux/futex.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "kernel/kernel.h"
#include "kernel/mm/futex_waiter.h"
#include "kernel/pid_namespace.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

using Kind = FutexWaiter::Kind;

PiWaiters& WaitersOf(const Task& task) {
  return task.kernel().subsystems().pi_waiters;
}

// The first that waits for the lock; null if none does. EINVAL: somebody waits
// for the word in another way.
Result<FutexWaiter*> FirstWaiter(const FutexKey& key) {
  const FutexQueues::Queue* queue = key.waiters();
  if (queue == nullptr) return nullptr;
  if (queue->front()->kind != Kind::kLock) return Errno(EINVAL);
  return queue->front();
}

// The owner named in the word: ESRCH.
Result<Task*> FindOwner(const Task& task, uint32_t value) {
  Task* owner = task.kernel().pids().FindTask(value & FUTEX_TID_MASK);
  if (owner == nullptr || owner->state() == Task::State::kDead) {
    return Errno(ESRCH);
  }
  return owner;
}

// Whether waiting for `owner` would be waiting for `task` itself.
bool WouldDeadlock(const Task& task, const Task* owner) {
  const PiWaiters& waiters = WaitersOf(task);
  while (owner != &task) {
    const FutexWaiter* waiter = waiters.Of(*owner);
    if (waiter == nullptr) return false;
    owner = waiter->owner;
  }
  return true;
}

void BecomeWaiter(FutexWaiter& waiter, const FutexKey& key, GuestAddr word,
                  Task& owner) {
  waiter.kind = Kind::kLock;
  waiter.word = word;
  waiter.owner = &owner;
  waiter.Enter(key);
  WaitersOf(waiter.wait.task).Add(waiter);
}

// `waiter`, the first of its queue, owns the lock from now on.
void HandOver(FutexWaiter& waiter, uint32_t mark) {
  Task& task = waiter.wait.task;
  const FutexKey key = waiter.key;
  const UserPtr<uint32_t> word(waiter.word);
  (void)task.Write(word, task.tid() | FUTEX_WAITERS | mark).ok();
  WaitersOf(task).Remove(waiter);
  waiter.wait.Finish(waiter.index);
  const FutexQueues::Queue* queue = key.waiters();
  if (queue == nullptr) return;
  for (FutexWaiter* other : *queue) other->owner = &task;
}

}  // namespace

void PiWaiters::Remove(FutexWaiter& waiter) {
  const auto it = std::find(waiters_.begin(), waiters_.end(), &waiter);
  if (it != waiters_.end()) waiters_.erase(it);
}

FutexWaiter* PiWaiters::FirstWaitingFor(const Task& owner) const {
  for (FutexWaiter* waiter : waiters_) {
    if (waiter->owner == &owner) return waiter;
  }
  return nullptr;
}

FutexWaiter* PiWaiters::Of(const Task& task) const {
  for (FutexWaiter* waiter : waiters_) {
    if (&waiter->wait.task == &task) return waiter;
  }
  return nullptr;
}

Result<> LockPi(Task& task, const FutexKey& key, GuestAddr word, bool try_only,
                const FutexDeadline& deadline) {
  const UserPtr<uint32_t> at(word);
  const uint32_t self = task.tid();
  const uint32_t value = TRY(task.Read(at));
  if ((value & FUTEX_TID_MASK) == self) return Errno(EDEADLK);
  FutexWaiter* first = TRY(FirstWaiter(key));
  if ((value & FUTEX_TID_MASK) == 0 && first == nullptr) {
    return task.Write(at, (value & FUTEX_OWNER_DIED) | self);
  }
  Task* owner = TRY(FindOwner(task, value));
  if (first != nullptr && first->owner != owner) return Errno(EINVAL);
  if (try_only) return Errno(EAGAIN);
  TRY(task.Write(at, value | FUTEX_WAITERS));
  if (WouldDeadlock(task, owner)) return Errno(EDEADLK);
  auto wait = std::make_unique<FutexWait>(task, deadline);
  BecomeWaiter(wait->Add(key), key, word, *owner);
  task.pending().scratch = std::move(wait);
  return kBlocked;
}

Result<> UnlockPi(Task& task, const FutexKey& key, GuestAddr word) {
  const UserPtr<uint32_t> at(word);
  const uint32_t value = TRY(task.Read(at));
  if ((value & FUTEX_TID_MASK) != static_cast<uint32_t>(task.tid())) {
    return Errno(EPERM);
  }
  FutexWaiter* first = TRY(FirstWaiter(key));
  if (first == nullptr) return task.Write(at, 0);
  if (first->owner != &task) return Errno(EINVAL);
  HandOver(*first, 0);
  return {};
}

Result<int> RequeuePi(Task& task, const FutexKey& from, const FutexKey& to,
                      GuestAddr word, int requeue) {
  const UserPtr<uint32_t> at(word);
  int done = 0;
  while (const FutexQueues::Queue* queue = from.waiters()) {
    if (done > requeue) break;
    FutexWaiter& first = *queue->front();
    if (first.kind != Kind::kRequeue || first.target != to) {
      return Errno(EINVAL);
    }
    const uint32_t value = TRY(task.Read(at));
    FutexWaiter* holder = TRY(FirstWaiter(to));
    if ((value & FUTEX_TID_MASK) == 0 && holder == nullptr) {
      Task& next = first.wait.task;
      const uint32_t more = queue->size() > 1 ? FUTEX_WAITERS : 0;
      TRY(task.Write(at, (value & FUTEX_OWNER_DIED) | next.tid() | more));
      first.wait.Finish(first.index);
    } else {
      Task* owner = TRY(FindOwner(task, value));
      TRY(task.Write(at, value | FUTEX_WAITERS));
      BecomeWaiter(first, to, first.word, *owner);
    }
    ++done;
  }
  return done;
}

void ReleasePiLocks(Task& owner) {
  while (FutexWaiter* waiter = WaitersOf(owner).FirstWaitingFor(owner)) {
    if (waiter->key.queues == nullptr) {
      // Its memory is gone: it waits for ever.
      WaitersOf(owner).Remove(*waiter);
      continue;
    }
    HandOver(**waiter->key.waiters()->begin(), FUTEX_OWNER_DIED);
  }
}

}  // namespace emu
