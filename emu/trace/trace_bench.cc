// SPDX-License-Identifier: Apache-2.0
//
// What recording costs beside the run: an event to write, with its share of
// compression, and to read; a file's content to store.

#include <memory>
#include <string>
#include <vector>

#include "benchmark/benchmark.h"
#include "emu/trace/synthetic_events.h"
#include "emu/trace/trace_reader.h"
#include "emu/trace/trace_writer.h"

namespace emu {
namespace {

// Counts bytes and drops them.
class NoSink : public ByteSink {
 public:
  absl::StatusOr<uint64_t> Size() const override { return bytes_; }
  absl::StatusOr<size_t> ReadAt(uint64_t, absl::Span<char>) const override {
    return 0;
  }
  absl::Status Append(absl::string_view bytes) override {
    bytes_ += bytes.size();
    return absl::OkStatus();
  }

 private:
  uint64_t bytes_ = 0;
};

std::vector<TraceEvent> Events(size_t n) {
  SyntheticEvents events;
  std::vector<TraceEvent> made;
  while (made.size() < n) made.push_back(events.Next());
  return made;
}

void BM_AddEvent(benchmark::State& state) {
  const std::vector<TraceEvent> events = Events(1 << 16);
  auto writer =
      TraceWriter::Create(std::make_unique<NoSink>(),
                          {.event_compression = {static_cast<int>(state.range(0))}});
  size_t i = 0;
  for (auto _ : state) (*writer)->AddEvent(events[i++ % events.size()]);
  state.counters["bytes_per_call"] =
      static_cast<double>((*writer)->totals().bytes) /
      static_cast<double>((*writer)->totals().calls);
}
BENCHMARK(BM_AddEvent)->ArgName("level")->Arg(1)->Arg(-1)->Arg(-5);

void BM_NextEvent(benchmark::State& state) {
  std::string bytes;
  auto writer = TraceWriter::Create(std::make_unique<MemorySink>(&bytes), {});
  for (const TraceEvent& event : Events(1 << 20)) (*writer)->AddEvent(event);
  (*writer)->Finish({}).IgnoreError();
  const auto reader =
      TraceReader::Open(std::make_unique<MemorySource>(bytes), "events");
  auto cursor = std::make_unique<EventCursor>(**reader);
  for (auto _ : state) {
    if (!(*cursor->Next()).has_value()) {
      cursor = std::make_unique<EventCursor>(**reader);
    }
  }
}
BENCHMARK(BM_NextEvent);

void BM_AddContent(benchmark::State& state) {
  auto file = OpenFileSource("/proc/self/exe");
  std::string content(4 << 20, '\0');
  content.resize(*(*file)->ReadAt(0, absl::MakeSpan(content)));
  for (auto _ : state) {
    auto writer = TraceWriter::Create(
        std::make_unique<NoSink>(),
        {.content_compression = {static_cast<int>(state.range(0))}});
    (*writer)->AddContent(content);
    state.counters["ratio"] = static_cast<double>(content.size()) /
                              static_cast<double>((*writer)->totals().bytes);
  }
  state.SetBytesProcessed(
      static_cast<int64_t>(content.size() * state.iterations()));
}
BENCHMARK(BM_AddContent)->ArgName("level")->Arg(1)->Arg(-1)->Arg(-5);

}  // namespace
}  // namespace emu

BENCHMARK_MAIN();
