// SPDX-License-Identifier: Apache-2.0

#include "kernel/clock.h"

#include <algorithm>

namespace emu {
namespace {

// At how many looks in a row the kernel is to see the next one.
int64_t NextSeen(int64_t polls) {
  if (polls < Clock::kFewPolls) return Clock::kFewPolls;
  return polls - polls % Clock::kVdsoReads + Clock::kVdsoReads;
}

}  // namespace

Timer::~Timer() { Disarm(); }

void Timer::Disarm() {
  if (clock_ == nullptr) return;
  clock_->timers_.erase(key_);
  clock_->UpdateNext();
  clock_ = nullptr;
}

void Clock::Tick() {
  if (paid_) {
    paid_ = false;
    return;
  }
  polls_in_row_ = 0;
  polling_step_ = kStep;
  Advance(kStep);
}

void Clock::TickPolling() {
  if (++polls_in_row_ > kCheapPolls) {
    polling_step_ = std::min(polling_step_ * 2, kLongestStep);
  }
  paid_ = true;
  Advance(polling_step_);
}

void Clock::Advance(Nanos length) {
  if (host_ != nullptr) {
    now_ = std::max(now_, kStart + host_->HostTime());
  } else {
    now_ += length;
  }
}

// All of it follows from what the guest did: how often this is asked while a guest
// computes is the host's affair.
VdsoData Clock::ForVdso() const {
  VdsoData data = {};
  data.now = now_;
  data.realtime_offset = realtime_offset_;
  data.limit = host_ != nullptr ? 0 : next_deadline_;
  data.reads = polls_in_row_;
  data.reads_limit = NextSeen(polls_in_row_);
  data.cheap_reads = kCheapPolls;
  data.doubled_below = kVdsoDoublesBelow;
  data.step = polling_step_;
  return data;
}

void Clock::FromVdso(const VdsoData& said) {
  const Nanos now = said.now;
  const int64_t reads = said.reads;
  const Nanos step = said.step;
  if (host_ != nullptr || now <= now_ ||
      now - now_ > kVdsoReads * kLongestStep || reads <= polls_in_row_ ||
      reads >= NextSeen(polls_in_row_) || step < kStep || step > kLongestStep) {
    return;
  }
  now_ = now;
  polls_in_row_ = reads;
  polling_step_ = step;
}

void Clock::AdvanceTo(Nanos time) { now_ = std::max(now_, time); }

void Clock::Arm(Timer& timer, Nanos deadline) {
  timer.Disarm();
  timer.clock_ = this;
  timer.key_ = {deadline, next_sequence_++};
  timers_.emplace(timer.key_, &timer);
  UpdateNext();
}

void Clock::UpdateNext() {
  next_deadline_ = timers_.empty() ? kNever : timers_.begin()->first.first;
}

void Clock::FireAllDue() {
  while (!timers_.empty() && timers_.begin()->first.first <= now_) {
    Timer* timer = timers_.begin()->second;
    timer->Disarm();
    timer->OnTime();
  }
}

}  // namespace emu
