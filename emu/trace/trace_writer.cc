// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/trace_writer.h"

#include <algorithm>
#include <utility>

#include "arch/base/check.h"
#include "emu/trace/block.h"
#include "emu/trace/content_writer.h"
#include "emu/trace/digester.h"
#include "emu/trace/end_codec.h"
#include "emu/trace/event_codec.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// Blocks of inputs and files are written when they have so many bytes.
constexpr size_t kFullBlock = 128 << 10;
// A payload that has more is stored as a content.
constexpr size_t kLongestInline = 64 << 10;
// A file's name may be longer than any host's; the entry is for people only.
constexpr size_t kLongestPath = 64 << 10;
// For what is small and seldom written.
constexpr int kLevel = 3;

}  // namespace

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Create(
    const std::string& path, const TraceOptions& options) {
  auto sink = CreateFileSink(path);
  if (!sink.ok()) return sink.status();
  return Create(*std::move(sink), options);
}

absl::StatusOr<std::unique_ptr<TraceWriter>> TraceWriter::Create(
    std::unique_ptr<ByteSink> sink, const TraceOptions& options) {
  if (options.options.size() > kLargestOptions) {
    return absl::InvalidArgumentError(
        "the program's arguments and environment are too large for a "
        "recording");
  }
  EMU_CHECK(IsJsonObject(options.options));
  auto writer = std::unique_ptr<TraceWriter>(new TraceWriter(std::move(sink)));
  writer->event_level_ = options.event_level;
  writer->contents_ = std::make_unique<ContentWriter>(
      *writer->sink_, *writer->blocks_, options.content_level);
  absl::string_view rest = options.options;
  for (uint64_t i = 0; !rest.empty(); ++i) {
    const absl::string_view part = rest.substr(0, kLargestBlock);
    writer->blocks_->Write(BlockType::kOptions, 1, i, part, kLevel);
    rest.remove_prefix(part.size());
  }
  writer->totals_.bytes = writer->blocks_->bytes();
  if (!writer->status().ok()) return writer->status();
  return writer;
}

TraceWriter::TraceWriter(std::unique_ptr<ByteSink> sink)
    : sink_(std::move(sink)),
      blocks_(std::make_unique<BlockWriter>(*sink_)),
      encoder_(std::make_unique<EventEncoder>()),
      digester_(std::make_unique<TraceDigester>()) {}

TraceWriter::~TraceWriter() = default;

const absl::Status& TraceWriter::status() const { return blocks_->status(); }

TraceDigest TraceWriter::digest() const { return digester_->Get(); }

void TraceWriter::AddEvent(const TraceEvent& event) {
  digester_->Add(event);
  encoder_->Add(event);
  ++totals_.events;
  totals_.calls += event.kind == EventKind::kEnter ? 1 : 0;
  totals_.time = event.time;
  if (encoder_->full()) FlushEvents();
}

void TraceWriter::AddInput(const InputRecord& input) {
  EMU_CHECK(input.position >= input_position_);
  ContentId content = kNoContent;
  if (input.payload.size() > kLargestPayload) {
    blocks_->Fail(
        absl::OutOfRangeError("an input is too large to be recorded"));
    return;
  }
  if (input.payload.size() > kLongestInline) {
    content = AddContent(input.payload);
    if (content == kNoContent) return;
  }
  // The first of a block counts from 0.
  const uint64_t before = inputs_held_ == 0 ? 0 : input_position_;
  input_position_ = input.position;
  inputs_.push_back(static_cast<char>(input.kind));
  AppendVarint(inputs_, input.position - before);
  AppendVarint(inputs_, input.skipped);
  if (content != kNoContent) {
    AppendVarint(inputs_, uint64_t{content} << 1 | 1);
  } else {
    AppendVarint(inputs_, uint64_t{input.payload.size()} << 1);
    inputs_ += input.payload;
  }
  ++inputs_held_;
  ++totals_.inputs;
  if (inputs_.size() >= kFullBlock) FlushInputs();
}

