// SPDX-License-Identifier: Apache-2.0
//
// Env with every answer put into a recording. Seeded answers are not: the seed
// is.

#ifndef EMU_RECORD_RECORDING_ENV_H_
#define EMU_RECORD_RECORDING_ENV_H_

#include <optional>

#include "arch/env.h"
#include "emu/record/input_recorder.h"

namespace emu {

// Who is told of what happens at the host's pace.
class RecordingWatcher {
 public:
  virtual ~RecordingWatcher() = default;
  // Time goes by. Not `idle`: a guest computes.
  virtual void OnTick(bool idle) = 0;
  // The guest is about to write.
  virtual void BeforeOutput(StdStream stream,
                            absl::Span<const char> bytes) = 0;
};

class RecordingEnv : public Env {
 public:
  // All outlive it.
  RecordingEnv(Env& host, InputRecorder& recorder, RecordingWatcher& watcher)
      : host_(host), recorder_(recorder), watcher_(watcher) {}

  void FillRandom(absl::Span<char> out) override { host_.FillRandom(out); }
  size_t PickNext(size_t runnable) override { return host_.PickNext(runnable); }
  Nanos BootTime() override { return host_.BootTime(); }
  StreamKind Kind(StdStream stream) override { return host_.Kind(stream); }

  Nanos HostTime() override;
  Result<size_t> ReadInput(StdStream stream, absl::Span<char> out) override;
  Result<size_t> WriteOutput(StdStream stream,
                             absl::Span<const char> bytes) override;
  TerminalSize WindowSize() override;
  void Wait(Awaited what, std::optional<Nanos> timeout) override;
  std::optional<int> TakeSignal() override;
  void StopUntilContinued() override;
  bool TimedOut() override;
  bool HasNews() override;
  void NotePreemption(const Preemption& preemption) override;
  bool KeepsPreemptions() override { return true; }
  std::optional<Preemption> NextPreemption() override { return std::nullopt; }

 private:
  Env& host_;
  InputRecorder& recorder_;
  RecordingWatcher& watcher_;
  Nanos last_time_ = 0;  // that HostTime gave
};

}  // namespace emu

#endif  // EMU_RECORD_RECORDING_ENV_H_
