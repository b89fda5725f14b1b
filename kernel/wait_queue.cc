// SPDX-License-Identifier: Apache-2.0

#include "kernel/wait_queue.h"

#include <poll.h>

namespace emu {

void Waiter::Leave() {
  if (queue_ == nullptr) return;
  (previous_ != nullptr ? previous_->next_ : queue_->first_) = next_;
  (next_ != nullptr ? next_->previous_ : queue_->last_) = previous_;
  queue_ = nullptr;
  previous_ = next_ = nullptr;
}

WaitQueue::~WaitQueue() {
  while (first_ != nullptr) first_->Leave();
}

void WaitQueue::Add(Waiter& waiter, uint32_t events) {
  waiter.Leave();
  waiter.queue_ = this;
  waiter.events_ = events;
  waiter.exclusive_ = false;
  waiter.round_ = round_;
  waiter.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
}

void WaitQueue::AddExclusive(Waiter& waiter, uint32_t events) {
  Add(waiter, events);
  waiter.exclusive_ = true;
}

// Waiters come and go while others are told, so each step starts again from the
// front and knows by its round whom it has told; those queued meanwhile carry
// the current round already.
Waiter* WaitQueue::NextInRound(uint32_t events, bool skip_exclusive) {
  for (Waiter* w = first_; w != nullptr; w = w->next_) {
    if (w->round_ == round_) continue;
    w->round_ = round_;
    if (w->exclusive_ && skip_exclusive) continue;
    if ((w->events_ & events) != 0) return w;
  }
  return nullptr;
}

bool WaitQueue::Wake(uint32_t events) {
  if (first_ == nullptr) return false;
  ++round_;
  const bool for_all = (events & (POLLHUP | POLLERR)) != 0;
  bool any = false, taken = false;
  while (Waiter* waiter = NextInRound(events, taken && !for_all)) {
    const bool exclusive = waiter->exclusive_;
    const bool woke = waiter->OnWake(events);
    any |= woke;
    taken |= exclusive && woke;
  }
  return any;
}

}  // namespace emu
