// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/trace_writer.h"

#include <string>
#include <utility>
#include <vector>

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
constexpr Compression kThorough = {.level = 3};
// What may wait to be written: contents are read where the guests' files are, in
// memory.
constexpr size_t kMostBehind = 64 << 20;
constexpr size_t kLeastHeld = 4096;  // by a content
// How often it is made sure that all of the contents so far are in the file.
constexpr ContentId kContentsBetweenFlushes = 16;

class OwnedBytes : public ByteSource {
 public:
  explicit OwnedBytes(absl::string_view bytes) : bytes_(bytes) {}
  absl::StatusOr<uint64_t> Size() const override { return bytes_.size(); }
  absl::StatusOr<size_t> ReadAt(uint64_t offset,
                                absl::Span<char> out) const override {
    return MemorySource(bytes_).ReadAt(offset, out);
  }

 private:
  const std::string bytes_;
};

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
  writer->event_compression_ = options.event_compression;
  writer->contents_ = std::make_unique<ContentWriter>(
      *writer->sink_, *writer->blocks_, writer->queue_,
      options.content_compression);
  absl::string_view rest = options.options;
  for (uint64_t i = 0; !rest.empty(); ++i) {
    const absl::string_view part = rest.substr(0, kLargestBlock);
    writer->blocks_->Write(BlockType::kOptions, 1, i, part, kThorough);
    rest.remove_prefix(part.size());
  }
  writer->blocks_->Flush();
  writer->bytes_ = writer->blocks_->bytes();
  if (!writer->status().ok()) return writer->status();
  // Without a thread the work is done at once.
  if (options.in_background) {
    writer->queue_.StartThread(options.guest_cpu).IgnoreError();
  }
  return writer;
}

TraceWriter::TraceWriter(std::unique_ptr<ByteSink> sink)
    : sink_(std::move(sink)),
      blocks_(std::make_unique<BlockWriter>(*sink_)),
      encoder_(std::make_unique<EventEncoder>()),
      digester_(std::make_unique<TraceDigester>()),
      queue_(kMostBehind) {}

TraceWriter::~TraceWriter() = default;

const absl::Status& TraceWriter::status() {
  queue_.Drain();
  return blocks_->status();
}

TraceTotals TraceWriter::totals() const {
  TraceTotals totals = totals_;
  totals.bytes = bytes_;
  return totals;
}

TraceDigest TraceWriter::digest() const { return digester_->Get(); }

void TraceWriter::Later(size_t bytes, WorkQueue::Work work) {
  queue_.Add(bytes, [this, work = std::move(work)]() mutable {
    work();
    bytes_ = blocks_->bytes();
  });
}

void TraceWriter::WriteLater(BlockType type, uint32_t count, uint64_t first,
                             std::string payload,
                             const Compression& compression) {
  const size_t size = payload.size();
  Later(size, [=, this, payload = std::move(payload)] {
    blocks_->Write(type, count, first, payload, compression);
  });
}

void TraceWriter::FailLater(absl::Status status) {
  Later(0, [this, status = std::move(status)] { blocks_->Fail(status); });
}

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
    return FailLater(
        absl::OutOfRangeError("an input is too large to be recorded"));
  }
  if (input.payload.size() > kLongestInline) {
    content = AddContent(input.payload);
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

ContentId TraceWriter::AddContent(std::unique_ptr<ByteSource> bytes) {
  const auto id = static_cast<ContentId>(totals_.contents++);
  EMU_CHECK(id < kNoContent);
  const absl::StatusOr<uint64_t> size = bytes->Size();
  Later(kLeastHeld + (size.ok() ? *size : 0), [this, id, bytes = std::move(bytes)] {
    WriteContent(id, *bytes);
  });
  return id;
}

void TraceWriter::WriteContent(ContentId id, const ByteSource& bytes) {
  contents_->Add(id, bytes);
  if ((id + 1) % kContentsBetweenFlushes != 0) return;
  blocks_->Flush();
  if (blocks_->status().ok()) contents_written_ = id + 1;
}

absl::StatusOr<size_t> TraceWriter::ReadContent(ContentId id, uint64_t offset,
                                                absl::Span<char> out) {
  EMU_CHECK(HasContent(id));
  queue_.Drain();
  return contents_->Read(id, offset, out);
}

ContentId TraceWriter::AddContent(absl::string_view bytes) {
  return AddContent(std::make_unique<OwnedBytes>(bytes));
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
  std::string payload;
  std::vector<size_t> sizes;
  for (const absl::string_view part : encoder_->Take()) {
    payload.append(part.data(), part.size());
    sizes.push_back(part.size());
  }
  const size_t size = payload.size();
  Later(size, [this, payload = std::move(payload), sizes = std::move(sizes),
               count, first = events_written_] {
    std::vector<absl::string_view> parts;
    absl::string_view rest = payload;
    for (const size_t size : sizes) {
      parts.push_back(rest.substr(0, size));
      rest.remove_prefix(size);
    }
    blocks_->Write(BlockType::kEvents, count, first, parts, event_compression_);
  });
  events_written_ += count;
}

void TraceWriter::FlushInputs() {
  if (inputs_held_ == 0) return;
  WriteLater(BlockType::kInputs, inputs_held_, inputs_written_,
             std::exchange(inputs_, {}), event_compression_);
  inputs_written_ += inputs_held_;
  inputs_held_ = 0;
}

void TraceWriter::FlushExcerpts() {
  if (excerpts_held_ == 0) return;
  WriteLater(BlockType::kExcerpts, excerpts_held_, excerpts_written_,
             std::exchange(excerpts_, {}), event_compression_);
  excerpts_written_ += excerpts_held_;
  excerpts_held_ = 0;
}

void TraceWriter::FlushFiles() {
  if (files_held_ == 0) return;
  WriteLater(BlockType::kFiles, files_held_, files_written_,
             std::exchange(files_, {}), kThorough);
  files_written_ += files_held_;
  files_held_ = 0;
}

void TraceWriter::Push() {
  FlushEvents();
  FlushFiles();
  Later(0, [this] { blocks_->Flush(); });
  queue_.Kick();
}

absl::Status TraceWriter::Flush() {
  Push();
  return status();
}

absl::Status TraceWriter::Finish(const TraceEnd& end) {
  Push();
  WriteLater(BlockType::kEnd, 1, 0, EncodeEnd(end, totals_, digest()), kThorough);
  Later(0, [this] { blocks_->Flush(); });
  // There are no guests any more.
  queue_.UseAllCpus();
  return status();
}

}  // namespace emu
