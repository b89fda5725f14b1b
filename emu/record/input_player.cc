// SPDX-License-Identifier: Apache-2.0

#include "emu/record/input_player.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "emu/trace/input_codec.h"

namespace emu {

std::string CutShort(uint64_t events) {
  return absl::StrCat("the recording was cut short and ends here, behind event ",
                      events);
}

void InputPlayer::set_on_failure(
    std::function<void(const std::string&)> on_failure) {
  on_failure_ = std::move(on_failure);
  if (failure_) on_failure_(*failure_);
}

void InputPlayer::Fail(const std::string& reason) {
  if (failure_ || finished_) return;
  failure_ = reason;
  if (on_failure_) on_failure_(reason);
}

const InputRecord* InputPlayer::Peek() {
  if (failure_ || finished_) return nullptr;
  if (!next_ && !at_end_) {
    auto next = cursor_.Next();
    if (!next.ok()) {
      Fail(std::string(next.status().message()));
      return nullptr;
    }
    next_ = *std::move(next);
    at_end_ = !next_;
  }
  return next_ ? &*next_ : nullptr;
}

std::optional<absl::string_view> InputPlayer::Poll(InputKind kind,
                                                   absl::string_view question) {
  const InputRecord* next = Peek();
  if (next == nullptr) {
    // Nothing more comes from outside; who waits would wait for ever.
    if (kind != InputKind::kNone || !at_end_) return std::nullopt;
    if (reader_.end()) {
      FailMismatch(kind, question);
    } else {
      Fail(CutShort(position_));
    }
    return std::nullopt;
  }
  if (next->skipped > quiet_ && next->position >= position_) {
    ++quiet_;
    return std::nullopt;
  }
  if (next->kind != kind || next->position != position_ ||
      !absl::StartsWith(next->payload, question)) {
    FailMismatch(kind, question);
    return std::nullopt;
  }
  return Take(question);
}

std::optional<absl::string_view> InputPlayer::Ask(InputKind kind,
                                                  absl::string_view question) {
  const InputRecord* next = Peek();
  if (failure_ || finished_) return std::nullopt;
  if (next == nullptr && !reader_.end()) {
    Fail(CutShort(position_));
    return std::nullopt;
  }
  if (next == nullptr || next->kind != kind || next->position != position_ ||
      next->skipped != quiet_ || !absl::StartsWith(next->payload, question)) {
    FailMismatch(kind, question);
    return std::nullopt;
  }
  return Take(question);
}

std::optional<absl::string_view> InputPlayer::Take(absl::string_view question) {
  std::swap(taken_, *next_);
  next_.reset();
  quiet_ = 0;
  return absl::string_view(taken_.payload).substr(question.size());
}

void InputPlayer::FailMismatch(InputKind kind, absl::string_view question) {
  const std::string asked =
      kind == InputKind::kNone ? "waited" : DescribeInput(kind, question);
  std::string expected = "nothing more";
  if (next_) {
    expected = absl::StrCat(DescribeInput(next_->kind, next_->payload),
                            " (behind event ", next_->position, ", after ",
                            next_->skipped, " questions without an answer)");
  }
  Fail(absl::StrCat(
      "the replay asked the outside for something else than the recorded run\n"
      "  recorded: ",
      expected, "\n  replayed: ", asked, " (behind event ", position_,
      ", after ", quiet_, " questions without an answer)"));
}

void InputPlayer::FailMalformed(InputKind kind) {
  Fail(absl::StrCat("the recording is damaged: a record of ",
                    InputKindName(kind), " behind event ", position_,
                    " has an answer that cannot be"));
}

void InputPlayer::Finish() {
  const InputRecord* next = Peek();
  if (next != nullptr) {
    Fail(absl::StrCat("the replay ended before the recorded run, which still "
                      "asked for\n  ",
                      DescribeInput(next->kind, next->payload),
                      " (behind event ", next->position, ")"));
  }
  finished_ = true;
}

}  // namespace emu
