// SPDX-License-Identifier: Apache-2.0
//
// Gives the answers of a recording to the same questions, counted: every one
// must be the next that the recorded run asked, after as many events and as many
// answers that said "nothing". The first that is not ends the replay. Owned by
// the command; the replaying doors borrow it.

#ifndef EMU_RECORD_INPUT_PLAYER_H_
#define EMU_RECORD_INPUT_PLAYER_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "emu/trace/inputs.h"
#include "emu/trace/trace_reader.h"

namespace emu {

class InputPlayer {
 public:
  // `reader` outlives it.
  explicit InputPlayer(const TraceReader& reader)
      : reader_(reader), cursor_(reader) {}
  InputPlayer(const InputPlayer&) = delete;
  InputPlayer& operator=(const InputPlayer&) = delete;

  // Called once, with why the replay cannot go on: at once, if that happened
  // before.
  void set_on_failure(std::function<void(const std::string&)> on_failure);
  // The first call counts. What is asked from then on is answered with nothing.
  void Fail(const std::string& reason);
  const std::optional<std::string>& failure() const { return failure_; }

  // The kernel told of an event.
  void CountEvent() { ++position_; }
  uint64_t position() const { return position_; }

  // Answers to `question`, of what may be nothing: none if it is.
  std::optional<absl::string_view> Poll(InputKind kind,
                                        absl::string_view question);
  // Of what never is nothing; none only if the replay failed. What is returned
  // is good until the next question.
  std::optional<absl::string_view> Ask(InputKind kind,
                                       absl::string_view question);
  // A wait, which has no answer.
  void CountQuiet() { (void)Poll(InputKind::kNone, ""); }
  // The next record, without taking it; null if there is none.
  const InputRecord* Peek();
  // An answer that no recorder writes.
  void FailMalformed(InputKind kind);

  // The run is over: whether all of the recording was asked for is in failure().
  void Finish();
  bool finished() const { return finished_; }

 private:
  std::optional<absl::string_view> Take(absl::string_view question);
  void FailMismatch(InputKind kind, absl::string_view question);

  const TraceReader& reader_;
  InputCursor cursor_;
  std::function<void(const std::string&)> on_failure_;
  std::optional<std::string> failure_;
  std::optional<InputRecord> next_;
  bool at_end_ = false;
  InputRecord taken_;  // behind the last answer
  uint64_t position_ = 0;
  uint64_t quiet_ = 0;  // since the last record
  bool finished_ = false;
};

// Why a replay ends where its recording was cut short.
std::string CutShort(uint64_t events);

}  // namespace emu

#endif  // EMU_RECORD_INPUT_PLAYER_H_
