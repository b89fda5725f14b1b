// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/work_queue.h"

#include <utility>

namespace emu {

WorkQueue::~WorkQueue() {
  if (thread_ == nullptr) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  added_.notify_one();
  thread_.reset();
}

absl::Status WorkQueue::StartThread() {
  auto thread = WorkerThread::Start([this] { Run(); });
  if (!thread.ok()) return thread.status();
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void WorkQueue::KeepOffThisCpu() {
  if (thread_ != nullptr) thread_->KeepOffThisCpu();
}

void WorkQueue::UseAllCpus() {
  if (thread_ != nullptr) thread_->UseAllCpus();
}

void WorkQueue::Add(size_t bytes, Work work) {
  if (thread_ == nullptr) return work();
  {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return items_.empty() || bytes_ <= limit_; });
    items_.push_back({bytes, std::move(work)});
    bytes_ += bytes;
  }
  added_.notify_one();
}

void WorkQueue::Drain() {
  if (thread_ == nullptr) return;
  std::unique_lock<std::mutex> lock(mutex_);
  done_.wait(lock, [&] { return items_.empty(); });
}

void WorkQueue::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    added_.wait(lock, [&] { return !items_.empty() || ending_; });
    if (items_.empty()) return;
    Item& item = items_.front();  // a deque's items stay where they are
    lock.unlock();
    item.work();
    item.work = nullptr;  // what it holds goes now
    lock.lock();
    bytes_ -= item.bytes;
    items_.pop_front();
    done_.notify_one();
  }
}

}  // namespace emu
