// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/content_writer.h"

#include "emu/trace/digester.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// Fills `buffer`, or as much of it as there is.
absl::StatusOr<size_t> ReadFully(TraceWriter::ContentSource next,
                                 absl::Span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size()) {
    const auto n = next(buffer.subspan(filled));
    if (!n.ok()) return n.status();
    if (*n == 0) break;
    filled += *n;
  }
  return filled;
}

}  // namespace

absl::StatusOr<ContentId> ContentWriter::Add(TraceWriter::ContentSource next) {
  buffer_.resize(kChunkSize);
  Runs runs;
  TraceDigester digester;
  uint64_t size = 0;
  for (size_t filled = kChunkSize; filled == kChunkSize;) {
    const auto n = ReadFully(next, absl::MakeSpan(buffer_));
    if (!n.ok()) return n.status();
    filled = *n;
    if (filled == 0) break;
    const absl::string_view bytes(buffer_.data(), filled);
    digester.Add(bytes);
    size += filled;
    const uint32_t chunk = AddChunk(bytes);
    if (!runs.empty() && runs.back().first + runs.back().second == chunk) {
      ++runs.back().second;
    } else {
      runs.emplace_back(chunk, 1);
    }
  }
  if (!blocks_.status().ok()) return kNoContent;

  const TraceDigest digest = digester.Get();
  const auto [known, added] =
      ids_.try_emplace({Key(digest.high, digest.low), runs}, contents_);
  if (!added) return known->second;
  std::string payload;
  AppendVarint(payload, size);
  AppendFixed(payload, digest.low);
  AppendFixed(payload, digest.high);
  for (const auto& [first, count] : runs) {
    AppendVarint(payload, first);
    AppendVarint(payload, count);
  }
  if (payload.size() > kLargestBlock) {
    blocks_.Fail(absl::OutOfRangeError("a file is too large to be recorded"));
    return kNoContent;
  }
  blocks_.Write(BlockType::kContent, 1, contents_, payload, level_);
  return contents_++;
}

uint32_t ContentWriter::AddChunk(absl::string_view bytes) {
  const TraceDigest digest = DigestOf(bytes);
  const auto chunk = static_cast<uint32_t>(offsets_.size());
  const auto [known, added] =
      chunks_.try_emplace(Key(digest.high, digest.low), chunk);
  if (!added && IsChunk(known->second, bytes)) return known->second;
  offsets_.push_back(blocks_.bytes());
  blocks_.Write(BlockType::kChunk, 1, chunk, bytes, level_);
  return chunk;
}

bool ContentWriter::IsChunk(uint32_t chunk, absl::string_view bytes) const {
  BlockHeader header;
  const auto stored = reader_.Read(offsets_[chunk], BlockType::kChunk, &header);
  return stored.ok() && *stored == bytes;
}

}  // namespace emu
