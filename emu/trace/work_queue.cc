// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/work_queue.h"

#include <algorithm>
#include <utility>

namespace emu {

WorkQueue::~WorkQueue() {
  if (thread_ == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  kicked_.notify_one();
  thread_.reset();
}

absl::Status WorkQueue::StartThread(int guest_cpu) {
  auto thread = WorkerThread::Start([this] { Run(); }, guest_cpu);
  if (!thread.ok()) return thread.status();
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void WorkQueue::UseAllCpus() {
  if (thread_ != nullptr) thread_->UseAllCpus();
}

void WorkQueue::Add(size_t bytes, Work work) {
  if (thread_ == nullptr) return work();
  bool wake = false;
  {
    Lock lock(mutex_);
    Wait(lock, Awaited::kRoom);
    items_.push_back({bytes, std::move(work)});
    bytes_ += bytes;
    wake = !awake_ && bytes_ >= std::min(kBatch, limit_);
    awake_ |= wake;
  }
  if (wake) kicked_.notify_one();
}

void WorkQueue::Kick() {
  if (thread_ == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (awake_ || items_.empty()) return;
    awake_ = true;
  }
  kicked_.notify_one();
}

void WorkQueue::Drain() {
  if (thread_ == nullptr) return;
  Kick();
  Lock lock(mutex_);
  Wait(lock, Awaited::kEnd);
}

bool WorkQueue::Has(Awaited what) const {
  return items_.empty() || (what == Awaited::kRoom && bytes_ <= limit_);
}

void WorkQueue::Wait(Lock& lock, Awaited what) {
  awaited_ = what;
  while (!Has(what)) {
    if (!part_) {
      waiter_.wait(lock);
      continue;
    }
    const Part part = *part_;
    part_.reset();
    helping_ = true;
    lock.unlock();
    part(1);
    lock.lock();
    helping_ = false;
    helped_.notify_one();
  }
  awaited_ = Awaited::kNothing;
}

bool WorkQueue::HasHelp() {
  const Lock lock(mutex_);
  return awaited_ != Awaited::kNothing;
}

void WorkQueue::Together(Part part) {
  if (thread_ == nullptr) return part(0);
  Lock lock(mutex_);
  part_.emplace(part);
  lock.unlock();
  waiter_.notify_one();
  part(0);
  lock.lock();
  part_.reset();
  helped_.wait(lock, [&] { return !helping_; });
}

void WorkQueue::Run() {
  Lock lock(mutex_);
  while (true) {
    kicked_.wait(lock, [&] { return awake_ || ending_; });
    while (!items_.empty()) {
      Item& item = items_.front();  // a deque's items stay where they are
      lock.unlock();
      item.work();
      item.work = nullptr;  // what it holds goes now
      lock.lock();
      bytes_ -= item.bytes;
      items_.pop_front();
      if (awaited_ != Awaited::kNothing && Has(awaited_)) waiter_.notify_one();
    }
    awake_ = false;
    if (ending_) return;
  }
}

}  // namespace emu
