// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/content_writer.h"

#include <optional>

#include "emu/trace/digester.h"
#include "emu/trace/wire.h"

namespace emu {

void ContentWriter::Add(ContentId id, const ByteSource& content) {
  if (!blocks_.status().ok()) return;
  buffer_.resize(kChunkSize);
  Runs runs;
  TraceDigester digester;
  std::optional<TraceDigest> only;  // of the first chunk, if there is no other
  uint64_t size = 0;
  for (size_t filled = kChunkSize; filled == kChunkSize; size += filled) {
    const auto n = content.ReadAt(size, absl::MakeSpan(buffer_));
    if (!n.ok()) return blocks_.Fail(n.status());
    filled = *n;
    if (filled == 0) break;
    const absl::string_view bytes(buffer_.data(), filled);
    const TraceDigest digest = DigestOf(bytes);
    if (size == 0 && filled < kChunkSize) {
      only = digest;
    } else {
      digester.Add(bytes);
    }
    const uint32_t chunk = AddChunk(bytes, digest);
    if (!runs.empty() && runs.back().first + runs.back().second == chunk) {
      ++runs.back().second;
    } else {
      runs.emplace_back(chunk, 1);
    }
  }
  const TraceDigest digest = only ? *only : digester.Get();
  std::string payload;
  AppendVarint(payload, size);
  AppendFixed(payload, digest.low);
  AppendFixed(payload, digest.high);
  for (const auto& [first, count] : runs) {
    AppendVarint(payload, first);
    AppendVarint(payload, count);
  }
  if (payload.size() > kLargestBlock) {
    return blocks_.Fail(
        absl::OutOfRangeError("a file is too large to be recorded"));
  }
  blocks_.Write(BlockType::kContent, 1, id, payload, compression_);
}

uint32_t ContentWriter::AddChunk(absl::string_view bytes,
                                 const TraceDigest& digest) {
  const auto chunk = static_cast<uint32_t>(offsets_.size());
  const auto [known, added] =
      chunks_.try_emplace(Key(digest.high, digest.low), chunk);
  if (!added && IsChunk(known->second, bytes)) return known->second;
  offsets_.push_back(blocks_.bytes());
  blocks_.Write(BlockType::kChunk, 1, chunk, bytes, compression_);
  return chunk;
}

bool ContentWriter::IsChunk(uint32_t chunk, absl::string_view bytes) {
  blocks_.Flush();
  BlockHeader header;
  const auto stored = reader_.Read(offsets_[chunk], BlockType::kChunk, &header);
  return stored.ok() && *stored == bytes;
}

}  // namespace emu
