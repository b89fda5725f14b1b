// SPDX-License-Identifier: Apache-2.0

#include "emu/record/content_store.h"

namespace emu {

absl::StatusOr<std::unique_ptr<ContentStore>> ContentStore::Create() {
  auto memory = SparseMemory::Create("emu-contents");
  if (!memory.ok()) return memory.status();
  return std::unique_ptr<ContentStore>(new ContentStore(*std::move(memory)));
}

ContentStore::Slot ContentStore::New() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(slots_.size()));
    slots_.emplace_back();
  }
  const Slot slot = free_.back();
  free_.pop_back();
  slots_[slot].users = 1;
  return slot;
}

absl::Status ContentStore::Write(Slot slot, uint64_t offset,
                                 absl::Span<const char> bytes) {
  if (offset > kSlotSize - bytes.size()) {
    return absl::OutOfRangeError("a file of more than a terabyte");
  }
  return memory_.Write(Start(slot) + offset, bytes);
}

absl::Status ContentStore::Read(Slot slot, uint64_t offset,
                                absl::Span<char> out) const {
  return memory_.Read(Start(slot) + offset, out);
}

absl::Status ContentStore::SetSize(Slot slot, uint64_t size) {
  if (size > kSlotSize) {
    return absl::OutOfRangeError("a file of more than a terabyte");
  }
  absl::Status status = memory_.Clear(Start(slot) + size, kSlotSize - size);
  return status.ok() ? memory_.Extend(Start(slot) + size) : status;
}

void ContentStore::Keep(Slot slot) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ++slots_[slot].users;
}

std::optional<ContentStore::Slot> ContentStore::Use(ContentId content) {
  const std::lock_guard<std::mutex> lock(mutex_);
  return UseLocked(content);
}

std::optional<ContentStore::Slot> ContentStore::UseLocked(ContentId content) {
  const auto found = by_content_.find(content);
  if (found == by_content_.end()) return std::nullopt;
  ++slots_[found->second].users;
  return found->second;
}

ContentStore::Slot ContentStore::Settle(Slot slot, ContentId content) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (const std::optional<Slot> known = UseLocked(content)) {
    ReleaseLocked(slot);
    return *known;
  }
  slots_[slot].content = content;
  by_content_[content] = slot;
  return slot;
}

void ContentStore::Release(Slot slot) {
  const std::lock_guard<std::mutex> lock(mutex_);
  ReleaseLocked(slot);
}

void ContentStore::Discard() {
  uint64_t end;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    discarded_ = true;
    end = Start(static_cast<Slot>(slots_.size()));
  }
  // What the host does not take now goes with the process.
  memory_.Clear(0, end).IgnoreError();
}

void ContentStore::ReleaseLocked(Slot slot) {
  if (--slots_[slot].users > 0 || discarded_) return;
  if (slots_[slot].content != kNoContent) {
    by_content_.erase(slots_[slot].content);
  }
  slots_[slot] = Usage();
  // A slot that the host does not clear is not used again.
  if (memory_.Clear(Start(slot), kSlotSize).ok()) free_.push_back(slot);
}

}  // namespace emu
