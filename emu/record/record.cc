// SPDX-License-Identifier: Apache-2.0

#include "emu/record/record.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "arch/host/host_settings.h"
#include "arch/isa/cpu_features.h"
#include "emu/exit_status.h"
#include "emu/guest_run.h"
#include "emu/live_outside.h"
#include "emu/options.h"
#include "emu/record/content_store.h"
#include "emu/record/input_recorder.h"
#include "emu/record/progress.h"
#include "emu/record/recording_env.h"
#include "emu/record/recording_files.h"
#include "emu/record/recording_host_tree.h"
#include "emu/record/recording_options.h"
#include "emu/record/sinks.h"
#include "emu/trace/compression.h"
#include "emu/trace/trace_writer.h"
#include "emu/values.h"
#include "emu/version.h"

namespace emu {
namespace {

constexpr Nanos kSecond = 1'000'000'000;
// What a killed emu loses at most of a run that goes on, and of one that has
// come to a wait.
constexpr Nanos kFlushInterval = kSecond;
constexpr Nanos kIdleFlushInterval = kSecond / 10;

// A recording is made of every run, and looked at of few: in a third of the time
// of zstd's level 1, with half as much space again.
constexpr Compression kContentCompression = {
    .level = -5, .hash_log = 10, .min_match = 7};

OutsideFacts FactsOf(LiveEnv& env) {
  OutsideFacts facts;
  facts.key = env.choices().key();
  facts.random_schedule = env.choices().random_schedule();
  facts.boot_time = env.BootTime();
  facts.streams = {env.Kind(StdStream::kIn), env.Kind(StdStream::kOut),
                   env.Kind(StdStream::kErr), env.Kind(StdStream::kTerminal)};
  return facts;
}

// Everything that a recording needs beside the run itself, in the order of its
// making.
class Recorder : public RecordingWatcher {
 public:
  Recorder(LiveOutside& host, const RecordOptions& options)
      : host_(host),
        options_(options),
        progress_(isatty(STDERR_FILENO) != 0 &&
                      options.run.strace != std::string(),
                  [](absl::string_view text) {
                    WriteDiagnostic(text, /*raw=*/false);
                  }) {}

  absl::Status Open(const GuestSetup& setup);
  // What the run is to use in place of the host's own.
  GuestDoors Doors();
  // The run is over, with that exit status. Returns emu's.
  int Finish(int exit_status, const std::string& message);

  void OnTick(bool idle) override;
  void BeforeOutput(StdStream stream, absl::Span<const char> bytes) override;

