// SPDX-License-Identifier: Apache-2.0

#include "emu/record/excerpt_recorder.h"

#include <limits.h>
#include <string.h>

#include <algorithm>

#include "emu/strace_arguments.h"
#include "emu/trace/block.h"
#include "kernel/syscall.h"

namespace emu {
namespace {

// Strings are shown to 32 bytes; what else is copied in one piece is mostly a
// structure, whose beginning says most.
constexpr size_t kPiece = 64;
constexpr size_t kCall = 512;
// What is looked through for the arguments of a program.
constexpr size_t kPages = 64 << 10;
// What is shown of them, and what is needed to say how many there are.
constexpr size_t kShown = 33;
constexpr size_t kCounted = kLongestExcerpt / sizeof(GuestAddr);

}  // namespace

const ExcerptRecorder::Limits& ExcerptRecorder::LimitsOf(const Event& event) {
  if (limits_.empty()) limits_.resize(kSyscallNumbers + 1);
  // The last is for calls that do not exist.
  const size_t number = event.entry != nullptr && event.number < kSyscallNumbers
                            ? event.number
                            : kSyscallNumbers;
  std::optional<Limits>& known = limits_[number];
  if (known) return *known;
  Limits& limits = known.emplace();
  limits.piece = kPiece;
  limits.total = kCall;
  const auto kinds = ArgumentKinds(event.entry);
  for (size_t i = 0; i < std::min(kinds.size(), limits.path.size()); ++i) {
    limits.path[i] = kinds[i] == ArgumentKind::kPath;
    if (kinds[i] != ArgumentKind::kStrings) continue;
    limits.lists = i;
    limits.piece = kLongestExcerpt;
    limits.total = kPages;
  }
  return limits;
}

bool ExcerptRecorder::Call::HasPathAt(GuestAddr at) const {
  for (size_t i = 0; i < args.size(); ++i) {
    if (limits->path[i] && args[i] == at) return true;
  }
  return false;
}

void ExcerptRecorder::OnData(GuestAddr at, absl::Span<const char> bytes) {
  if (current_ == nullptr || current_->limits == nullptr) return;
  Excerpt* piece = next_ == at ? &held_[held_count_ - 1] : nullptr;
  next_.reset();
  const bool path = current_->HasPathAt(piece != nullptr ? piece->address : at);
  const size_t most = path ? PATH_MAX : current_->limits->piece;
  size_t room = most - std::min(most, piece != nullptr ? piece->bytes.size() : 0);
  if (!path) room = std::min(room, current_->left);
  const size_t kept = std::min(room, bytes.size());
  if (kept == 0) return;
  if (piece == nullptr) piece = &Hold(at);
  piece->bytes.append(bytes.data(), kept);
  if (!path) current_->left -= kept;
  if (kept == bytes.size()) next_ = at + kept;
}

Excerpt& ExcerptRecorder::Hold(GuestAddr at) {
  if (held_.size() == held_count_) held_.emplace_back();
  Excerpt& piece = held_[held_count_++];
  piece.position = writer_.totals().events;
  piece.tid = current_->tid;
  piece.address = at;
  piece.bytes.clear();
  return piece;
}

ExcerptRecorder::Call& ExcerptRecorder::CallOf(Pid tid) {
  Call& call = calls_[tid];
  call.tid = tid;
  return call;
}

void ExcerptRecorder::Write() {
  next_.reset();
  if (held_count_ == 0) return;
  if (current_->limits != nullptr && current_->limits->lists) {
    WriteProgram();
  } else {
    for (size_t i = 0; i < held_count_; ++i) writer_.AddExcerpt(held_[i]);
  }
  held_count_ = 0;
}

absl::string_view ExcerptRecorder::Held(GuestAddr at) const {
  for (size_t i = 0; i < held_count_; ++i) {
    const Excerpt& piece = held_[i];
    if (at >= piece.address && at - piece.address < piece.bytes.size()) {
      return absl::string_view(piece.bytes).substr(at - piece.address);
    }
  }
  return {};
}

void ExcerptRecorder::WritePart(GuestAddr at, size_t n) {
  const absl::string_view bytes = Held(at).substr(0, n);
  if (bytes.empty()) return;
  writer_.AddExcerpt({.position = writer_.totals().events,
                      .tid = current_->tid,
                      .address = at,
                      .bytes = std::string(bytes)});
}

void ExcerptRecorder::WriteProgram() {
  for (size_t i = 0; i < held_count_; ++i) {
    if (current_->HasPathAt(held_[i].address)) writer_.AddExcerpt(held_[i]);
  }
  const size_t first = *current_->limits->lists;
  for (size_t list = first; list < first + 2; ++list) {
    const absl::string_view pointers = Held(current_->args[list]);
    size_t count = 0;
    for (GuestAddr at = 1; at != 0 && count < kCounted; ++count) {
      if (pointers.size() < (count + 1) * sizeof(at)) break;
      memcpy(&at, pointers.data() + count * sizeof(at), sizeof(at));
      if (list != first || at == 0 || count >= kShown) continue;
      const absl::string_view text = Held(at);
      WritePart(at, std::min(text.find('\0'), kShown) + 1);
    }
    WritePart(current_->args[list], count * sizeof(GuestAddr));
  }
}

void ExcerptRecorder::BeforeEvent(const Event& event) {
  Write();
  switch (event.kind) {
    case Event::Kind::kEnter: {
      current_ = &CallOf(event.tid);
      current_->args = event.args;
      current_->limits = &LimitsOf(event);
      current_->left = current_->limits->total;
      return;
    }
    case Event::Kind::kExit:
    case Event::Kind::kExec:
      CallOf(event.tid).limits = nullptr;
      return;
    case Event::Kind::kSwitch:
      current_ = &CallOf(event.tid);
      return;
    case Event::Kind::kDeath:
      if (current_ == &CallOf(event.tid)) current_ = nullptr;
      calls_.erase(event.tid);
      return;
    default:
      return;
  }
}

}  // namespace emu
