// SPDX-License-Identifier: Apache-2.0
//
// The TraceSinks of a recording and of its replay: one puts every event into the
// file, the other compares each with what the file has.

#ifndef EMU_RECORD_SINKS_H_
#define EMU_RECORD_SINKS_H_

#include <functional>
#include <optional>

#include "emu/record/excerpt_recorder.h"
#include "emu/record/input_player.h"
#include "emu/record/input_recorder.h"
#include "emu/trace/trace_reader.h"
#include "emu/trace/trace_writer.h"
#include "kernel/trace.h"

namespace emu {

class RecordingSink : public TraceSink {
 public:
  // `tick` is called every so many events. All outlive it.
  RecordingSink(TraceWriter& writer, InputRecorder& recorder,
                std::function<void()> tick)
      : writer_(writer),
        recorder_(recorder),
        tick_(std::move(tick)),
        excerpts_(writer) {}

  void OnEvent(const Event& event, Task& task) override;
  void OnData(GuestAddr at, absl::Span<const char> bytes) override {
    excerpts_.OnData(at, bytes);
  }
  bool WantsDigests() const override { return true; }

 private:
  static constexpr int kEventsPerTick = 256;

  TraceWriter& writer_;
  InputRecorder& recorder_;
  const std::function<void()> tick_;
  ExcerptRecorder excerpts_;
  int until_tick_ = kEventsPerTick;
};

// Ends the replay, through `player`, at the first difference; and behind the
// last event of a recording that was cut short.
class ReplaySink : public TraceSink {
 public:
  // All outlive it.
  ReplaySink(const TraceReader& reader, InputPlayer& player)
      : reader_(reader), cursor_(reader), player_(player) {}

  void OnEvent(const Event& event, Task& task) override;
  bool WantsDigests() const override { return true; }

  // The run is over: nothing of the recording may be left.
  void Finish();

 private:
  // Reads next_.
  void Advance();

  const TraceReader& reader_;
  EventCursor cursor_;
  InputPlayer& player_;
  std::optional<TraceEvent> next_;
  bool started_ = false;
};

}  // namespace emu

#endif  // EMU_RECORD_SINKS_H_