 private:
  LiveOutside& host_;
  const RecordOptions& options_;
  Progress progress_;
  std::string path_;
  std::unique_ptr<ContentStore> store_;
  std::unique_ptr<TraceWriter> writer_;  // may still read from the store
  std::unique_ptr<InputRecorder> inputs_;
  std::unique_ptr<RecordingFiles> files_;
  std::vector<std::unique_ptr<RecordingHostTree>> trees_;  // the root first
  std::unique_ptr<RecordingEnv> env_;
  std::unique_ptr<RecordingSink> sink_;
  Nanos flushed_ = 0;            // when
  uint64_t flushed_events_ = 0;  // and how many events there were
};

absl::Status Recorder::Open(const GuestSetup& setup) {
  path_ = options_.output;
  if (path_.empty()) {
    path_ = kDefaultRecording;
    if (access(path_.c_str(), F_OK) == 0) {
      return absl::AlreadyExistsError(absl::StrCat(
          path_, " is there already: -o ", path_, " replaces it"));
    }
  }
  RecordingOptions facts;
  facts.version = kVersion;
  facts.root = options_.run.root;
  facts.setup = setup;
  facts.outside = FactsOf(host_.env());
  facts.cpu_features = isa::CpuFeatures();
  facts.processor = Processor::Here();
  TraceOptions options;
  options.options = ToJson(facts);
  // A program's files are most of a recording and of what it costs.
  options.content_compression = kContentCompression;
  options.in_background = true;
  options.guest_cpu = CpuToPinTo(/*preferred=*/-1);
  auto writer = TraceWriter::Create(path_, options);
  if (!writer.ok()) return writer.status();
  writer_ = *std::move(writer);
  inputs_ = std::make_unique<InputRecorder>(*writer_);
  auto store = ContentStore::Create();
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  files_ = std::make_unique<RecordingFiles>(*store_, *writer_, *inputs_,
                                            host_.files());
  const GuestTrees host = host_.trees();
  trees_.push_back(std::make_unique<RecordingHostTree>(
      *host.root, 0, options_.run.root, /*writable=*/false, *inputs_,
      *files_));
  for (size_t i = 0; i < host.binds.size(); ++i) {
    const BindOption& bind = setup.binds[i];
    trees_.push_back(std::make_unique<RecordingHostTree>(
        *host.binds[i], static_cast<int>(i) + 1, bind.host, bind.writable,
        *inputs_, *files_));
  }
  env_ = std::make_unique<RecordingEnv>(host_.env(), *inputs_, *this);
  sink_ = std::make_unique<RecordingSink>(*writer_, *inputs_,
                                          [this] { OnTick(/*idle=*/false); });
  return absl::OkStatus();
}

GuestDoors Recorder::Doors() {
  GuestTrees trees;
  trees.root = trees_[0].get();
  for (size_t i = 1; i < trees_.size(); ++i) {
    trees.binds.push_back(trees_[i].get());
  }
  return {.signals = host_.signals(),
          .env = *env_,
          .streams = host_.env().streams(),
          .files = *files_,
          .trees = trees,
          .recorder = sink_.get(),
          .memory_mode = host_.memory_mode(),
          .at_end = [this] { progress_.Clear(); }};
}

void Recorder::OnTick(bool idle) {
  const Nanos now = HostClock(CLOCK_MONOTONIC);
  progress_.Update(now, host_.env().streams().raw(), [this] {
    return absl::StrCat("recorded ", ProgressText(writer_->totals()));
  });
  const Nanos interval = idle ? kIdleFlushInterval : kFlushInterval;
  if (now - flushed_ < interval) return;
  flushed_ = now;
  const uint64_t events = writer_->totals().events;
  if (events == flushed_events_) return;
  flushed_events_ = events;
  // A failure stays, and is told at the end.
  writer_->Push();
}

void Recorder::BeforeOutput(StdStream stream, absl::Span<const char> bytes) {
  if (host_.env().Kind(stream) != Env::StreamKind::kTerminal) return;
  progress_.BeforeOutput(HostClock(CLOCK_MONOTONIC), bytes);
}

int Recorder::Finish(int exit_status, const std::string& message) {
  inputs_->Stop();
  const absl::Status status =
      writer_->Finish({.status = exit_status, .message = message});
  if (status.ok()) return exit_status;
  Say(absl::StrCat("the recording ", Quoted(path_), " is cut short: ",
                   status.message()));
  return exit_status == 0 ? kExitFailure : exit_status;
}

int Record(const RecordOptions& options) {
  auto outside = LiveOutside::Open(options.run);
  if (!outside.ok()) return Fail(outside.status());
  LiveOutside& host = **outside;
  const GuestSetup setup = host.Setup();
  const ReportOptions reports = {.strace = options.run.strace,
                                 .stats = options.run.stats,
                                 .strict = options.run.strict,
                                 .exports = options.run.exports};
  Recorder recorder(host, options);
  absl::Status status = recorder.Open(setup);
  if (!status.ok()) return Fail(status);
  GuestRun run(setup, reports, recorder.Doors());
  status = run.Prepare();
  if (!status.ok()) return Fail(status);
  const int exit_status = run.Run();
  const std::string message = run.end() ? run.end()->report : "";
  const int recorded = recorder.Finish(exit_status, message);
  return run.Finish(recorded, host.Impurities());
}

}  // namespace

int RecordCommand(absl::Span<const std::string> args) {
  const absl::StatusOr<RecordOptions> options =
      ParseRecordOptions(args, getenv("SOURCE_DATE_EPOCH"));
  if (!options.ok()) return Fail(options.status());
  if (options->run.help) return PrintHelp(RecordHelp());
  return Record(*options);
}

}  // namespace emu
