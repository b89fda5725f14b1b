// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/content_writer.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "emu/trace/wire.h"

namespace emu {

void ContentWriter::Add(ContentId id, const ByteSource& bytes) {
  if (!blocks_.status().ok()) return;
  Stored content = {.bytes = bytes};
  while (!content.ended) {
    const absl::Status status =
        queue_.HasHelp() ? StoreTogether(content) : StoreNext(content);
    if (!status.ok()) return blocks_.Fail(status);
  }
  const TraceDigest digest =
      content.only ? *content.only : content.digester.Get();
  std::string payload;
  AppendVarint(payload, content.size);
  AppendFixed(payload, digest.low);
  AppendFixed(payload, digest.high);
  for (const auto& [first, count] : content.runs) {
    AppendVarint(payload, first);
    AppendVarint(payload, count);
  }
  if (payload.size() > kLargestBlock) {
    return blocks_.Fail(
        absl::OutOfRangeError("a file is too large to be recorded"));
  }
  blocks_.Write(BlockType::kContent, 1, id, payload, compression_);
  contents_.push_back(std::move(content.runs));
}

absl::StatusOr<size_t> ContentWriter::Read(ContentId id, uint64_t offset,
                                           absl::Span<char> out) {
  size_t done = 0;
  uint64_t before = 0;  // bytes of the content's chunks that were passed
  for (const auto& [first, count] : contents_[id]) {
    const uint64_t end = before + uint64_t{count} * kChunkSize;
    while (done < out.size() && offset + done < end) {
      const uint64_t at = offset + done - before;
      const auto chunk =
          ReadChunk(first + static_cast<uint32_t>(at / kChunkSize));
      if (!chunk.ok()) return chunk.status();
      const size_t within = at % kChunkSize;
      if (within >= chunk->size()) return done;
      done += chunk->copy(out.data() + done, out.size() - done, within);
    }
    before = end;
  }
  return done;
}

absl::StatusOr<absl::string_view> ContentWriter::ReadChunk(uint32_t chunk) {
  if (read_ != chunk) {
    read_.reset();
    BlockHeader header;
    absl::Status status = reader_.Read(offsets_[chunk], BlockType::kChunk,
                                       &header, read_bytes_);
    if (!status.ok()) return status;
    read_ = chunk;
  }
  return absl::string_view(read_bytes_);
}

absl::Status ContentWriter::StoreNext(Stored& content) {
  Read(content.bytes, content.size, next_);
  if (next_.status.ok()) Take(content, next_, /*packed=*/false);
  return next_.status;
}

absl::Status ContentWriter::StoreTogether(Stored& content) {
  const absl::StatusOr<uint64_t> size = content.bytes.Size();
  if (!size.ok()) return size.status();
  const uint64_t left =
      (*size - std::min(*size, content.size)) / kChunkSize + 1;
  if (left == 1) return StoreNext(content);
  const size_t count = std::min(left, kTogether);
  if (together_.size() < count) together_.resize(count);
  std::atomic<size_t> next = 0;
  queue_.Together([&](int who) {
    for (size_t i = next++; i < count; i = next++) {
      Read(content.bytes, content.size + i * kChunkSize, together_[i]);
      if (together_[i].status.ok()) Pack(compressors_[who], together_[i]);
    }
  });
  for (size_t i = 0; i < count && !content.ended; ++i) {
    if (!together_[i].status.ok()) return together_[i].status;
    Take(content, together_[i], /*packed=*/true);
  }
  return absl::OkStatus();
}

void ContentWriter::Read(const ByteSource& content, uint64_t offset,
                         Chunk& chunk) {
  chunk.buffer.resize(kChunkSize);
  const auto n = content.ReadAt(offset, absl::MakeSpan(chunk.buffer));
  chunk.status = n.status();
  if (!n.ok()) return;
  chunk.size = *n;
  chunk.digest = DigestOf(chunk.bytes());
}

void ContentWriter::Pack(Compressor& compressor, Chunk& chunk) const {
  chunk.packed.resize(kChunkSize);
  const absl::string_view bytes = chunk.bytes();
  chunk.packed_size =
      compressor
          .Pack(absl::MakeConstSpan(&bytes, 1),
                absl::MakeSpan(chunk.packed).subspan(0, bytes.size()),
                compression_)
          .value_or(0);
}

void ContentWriter::Take(Stored& content, const Chunk& chunk, bool packed) {
  content.ended = chunk.size < kChunkSize;
  if (chunk.size == 0) return;
  if (content.size == 0 && content.ended) {
    content.only = chunk.digest;
  } else {
    content.digester.Add(chunk.bytes());
  }
  content.size += chunk.size;
  const uint32_t number = AddChunk(chunk, packed);
  Runs& runs = content.runs;
  if (!runs.empty() && runs.back().first + runs.back().second == number) {
    ++runs.back().second;
  } else {
    runs.emplace_back(number, 1);
  }
}

uint32_t ContentWriter::AddChunk(const Chunk& chunk, bool packed) {
  const auto number = static_cast<uint32_t>(offsets_.size());
  const auto [known, added] =
      chunks_.try_emplace(Key(chunk.digest.high, chunk.digest.low), number);
  if (!added && IsChunk(known->second, chunk.bytes())) return known->second;
  offsets_.push_back(blocks_.bytes());
  if (packed) {
    blocks_.WritePacked(
        BlockType::kChunk, 1, number, chunk.bytes(),
        absl::string_view(chunk.packed).substr(0, chunk.packed_size));
  } else {
    blocks_.Write(BlockType::kChunk, 1, number, chunk.bytes(), compression_);
  }
  return number;
}

bool ContentWriter::IsChunk(uint32_t chunk, absl::string_view bytes) {
  blocks_.Flush();
  BlockHeader header;
  const auto stored = reader_.Read(offsets_[chunk], BlockType::kChunk, &header);
  return stored.ok() && *stored == bytes;
}

}  // namespace emu
