// SPDX-License-Identifier: Apache-2.0
//
// Env on the running host: seeded randomness, emu's own standard streams, the
// host's clock and signals. Owned by main.

#ifndef ARCH_HOST_LIVE_ENV_H_
#define ARCH_HOST_LIVE_ENV_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "arch/env.h"
#include "arch/host/host_clock.h"
#include "arch/host/host_signals.h"
#include "arch/host/random_stream.h"
#include "arch/host/seeded_choices.h"
#include "arch/host/standard_streams.h"

namespace emu {

struct LiveEnvOptions {
  // What guests' randomness is made of; no value: the host's entropy.
  std::optional<uint64_t> seed = 0;
  // Whether the order in which threads run is drawn from the seed as well; else
  // the oldest runs first.
  bool random_schedule = false;
  Nanos boot_time = 0;
  // How much host time the run may take.
  std::optional<Nanos> time_limit = std::nullopt;
};

class LiveEnv : public Env {
 public:
  // `signals` outlives it. The time limit starts to run.
  static absl::StatusOr<std::unique_ptr<LiveEnv>> Create(
      const LiveEnvOptions& options, HostSignals& signals);
  ~LiveEnv() override;

  void FillRandom(absl::Span<char> out) override { choices_.FillRandom(out); }
  size_t PickNext(size_t runnable) override {
    return choices_.PickNext(runnable);
  }
  Nanos BootTime() override { return boot_time_; }
  Nanos HostTime() override;
  StreamKind Kind(StdStream stream) override { return streams_.Kind(stream); }
  Result<size_t> ReadInput(StdStream stream, absl::Span<char> out) override;
  Result<size_t> WriteOutput(StdStream stream,
                             absl::Span<const char> bytes) override;
  TerminalSize WindowSize() override { return streams_.WindowSize(); }
  void Wait(Awaited what, std::optional<Nanos> timeout) override;
  std::optional<int> TakeSignal() override;
  void StopUntilContinued() override { Stop(/*whole_job=*/true); }
  bool TimedOut() override;
  bool HasNews() override;
  void NotePreemption(const Preemption&) override {}
  std::optional<Preemption> NextPreemption() override { return std::nullopt; }

  // For emu's own words on standard error.
  StandardStreams& streams() { return streams_; }
  // What a replay draws from as well.
  const SeededChoices& choices() const { return choices_; }

 private:
  LiveEnv(const LiveEnvOptions& options, const RandomStream::Key& key,
          HostSignals& signals);

  // With `whole_job`, together with all of the host's process group; else the
  // host has sent SIGTSTP to the others already.
  void Stop(bool whole_job);

  HostSignals& signals_;
  StandardStreams streams_;
  SeededChoices choices_;
  const Nanos boot_time_;
  const Nanos started_;  // on the host's monotonic clock
  const std::optional<Nanos> time_limit_;
  bool timed_out_ = false;
};

}  // namespace emu

#endif  // ARCH_HOST_LIVE_ENV_H_
