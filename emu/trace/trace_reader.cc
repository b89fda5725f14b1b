// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/trace_reader.h"

#include <utility>

#include "emu/trace/content_reader.h"
#include "emu/trace/end_codec.h"
#include "emu/trace/event_codec.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// Of contents that are read a little at a time.
constexpr size_t kChunksKept = 16;

}  // namespace

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::Open(
    const std::string& path) {
  auto source = OpenFileSource(path);
  if (!source.ok()) return source.status();
  return Open(*std::move(source), path);
}

absl::StatusOr<std::unique_ptr<TraceReader>> TraceReader::Open(
    std::unique_ptr<ByteSource> source, const std::string& name) {
  auto reader =
      std::unique_ptr<TraceReader>(new TraceReader(std::move(source), name));
  absl::Status status = reader->Scan();
  if (status.ok()) status = reader->ReadOptions();
  if (status.ok()) status = reader->ReadEnd();
  if (!status.ok()) return status;
  return reader;
}

TraceReader::TraceReader(std::unique_ptr<ByteSource> source,
                         const std::string& name)
    : source_(std::move(source)),
      name_(name),
      index_(std::make_unique<BlockIndex>(*source_, name_)),
      contents_(std::make_unique<ContentReader>(*index_, kChunksKept)) {}

TraceReader::~TraceReader() = default;

absl::Status TraceReader::Scan() {
  const absl::Status status = index_->Scan();
  if (!status.ok()) return status;
  lost_bytes_ = index_->lost_bytes();
  totals_.events = index_->totals(BlockType::kEvents).items;
  totals_.inputs = index_->totals(BlockType::kInputs).items;
  totals_.contents = index_->totals(BlockType::kContent).items;
  totals_.files = index_->totals(BlockType::kFiles).items;
  if (totals_.contents != index_->blocks(BlockType::kContent)) {
    return index_->Damaged(BlockType::kContent, 0);
  }
  if (index_->totals(BlockType::kChunk).items !=
      index_->blocks(BlockType::kChunk)) {
    return index_->Damaged(BlockType::kChunk, 0);
  }
  const auto size = source_->Size();
  if (!size.ok()) return size.status();
  totals_.bytes = *size;
  return absl::OkStatus();
}

absl::Status TraceReader::ReadOptions() {
  const BlockTotals& totals = index_->totals(BlockType::kOptions);
  if (totals.blocks == 0) {
    return index_->Damaged("the recording was cut short in its first bytes");
  }
  if (totals.raw_bytes > kLargestOptions) {
    return index_->Damaged(BlockType::kOptions, 0);
  }
  for (size_t i = 0; i < totals.blocks; ++i) {
    BlockHeader header;
    const auto text = index_->Read(BlockType::kOptions, i, &header);
    if (!text.ok()) return text.status();
    options_ += *text;
  }
  if (!IsJsonObject(options_)) return index_->Damaged(BlockType::kOptions, 0);
  return absl::OkStatus();
}

absl::Status TraceReader::ReadEnd() {
  if (index_->blocks(BlockType::kEnd) == 0) return absl::OkStatus();
  BlockHeader header;
  const auto text = index_->Read(BlockType::kEnd, 0, &header);
  if (!text.ok()) return text.status();
  TraceEnd end;
  TraceDigest digest;
  if (!DecodeEnd(*text, &end, &totals_, &digest)) {
    return index_->Damaged(BlockType::kEnd, 0);
  }
  end_ = end;
  digest_ = digest;
  return absl::OkStatus();
}

const BlockTotals& TraceReader::block_totals(BlockType type) const {
  return index_->totals(type);
}

absl::StatusOr<ContentInfo> TraceReader::Content(ContentId id) const {
  return contents_->Info(id);
}

absl::StatusOr<size_t> TraceReader::ReadContent(ContentId id, uint64_t offset,
                                                absl::Span<char> out) const {
  return contents_->Read(id, offset, out);
}

absl::StatusOr<std::string> TraceReader::ReadContent(ContentId id,
                                                     uint64_t limit) const {
  const auto info = contents_->Info(id);
  if (!info.ok()) return info.status();
  if (info->size > limit) return index_->Damaged(BlockType::kContent, id);
  std::string bytes(info->size, '\0');
  const auto n = contents_->Read(id, 0, absl::MakeSpan(bytes));
  if (!n.ok()) return n.status();
  return bytes;
}

std::unique_ptr<ContentReader> TraceReader::NewContentReader() const {
  return std::make_unique<ContentReader>(*index_, 1);
}

EventCursor::EventCursor(const TraceReader& reader)
    : reader_(&reader), decoder_(std::make_unique<EventDecoder>()) {}

EventCursor::~EventCursor() = default;
EventCursor::EventCursor(EventCursor&&) noexcept = default;

