// SPDX-License-Identifier: Apache-2.0

#include "emu/record/replay.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "arch/host/end_on_signals.h"
#include "arch/host/host_settings.h"
#include "arch/host/owned_fd.h"
#include "arch/isa/cpu_features.h"
#include "emu/exit_status.h"
#include "emu/guest_run.h"
#include "emu/record/content_prefetcher.h"
#include "emu/record/content_store.h"
#include "emu/record/input_player.h"
#include "emu/record/recording_options.h"
#include "emu/record/replay_env.h"
#include "emu/record/replay_files.h"
#include "emu/record/replay_host_tree.h"
#include "emu/record/sinks.h"
#include "emu/replay_options.h"
#include "emu/trace/trace_reader.h"
#include "kernel/task.h"

namespace emu {
namespace {

absl::StatusOr<RecordingOptions> OptionsOf(const TraceReader& reader) {
  auto options = RecordingOptionsFromJson(reader.options());
  if (options.ok()) return options;
  return absl::Status(options.status().code(),
                      absl::StrCat(reader.name(), ": ",
                                   options.status().message()));
}

// Programs ask the processor itself what it has.
void SayWhatIsMissing(const RecordingOptions& recording) {
  const std::vector<std::string> here = isa::CpuFeatures();
  std::vector<std::string> missing;
  for (const std::string& feature : recording.cpu_features) {
    if (std::find(here.begin(), here.end(), feature) == here.end()) {
      missing.push_back(feature);
    }
  }
  if (missing.empty()) return;
  Say(absl::StrCat("this processor lacks ", absl::StrJoin(missing, " "),
                   ", which the recorded run had: the replay may go another "
                   "way"));
}

// What answers for the outside in a replay.
class Replayer {
 public:
  Replayer(const TraceReader& reader, const RecordingOptions& recording)
      : reader_(reader),
        recording_(recording),
        cpu_(CpuToPinTo(CanTrapCpuid() ? -1 : recording.processor.cpu)),
        player_(reader),
        sink_(reader, player_) {}

  // What the guest writes goes to these.
  absl::Status Open(int output, int errors);
  GuestDoors Doors();
  InputPlayer& player() { return player_; }
  // The run is over, with that exit status: whether that is all there was.
  // Returns emu's exit status.
  int Finish(int exit_status);
  // Nobody looks at files any more.
  void DiscardContents() { prefetcher_->Discard(); }

