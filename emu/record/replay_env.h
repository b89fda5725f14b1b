// SPDX-License-Identifier: Apache-2.0
//
// Env as a recording has it. Of this host it uses standard output and error
// alone.

#ifndef EMU_RECORD_REPLAY_ENV_H_
#define EMU_RECORD_REPLAY_ENV_H_

#include <string>

#include "arch/env.h"
#include "arch/host/host_signals.h"
#include "arch/host/seeded_choices.h"
#include "arch/host/standard_streams.h"
#include "emu/record/input_player.h"
#include "emu/record/recording_options.h"
#include "emu/trace/trace_reader.h"

namespace emu {

// The preemptions of a recording, one behind the other.
class PreemptionFinder {
 public:
  // `lenient`: of each.
  PreemptionFinder(const TraceReader& reader, InputPlayer& player, bool lenient)
      : cursor_(reader), events_(reader), player_(player), lenient_(lenient) {}

  // One at kNoPosition behind the last.
  Preemption Next();

 private:
  bool IsLastTurn(const Preemption& preemption);

  InputCursor cursor_;
  EventCursor events_;
  InputPlayer& player_;
  const bool lenient_;
};

class ReplayEnv : public Env {
 public:
  // Everything borrowed outlives it.
  // `lenient`: of its preemptions.
  ReplayEnv(const OutsideFacts& facts, bool lenient, const TraceReader& reader,
            InputPlayer& player, HostSignals& signals,
            StandardStreams& streams)
      : facts_(facts),
        player_(player),
        signals_(signals),
        streams_(streams),
        choices_(facts.key, facts.random_schedule),
        preemptions_(reader, player, lenient) {}

  void FillRandom(absl::Span<char> out) override { choices_.FillRandom(out); }
  size_t PickNext(size_t runnable) override {
    return choices_.PickNext(runnable);
  }
  Nanos BootTime() override { return facts_.boot_time; }
  StreamKind Kind(StdStream stream) override;
  Nanos HostTime() override;
  Result<size_t> ReadInput(StdStream stream, absl::Span<char> out) override;
  Result<size_t> WriteOutput(StdStream stream,
                             absl::Span<const char> bytes) override;
  TerminalSize WindowSize() override;
  void Wait(Awaited what, std::optional<Nanos> timeout) override;
  std::optional<int> TakeSignal() override;
  void StopUntilContinued() override;
  bool TimedOut() override;
  bool HasNews() override { return false; }
  void NotePreemption(const Preemption& preemption) override;
  std::optional<Preemption> NextPreemption() override {
    return preemptions_.Next();
  }

 private:
  // What the recorded run wrote.
  void Show(StdStream stream, absl::Span<const char> bytes);

  const OutsideFacts& facts_;
  InputPlayer& player_;
  HostSignals& signals_;
  StandardStreams& streams_;
  SeededChoices choices_;
  std::string question_;  // its memory serves all of them
  Nanos last_time_ = 0;   // that HostTime gave
  // Looks ahead: where a computation ends is to be known before it begins.
  PreemptionFinder preemptions_;
};

}  // namespace emu

#endif  // EMU_RECORD_REPLAY_ENV_H_