void TraceWriter::AddExcerpt(const Excerpt& excerpt) {
  EMU_CHECK(excerpt.position >= last_excerpt_.position);
  EMU_CHECK(excerpt.bytes.size() <= kLongestExcerpt);
  // The first of a block counts from 0.
  const Excerpt before =
      excerpts_held_ == 0 ? Excerpt() : std::move(last_excerpt_);
  AppendVarint(excerpts_, excerpt.position - before.position);
  AppendVarint(excerpts_,
               ZigZag(static_cast<uint64_t>(int64_t{excerpt.tid} - before.tid)));
  AppendVarint(excerpts_, ZigZag(excerpt.address - before.address));
  AppendBytes(excerpts_, excerpt.bytes);
  last_excerpt_ = {excerpt.position, excerpt.tid, excerpt.address, ""};
  ++excerpts_held_;
  if (excerpts_.size() >= kFullBlock) FlushExcerpts();
}

absl::StatusOr<ContentId> TraceWriter::AddContent(ContentSource next) {
  const auto id = contents_->Add(next);
  totals_.contents = contents_->count();
  totals_.bytes = blocks_->bytes();
  return id;
}

ContentId TraceWriter::AddContent(absl::string_view bytes) {
  const auto id =
      AddContent([&bytes](absl::Span<char> out) -> absl::StatusOr<size_t> {
        const size_t n = bytes.copy(out.data(), out.size());
        bytes.remove_prefix(n);
        return n;
      });
  return id.ok() ? *id : kNoContent;
}

void TraceWriter::AddFile(const RecordedFile& file) {
  AppendBytes(files_, absl::string_view(file.path).substr(0, kLongestPath));
  AppendVarint(files_, file.mode);
  AppendVarint(files_, ZigZag(static_cast<uint64_t>(file.mtime)));
  AppendVarint(files_, file.content == kNoContent ? 0 : file.content + 1);
  ++files_held_;
  ++totals_.files;
  if (files_.size() >= kFullBlock) FlushFiles();
}

void TraceWriter::FlushEvents() {
  // A reader of these events needs the inputs before them.
  FlushInputs();
  FlushExcerpts();
  const uint32_t count = encoder_->count();
  if (count == 0) return;
  const auto parts = encoder_->Take();
  blocks_->Write(BlockType::kEvents, count, events_written_, parts,
                 event_level_);
  events_written_ += count;
  totals_.bytes = blocks_->bytes();
}

void TraceWriter::FlushInputs() {
  if (inputs_held_ == 0) return;
  blocks_->Write(BlockType::kInputs, inputs_held_, inputs_written_, inputs_,
                 event_level_);
  inputs_written_ += inputs_held_;
  inputs_held_ = 0;
  inputs_.clear();
  totals_.bytes = blocks_->bytes();
}

void TraceWriter::FlushExcerpts() {
  if (excerpts_held_ == 0) return;
  blocks_->Write(BlockType::kExcerpts, excerpts_held_, excerpts_written_,
                 excerpts_, event_level_);
  excerpts_written_ += excerpts_held_;
  excerpts_held_ = 0;
  excerpts_.clear();
  totals_.bytes = blocks_->bytes();
}

void TraceWriter::FlushFiles() {
  if (files_held_ == 0) return;
  blocks_->Write(BlockType::kFiles, files_held_, files_written_, files_,
                 kLevel);
  files_written_ += files_held_;
  files_held_ = 0;
  files_.clear();
  totals_.bytes = blocks_->bytes();
}

absl::Status TraceWriter::Flush() {
  FlushEvents();
  FlushFiles();
  return status();
}

absl::Status TraceWriter::Finish(const TraceEnd& end) {
  if (!Flush().ok()) return status();
  blocks_->Write(BlockType::kEnd, 1, 0, EncodeEnd(end, totals_, digest()),
                 kLevel);
  totals_.bytes = blocks_->bytes();
  return status();
}

}  // namespace emu