 private:
  const TraceReader& reader_;
  const RecordingOptions& recording_;
  const int cpu_;  // the guests'
  InputPlayer player_;
  ReplaySink sink_;
  std::unique_ptr<HostSignals> signals_;
  std::unique_ptr<StandardStreams> streams_;
  std::unique_ptr<ContentStore> store_;
  std::unique_ptr<ContentPrefetcher> prefetcher_;
  std::unique_ptr<ReplayFiles> files_;
  std::vector<std::unique_ptr<ReplayHostTree>> trees_;  // the root first
  std::unique_ptr<ReplayEnv> env_;
};

absl::Status Replayer::Open(int output, int errors) {
  auto signals = HostSignals::Install();
  if (!signals.ok()) return signals.status();
  signals_ = *std::move(signals);
  EndOnSignals("emu: the replay was ended by a signal\n");
  streams_ = std::make_unique<StandardStreams>(*signals_,
                                               std::array<int, 3>{-1, output, errors});
  auto store = ContentStore::Create();
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  prefetcher_ = std::make_unique<ContentPrefetcher>(
      reader_, *store_, ContentPrefetcher::Limits());
  // Without it contents are unpacked when they are used.
  prefetcher_->Start(cpu_).IgnoreError();
  files_ = std::make_unique<ReplayFiles>(*store_, reader_, *prefetcher_,
                                         player_);
  const int trees = static_cast<int>(recording_.setup.binds.size()) + 1;
  for (int number = 0; number < trees; ++number) {
    trees_.push_back(
        std::make_unique<ReplayHostTree>(number, player_, *files_));
  }
  const bool lenient =
      Processor::Here(recording_.processor.cpu) != recording_.processor;
  env_ = std::make_unique<ReplayEnv>(recording_.outside, lenient, reader_,
                                     player_, *signals_, *streams_);
  return absl::OkStatus();
}

GuestDoors Replayer::Doors() {
  GuestTrees trees;
  trees.root = trees_[0].get();
  for (size_t i = 1; i < trees_.size(); ++i) {
    trees.binds.push_back(trees_[i].get());
  }
  return {.signals = *signals_,
          .env = *env_,
          .streams = *streams_,
          .files = *files_,
          .trees = trees,
          .recorder = &sink_,
          .preferred_cpu = cpu_,
          .memory_watch = false,
          .failure = &player_.failure()};
}

int Replayer::Finish(int exit_status) {
  // Said when the run ended.
  if (player_.failure()) return kExitFailure;
  sink_.Finish();
  player_.Finish();
  if (!player_.failure() && reader_.end() &&
      reader_.end()->status != exit_status) {
    Say(absl::StrCat("the replay ended with status ", exit_status,
                     ", the recorded run with ", reader_.end()->status));
    return kExitFailure;
  }
  if (!player_.failure()) return exit_status;
  Say(*player_.failure());
  return kExitFailure;
}

int Replay(const ReplayOptions& options) {
  auto reader = TraceReader::Open(options.file);
  if (!reader.ok()) return Fail(reader.status());
  const absl::StatusOr<RecordingOptions> recording = OptionsOf(**reader);
  if (!recording.ok()) return Fail(recording.status());
  SayWhatIsMissing(*recording);
  const ReportOptions reports = {.strace = options.strace,
                                 .stats = options.stats,
                                 .impurities = false,
                                 .exports = options.exports};
  Replayer replayer(**reader, *recording);
  absl::Status status = replayer.Open(STDOUT_FILENO, STDERR_FILENO);
  if (!status.ok()) return Fail(status);
  GuestRun run(recording->setup, reports, replayer.Doors());
  status = run.Prepare();
  if (const auto& failure = replayer.player().failure()) {
    return Fail(absl::AbortedError(*failure));
  }
  if (!status.ok()) return Fail(status);
  replayer.player().set_on_failure([&run](const std::string& reason) {
    run.kernel().RequestStop(reason);
  });
  const int exit_status = replayer.Finish(run.Run());
  const int finished = run.Finish(exit_status, {});
  replayer.DiscardContents();
  return finished;
}

// Ends the run at an event, which somebody wants to see.
class StopAt : public TraceSink {
 public:
  StopAt(TraceSink& next, uint64_t position,
         const std::function<void(Task&)>& look)
      : next_(next), position_(position), look_(look) {}

  void OnEvent(const Event& event, Task& task) override {
    next_.OnEvent(event, task);
    if (event.sequence != position_) return;
    look_(task);
    task.kernel().RequestStop("");
  }
  bool WantsDigests() const override { return next_.WantsDigests(); }

 private:
  TraceSink& next_;
  const uint64_t position_;
  const std::function<void(Task&)>& look_;
};

}  // namespace

absl::Status ReplayUntil(const std::string& file, uint64_t position,
                         const std::function<void(Task&)>& look) {
  auto reader = TraceReader::Open(file);
  if (!reader.ok()) return reader.status();
  const absl::StatusOr<RecordingOptions> recording = OptionsOf(**reader);
  if (!recording.ok()) return recording.status();
  const OwnedFd nowhere(open("/dev/null", O_RDWR | O_CLOEXEC));
  Replayer replayer(**reader, *recording);
  absl::Status status = replayer.Open(nowhere.get(), nowhere.get());
  if (!status.ok()) return status;
  GuestDoors doors = replayer.Doors();
  StopAt stop(*doors.recorder, position, look);
  doors.recorder = &stop;
  GuestRun run(recording->setup, {}, doors);
  status = run.Prepare();
  if (!status.ok()) return status;
  replayer.player().set_on_failure(
      [&run](const std::string&) { run.kernel().RequestStop(""); });
  run.Run();
  const auto& failure = replayer.player().failure();
  return failure ? absl::AbortedError(*failure) : absl::OkStatus();
}

int ReplayCommand(absl::Span<const std::string> args) {
  const absl::StatusOr<ReplayOptions> options = ParseReplayOptions(args);
  if (!options.ok()) return Fail(options.status());
  if (options->help) return PrintHelp(ReplayHelp());
  return Replay(*options);
}

}  // namespace emu
