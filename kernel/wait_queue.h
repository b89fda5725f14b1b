// SPDX-License-Identifier: Apache-2.0
//
// Wait queues. An object that tasks can wait for owns a WaitQueue and wakes it
// when something about it changed; a Waiter is one interest in it. Waking says
// "look again", never "it is yours": spurious wakes are harmless. Order is
// queue order. Waiters may be exclusive: of those, one that does something about
// it is enough.

#ifndef KERNEL_WAIT_QUEUE_H_
#define KERNEL_WAIT_QUEUE_H_

#include <cstdint>

namespace emu {

class WaitQueue;

// Every event there is.
inline constexpr uint32_t kAnyEvent = ~0u;

// A place in at most one queue. Leaves it when destroyed.
class Waiter {
 public:
  Waiter() = default;
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  virtual ~Waiter() { Leave(); }

  bool queued() const { return queue_ != nullptr; }
  WaitQueue* queue() const { return queue_; }
  void Leave();

 protected:
  // The queue was woken for some of this waiter's events. May leave the queue,
  // and may make others leave it. Says whether some task will look because of it.
  virtual bool OnWake(uint32_t events) = 0;

 private:
  friend class WaitQueue;
  WaitQueue* queue_ = nullptr;
  Waiter* previous_ = nullptr;
  Waiter* next_ = nullptr;
  uint32_t events_ = 0;
  bool exclusive_ = false;
  // The wake-up round that last saw this waiter.
  uint64_t round_ = 0;
};

// Owned by the object waited for; waiters are unlinked when it dies.
class WaitQueue {
 public:
  WaitQueue() = default;
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;
  ~WaitQueue();

  // `events` are poll(2)'s bits; the waiter is told of others never.
  void Add(Waiter& waiter, uint32_t events = kAnyEvent);
  // EPOLLEXCLUSIVE's way.
  void AddExclusive(Waiter& waiter, uint32_t events);
  // Tells every waiter that was queued at the time of the call and wants some
  // of `events`; of the exclusive ones, those up to the first that says true,
  // unless an end or an error is what there is to tell. Says whether any did.
  bool Wake(uint32_t events = kAnyEvent);
  bool empty() const { return first_ == nullptr; }

 private:
  friend class Waiter;
  Waiter* NextInRound(uint32_t events, bool skip_exclusive);
  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
  uint64_t round_ = 0;
};

}  // namespace emu

#endif  // KERNEL_WAIT_QUEUE_H_
