// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/call_data.h"

#include <algorithm>
#include <utility>

namespace emu {
namespace {

// Bounds for what anybody can have written into a file. More threads than ever
// live at a time, and more than is recorded of a call.
constexpr size_t kMostThreads = 4096;
constexpr size_t kMostBytes = 64 << 10;

}  // namespace

absl::StatusOr<bool> CallData::Advance(uint64_t end) {
  while (more_ && !next_) {
    auto next = cursor_.Next();
    if (!next.ok()) return next.status();
    next_ = *std::move(next);
    more_ = next_.has_value();
    // Of calls whose beginning was not passed.
    if (next_ && next_->position < *begin_) next_.reset();
  }
  return next_ && next_->position < end;
}

void CallData::Keep(Excerpt excerpt) {
  if (calls_.size() >= kMostThreads) calls_.clear();
  Call& call = calls_[excerpt.tid];
  call.bytes += excerpt.bytes.size();
  if (call.bytes > kMostBytes) return;
  call.pieces[excerpt.address] = std::move(excerpt.bytes);
}

absl::Status CallData::Pass(uint64_t number, const TraceEvent& event) {
  if (!begin_) begin_ = number;
  const bool enter = event.kind == EventKind::kEnter;
  if (enter || event.kind == EventKind::kDeath) calls_.erase(event.tid);
  // What a call reads at first, it reads right behind its enter.
  const uint64_t end = number + (enter ? 2 : 1);
  for (;;) {
    const absl::StatusOr<bool> there = Advance(end);
    if (!there.ok()) return there.status();
    if (!*there) return absl::OkStatus();
    Keep(*std::exchange(next_, std::nullopt));
  }
}

size_t CallData::Read(int32_t tid, void* to, GuestAddr from, size_t n) const {
  const auto call = calls_.find(tid);
  if (call == calls_.end()) return 0;
  const auto& pieces = call->second.pieces;
  auto piece = pieces.upper_bound(from);
  if (piece == pieces.begin()) return 0;
  --piece;
  const uint64_t skipped = from - piece->first;
  if (skipped >= piece->second.size()) return 0;
  return piece->second.copy(static_cast<char*>(to), n, skipped);
}

}  // namespace emu
