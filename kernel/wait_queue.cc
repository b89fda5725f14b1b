// SPDX-License-Identifier: Apache-2.0

#include "kernel/wait_queue.h"

#include <limits>

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
  waiter.round_ = round_;
  waiter.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &waiter;
  last_ = &waiter;
}

// Waiters come and go while others are told, so each step starts again from the
// front and knows by its round whom it has told; those queued meanwhile carry
// the current round already.
Waiter* WaitQueue::NextInRound(uint32_t events) {
  for (Waiter* w = first_; w != nullptr; w = w->next_) {
    if (w->round_ == round_) continue;
    w->round_ = round_;
    if ((w->events_ & events) != 0) return w;
  }
  return nullptr;
}

void WaitQueue::Wake(uint32_t events) {
  WakeFirst(events, std::numeric_limits<int>::max());
}

void WaitQueue::WakeFirst(uint32_t events, int count) {
  if (first_ == nullptr) return;
  ++round_;
  while (count-- > 0) {
    Waiter* waiter = NextInRound(events);
    if (waiter == nullptr) return;
    waiter->OnWake(events);
  }
}

}  // namespace emu
