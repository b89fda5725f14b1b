// SPDX-License-Identifier: Apache-2.0

#include "emu/record/content_prefetcher.h"

#include <algorithm>

#include "emu/trace/block.h"

namespace emu {

ContentPrefetcher::ContentPrefetcher(const TraceReader& reader,
                                     ContentStore& store, const Limits& limits)
    : limits_(limits),
      count_(static_cast<ContentId>(
          std::min<uint64_t>(reader.totals().contents, kNoContent))),
      reader_(reader.NewContentReader()),
      store_(store) {}

ContentPrefetcher::~ContentPrefetcher() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.reset();
  for (const Ready& ready : ready_) store_.Release(ready.slot);
}

absl::Status ContentPrefetcher::Start() {
  auto thread = WorkerThread::Start([this] { Run(); });
  if (!thread.ok()) return thread.status();
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

void ContentPrefetcher::KeepOffThisCpu() {
  if (thread_ != nullptr) thread_->KeepOffThisCpu();
}

std::optional<ContentStore::Slot> ContentPrefetcher::Take(ContentId content) {
  if (thread_ == nullptr) return std::nullopt;
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [&] { return now_ != content; });
  std::optional<ContentStore::Slot> taken;
  while (!ready_.empty() && ready_.front().content <= content) {
    const Ready& first = ready_.front();
    if (first.content == content) {
      taken = first.slot;
    } else {
      store_.Release(first.slot);
    }
    bytes_ -= first.size;
    ready_.pop_front();
  }
  // The thread does not begin what the caller is about to do.
  if (content < count_) next_ = std::max(next_, content + 1);
  const bool go_on = NoteRoom();
  lock.unlock();
  if (go_on) changed_.notify_all();
  return taken;
}

size_t ContentPrefetcher::WaitUntilIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock,
                [&] { return !now_ && (next_ >= count_ || full_ > 0); });
  return ready_.size();
}

void ContentPrefetcher::NoteFull() {
  if (bytes_ >= limits_.bytes || ready_.size() >= limits_.contents) {
    full_ = ready_.size();
  }
}

bool ContentPrefetcher::NoteRoom() {
  if (full_ == 0 || bytes_ >= limits_.bytes) return false;
  const size_t batch = std::min(limits_.batch, (full_ + 1) / 2);
  if (full_ - ready_.size() < batch) return false;
  full_ = 0;
  return true;
}

bool ContentPrefetcher::ending() {
  const std::lock_guard<std::mutex> lock(mutex_);
  return ending_;
}

void ContentPrefetcher::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || full_ == 0; });
    if (ending_ || next_ >= count_) return;
    const ContentId content = next_++;
    now_ = content;
    lock.unlock();
    const std::optional<Ready> ready = Unpack(content);
    lock.lock();
    now_.reset();
    if (ready) {
      ready_.push_back(*ready);
      bytes_ += ready->size;
      NoteFull();
    }
    changed_.notify_all();
  }
}

// An error is the replay's to find, when it comes to that.
std::optional<ContentPrefetcher::Ready> ContentPrefetcher::Unpack(
    ContentId content) {
  const absl::StatusOr<ContentInfo> info = reader_->Info(content);
  if (!info.ok() || info->size > limits_.bytes) return std::nullopt;
  const ContentStore::Slot slot = store_.New();
  for (uint64_t done = 0; done < info->size;) {
    const auto chunk = reader_->ReadChunk(content, done / kChunkSize);
    if (!chunk.ok() || !store_.Write(slot, done, *chunk).ok() || ending()) {
      store_.Release(slot);
      return std::nullopt;
    }
    done += chunk->size();
  }
  return Ready{content, slot, info->size};
}

}  // namespace emu