absl::Status EventCursor::StartBlock() {
  const BlockIndex& index = *reader_->index_;
  BlockHeader header;
  auto payload = index.Read(BlockType::kEvents, next_block_, &header);
  if (!payload.ok()) return payload.status();
  if (!decoder_->Start(*std::move(payload), header.count)) {
    return index.Damaged(BlockType::kEvents, next_block_);
  }
  ++next_block_;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<TraceEvent>> EventCursor::Next() {
  const BlockIndex& index = *reader_->index_;
  if (decoder_->left() == 0) {
    if (next_block_ == index.blocks(BlockType::kEvents)) return std::nullopt;
    const absl::Status started = StartBlock();
    if (!started.ok()) return started;
  }
  TraceEvent event;
  if (!decoder_->Next(&event)) {
    return index.Damaged(BlockType::kEvents, next_block_ - 1);
  }
  ++position_;
  return event;
}

absl::Status EventCursor::Skip(uint64_t position) {
  const BlockIndex& index = *reader_->index_;
  const size_t blocks = index.blocks(BlockType::kEvents);
  size_t behind = next_block_;
  while (behind < blocks &&
         index.first(BlockType::kEvents, behind) <= position) {
    ++behind;
  }
  if (behind > next_block_) {
    // Blocks stand by themselves: those between are not read.
    next_block_ = behind - 1;
    position_ = index.first(BlockType::kEvents, next_block_);
    decoder_ = std::make_unique<EventDecoder>();
  }
  while (position_ < position) {
    const auto event = Next();
    if (!event.ok()) return event.status();
    if (!*event) break;
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ItemCursor::Start() {
  const BlockIndex& index = *reader_->index_;
  fresh_ = left_ == 0;
  if (fresh_) {
    if (next_block_ == index.blocks(type_)) return false;
    BlockHeader header;
    auto payload = index.Read(type_, next_block_, &header);
    if (!payload.ok()) return payload.status();
    block_ = *std::move(payload);
    rest_ = block_;
    left_ = header.count;
    ++next_block_;
  }
  if (left_ == 0) return Damaged();
  --left_;
  return true;
}

absl::Status ItemCursor::End() {
  return left_ == 0 && !rest_.empty() ? Damaged() : absl::OkStatus();
}

absl::Status ItemCursor::Damaged() const {
  return reader_->index_->Damaged(type_, next_block_ - 1);
}

absl::StatusOr<std::optional<InputRecord>> InputCursor::Next() {
  const absl::StatusOr<bool> there = Start();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  if (rest_.empty()) return Damaged();
  InputRecord input;
  input.kind = static_cast<InputKind>(rest_[0]);
  rest_.remove_prefix(1);
  uint64_t step = 0;
  uint64_t size = 0;
  if (!TakeVarint(rest_, &step) || !TakeVarint(rest_, &input.skipped) ||
      !TakeVarint(rest_, &size)) {
    return Damaged();
  }
  const uint64_t before = fresh_ ? 0 : position_;
  if (step > UINT64_MAX - before || before + step < position_) return Damaged();
  position_ = input.position = before + step;
  if (size & 1) {
    if (size >> 1 > UINT32_MAX) return Damaged();
    auto payload = reader_->ReadContent(static_cast<ContentId>(size >> 1),
                                        kLargestPayload);
    if (!payload.ok()) return payload.status();
    input.payload = *std::move(payload);
  } else {
    if (size >> 1 > rest_.size()) return Damaged();
    input.payload = std::string(rest_.substr(0, size >> 1));
    rest_.remove_prefix(size >> 1);
  }
  absl::Status end = End();
  if (!end.ok()) return end;
  return input;
}

absl::StatusOr<std::optional<RecordedFile>> FileCursor::Next() {
  const absl::StatusOr<bool> there = Start();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  RecordedFile file;
  absl::string_view path;
  uint64_t mode = 0;
  uint64_t mtime = 0;
  uint64_t content = 0;
  if (!TakeBytes(rest_, &path) || !TakeVarint(rest_, &mode) ||
      mode > UINT32_MAX || !TakeVarint(rest_, &mtime) ||
      !TakeVarint(rest_, &content) || content > UINT32_MAX) {
    return Damaged();
  }
  file.path = std::string(path);
  file.mode = static_cast<uint32_t>(mode);
  file.mtime = static_cast<int64_t>(UnZigZag(mtime));
  file.content =
      content == 0 ? kNoContent : static_cast<ContentId>(content - 1);
  absl::Status end = End();
  if (!end.ok()) return end;
  return file;
}

absl::StatusOr<std::optional<Excerpt>> ExcerptCursor::Next() {
  const absl::StatusOr<bool> there = Start();
  if (!there.ok()) return there.status();
  if (!*there) return std::nullopt;
  // The first of a block counts from 0.
  if (fresh_) last_ = Excerpt();
  uint64_t step = 0;
  uint64_t tid = 0;
  uint64_t address = 0;
  absl::string_view bytes;
  const uint64_t before = last_.position;
  if (!TakeVarint(rest_, &step) || !TakeVarint(rest_, &tid) ||
      !TakeVarint(rest_, &address) || !TakeBytes(rest_, &bytes) ||
      bytes.size() > kLongestExcerpt || step > UINT64_MAX - before ||
      before + step < position_) {
    return Damaged();
  }
  position_ = last_.position = before + step;
  last_.tid = static_cast<int32_t>(static_cast<uint32_t>(last_.tid) +
                                   static_cast<uint32_t>(UnZigZag(tid)));
  last_.address += UnZigZag(address);
  Excerpt excerpt = last_;
  excerpt.bytes = std::string(bytes);
  absl::Status end = End();
  if (!end.ok()) return end;
  return excerpt;
}

}  // namespace emu
