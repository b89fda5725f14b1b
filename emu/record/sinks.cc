// SPDX-License-Identifier: Apache-2.0

#include "emu/record/sinks.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "emu/trace/event_text.h"
#include "emu/trace/kernel_event.h"

namespace emu {

void RecordingSink::OnEvent(const Event& event, Task&) {
  if (recorder_.stopped()) return;
  excerpts_.BeforeEvent(event);
  writer_.AddEvent(ToTraceEvent(event));
  recorder_.CountEvent();
  if (--until_tick_ > 0) return;
  until_tick_ = kEventsPerTick;
  tick_();
}

void ReplaySink::Advance() {
  auto next = cursor_.Next();
  if (next.ok()) {
    next_ = *next;
  } else {
    next_.reset();
    player_.Fail(std::string(next.status().message()));
  }
}

void ReplaySink::OnEvent(const Event& event, Task&) {
  if (!started_) Advance();
  started_ = true;
  if (player_.failure() || player_.finished()) return;
  const TraceEvent now = ToTraceEvent(event);
  const uint64_t position = player_.position();
  if (!next_) {
    player_.Fail(absl::StrCat(
        "the replay went on where the recorded run ended, with event ",
        position, "\n  replayed: ", EventText(now)));
    return;
  }
  if (now != *next_) {
    player_.Fail(absl::StrCat(
        "the replay went another way than the recorded run at event ",
        position, ", in its ", absl::StrJoin(DifferingFields(*next_, now), ", "),
        "\n  recorded: ", EventText(*next_), "\n  replayed: ",
        EventText(now)));
    return;
  }
  player_.CountEvent();
  Advance();
  if (!next_ && !reader_.end()) player_.Fail(CutShort(player_.position()));
}

void ReplaySink::Finish() {
  if (!started_) Advance();
  if (!next_) return;
  player_.Fail(absl::StrCat(
      "the replay ended before the recorded run, which went on with event ",
      player_.position(), "\n  recorded: ", EventText(*next_)));
}

}  // namespace emu
