// SPDX-License-Identifier: Apache-2.0

#include "kernel/clock.h"

#include <algorithm>

namespace emu {
namespace {
constexpr Nanos kLongestPollingStep = 1'000'000;
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
  polling_ = false;
  Advance(kStep);
}

void Clock::TickPolling() {
  polling_step_ =
      polling_ ? std::min(polling_step_ * 2, kLongestPollingStep) : kStep;
  polling_ = true;
  paid_ = true;
  Advance(polling_step_);
}

void Clock::Advance(Nanos length) {
  if (host_ != nullptr) {
    now_ = std::max(now_, host_->HostTime());
  } else {
    now_ += length;
  }
}

VdsoData Clock::ForVdso() const {
  VdsoData data = {};
  data.now = now_;
  data.realtime_offset = realtime_offset_;
  data.polling_step = polling_step_;
  data.first_step = kStep;
  data.longest_step = kLongestPollingStep;
  data.polling = polling_ ? 1 : 0;
  data.enabled = host_ == nullptr ? 1 : 0;
  return data;
}

void Clock::FromVdso(const VdsoData& said) {
  // Each word once: the guest's other threads are stopped, but the page may be
  // mapped by others' word of it.
  const Nanos now = said.now;
  if (host_ != nullptr || now <= now_ || now - now_ > kNanosPerSecond * 3600) {
    return;
  }
  now_ = now;
  polling_ = true;
  polling_step_ =
      std::clamp<Nanos>(said.polling_step, kStep, kLongestPollingStep);
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
