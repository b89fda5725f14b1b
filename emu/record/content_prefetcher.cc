// SPDX-License-Identifier: Apache-2.0

#include "emu/record/content_prefetcher.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "emu/trace/block.h"

namespace emu {

ContentPrefetcher::ContentPrefetcher(const TraceReader& reader,
                                     ContentStore& store, const Limits& limits)
    : limits_(limits),
      count_(static_cast<ContentId>(
          std::min<uint64_t>(reader.totals().contents, kNoContent))),
      reader_(reader.NewContentReader()),
      helper_(reader.NewContentReader()),
      store_(store) {}

ContentPrefetcher::~ContentPrefetcher() {
  End(/*discard=*/false);
  thread_.reset();
  for (const Unpacked& ready : ready_) {
    if (ready.slot) store_.Release(*ready.slot);
  }
}

void ContentPrefetcher::End(bool discard) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ending_ = true;
    discarding_ |= discard;
  }
  changed_.notify_all();
}

absl::Status ContentPrefetcher::Start(int guest_cpu) {
  auto thread = WorkerThread::Start([this] { Run(); }, guest_cpu);
  if (!thread.ok()) return thread.status();
  thread_ = *std::move(thread);
  return absl::OkStatus();
}

std::optional<ContentPrefetcher::Unpacked> ContentPrefetcher::Take(
    ContentId content) {
  if (thread_ == nullptr) return std::nullopt;
  Lock lock(mutex_);
  if (ending_) return std::nullopt;
  Help(content, lock);
  std::optional<Unpacked> taken;
  while (!ready_.empty() && ready_.front().content <= content) {
    Unpacked& first = ready_.front();
    bytes_ -= first.size;
    if (first.content == content) {
      taken = std::move(first);
    } else if (first.slot) {
      store_.Release(*first.slot);
    }
    ready_.pop_front();
  }
  // The thread does not begin what the caller is about to do.
  if (content < count_) next_ = std::max(next_, content + 1);
  const bool go_on = NoteRoom();
  lock.unlock();
  if (go_on) changed_.notify_all();
  return taken;
}

void ContentPrefetcher::Help(ContentId content, Lock& lock) {
  const auto is_now = [&] { return now_ && now_->content == content; };
  changed_.wait(lock, [&] { return !is_now() || !now_->chunks.empty(); });
  if (!is_now()) return;
  UnpackChunks(*helper_, *now_, lock);
  changed_.wait(lock, [&] { return !is_now(); });
}

bool ContentPrefetcher::UnpackTogether(ContentId content,
                                       ContentStore::Slot slot,
                                       std::vector<uint64_t> chunks) {
  if (thread_ == nullptr) return false;
  Lock lock(mutex_);
  asked_ = Unpacking{
      .content = content, .slot = slot, .chunks = std::move(chunks)};
  changed_.notify_all();
  UnpackChunks(*helper_, *asked_, lock);
  changed_.wait(lock, [&] { return asked_->busy == 0; });
  const bool unpacked = asked_->begun() && !asked_->failed;
  asked_.reset();
  return unpacked;
}

void ContentPrefetcher::Discard() { End(/*discard=*/true); }

size_t ContentPrefetcher::WaitUntilIdle() {
  Lock lock(mutex_);
  changed_.wait(lock,
                [&] { return !now_ && (next_ >= count_ || full_ > 0); });
  return ready_.size();
}

void ContentPrefetcher::AddReady(Unpacked unpacked) {
  bytes_ += unpacked.size;
  ready_.push_back(std::move(unpacked));
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

void ContentPrefetcher::Run() {
  Lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] {
      return ending_ || (asked_ && !asked_->begun()) ||
             (full_ == 0 && next_ < count_);
    });
    if (ending_) break;
    if (asked_ && !asked_->begun()) {
      UnpackChunks(*reader_, *asked_, lock);
      continue;
    }
    now_ = Unpacking{.content = next_++};
    Unpack(lock);
    now_.reset();
    changed_.notify_all();
  }
  const bool discard = discarding_;
  lock.unlock();
  if (discard) store_.Discard();
}

// An error is the replay's to find, when it comes to that.
void ContentPrefetcher::Unpack(Lock& lock) {
  lock.unlock();
  const absl::StatusOr<ContentInfo> info = reader_->Info(now_->content);
  lock.lock();
  if (!info.ok() || info->size > limits_.bytes) return;
  if (info->size <= ContentStore::kLargestString) {
    UnpackToString(info->size, lock);
  } else {
    UnpackToSlot(info->size, lock);
  }
}

void ContentPrefetcher::UnpackToString(uint64_t size, Lock& lock) {
  Unpacked unpacked = {.content = now_->content, .size = size};
  unpacked.bytes.resize(size);
  lock.unlock();
  const auto n = reader_->Read(unpacked.content, 0,
                               absl::MakeSpan(unpacked.bytes));
  lock.lock();
  if (n.ok()) AddReady(std::move(unpacked));
}

void ContentPrefetcher::UnpackToSlot(uint64_t size, Lock& lock) {
  Unpacking& work = *now_;
  work.slot = store_.New();
  work.chunks.resize(size / kChunkSize + (size % kChunkSize != 0));
  std::iota(work.chunks.begin(), work.chunks.end(), 0);
  if (work.chunks.size() > 1) changed_.notify_all();
  UnpackChunks(*reader_, work, lock);
  changed_.wait(lock, [&] { return work.busy == 0; });
  if (work.failed || !work.begun()) {
    store_.Release(work.slot);
  } else {
    AddReady({.content = work.content, .size = size, .slot = work.slot});
  }
}

void ContentPrefetcher::UnpackChunks(ContentReader& reader, Unpacking& work,
                                     Lock& lock) {
  ++work.busy;
  while (!ending_ && !work.begun()) {
    if (asked_ && &work != &*asked_ && !asked_->begun()) {
      UnpackChunks(reader, *asked_, lock);
      continue;
    }
    const uint64_t chunk = work.chunks[work.next++];
    lock.unlock();
    const bool unpacked = UnpackChunk(reader, work, chunk);
    lock.lock();
    if (unpacked) continue;
    work.failed = true;
    work.next = work.chunks.size();
  }
  if (--work.busy == 0) changed_.notify_all();
}

bool ContentPrefetcher::UnpackChunk(ContentReader& reader,
                                    const Unpacking& work, uint64_t chunk) {
  const auto bytes = reader.ReadChunk(work.content, chunk);
  return bytes.ok() &&
         store_.Write(work.slot, chunk * kChunkSize, *bytes).ok();
}

}  // namespace emu
