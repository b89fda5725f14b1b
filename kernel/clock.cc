// SPDX-License-Identifier: Apache-2.0

#include "kernel/clock.h"

#include <algorithm>

namespace emu {
namespace {
constexpr Nanos kLongestPollingStep = 1'000'000;
// Programs look at the clock a few times in a row without waiting for it.
constexpr int kPollsAtFirst = 32;
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
  Advance(kStep);
}

void Clock::TickPolling() {
  if (++polls_in_row_ <= kPollsAtFirst) {
    polling_step_ = kStep;
  } else {
    polling_step_ = std::min(polling_step_ * 2, kLongestPollingStep);
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

VdsoData Clock::ForVdso() const {
  VdsoData data = {};
  data.now = now_;
  data.realtime_offset = realtime_offset_;
  data.step = kStep;
  // The limit follows from the time alone: how often this is asked while a guest
  // computes is the host's affair.
  constexpr Nanos kWindow = kVdsoReads * kStep;
  data.limit = host_ != nullptr
                   ? 0
                   : std::min(next_deadline_, now_ - now_ % kWindow + kWindow);
  return data;
}

void Clock::FromVdso(const VdsoData& said) {
  const Nanos now = said.now;
  if (host_ == nullptr && now > now_ && now - now_ < 3600 * kNanosPerSecond) {
    now_ = now;
  }
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
