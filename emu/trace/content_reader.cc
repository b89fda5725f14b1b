// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/content_reader.h"

#include <algorithm>

#include "arch/base/check.h"
#include "emu/trace/wire.h"

namespace emu {

absl::StatusOr<ContentInfo> ContentReader::Info(ContentId id) {
  const auto content = Find(id);
  if (!content.ok()) return content.status();
  return (*content)->info;
}

absl::StatusOr<size_t> ContentReader::Read(ContentId id, uint64_t offset,
                                           absl::Span<char> out) {
  const auto info = Info(id);
  if (!info.ok()) return info.status();
  if (offset >= info->size) return 0;
  const size_t wanted = std::min<uint64_t>(out.size(), info->size - offset);
  for (size_t done = 0; done < wanted;) {
    const uint64_t at = offset + done;
    const auto chunk = ReadChunk(id, at / kChunkSize);
    if (!chunk.ok()) return chunk.status();
    done += chunk->copy(out.data() + done, wanted - done, at % kChunkSize);
  }
  return wanted;
}

absl::StatusOr<absl::string_view> ContentReader::ReadChunk(ContentId id,
                                                           uint64_t number) {
  const auto found = Find(id);
  if (!found.ok()) return found.status();
  const Content& content = **found;
  const auto run = std::upper_bound(
      content.runs.begin(), content.runs.end(), number,
      [](uint64_t number, const auto& r) { return number < r.second; });
  EMU_CHECK(run != content.runs.end());
  const uint64_t before = run == content.runs.begin() ? 0 : run[-1].second;
  const auto bytes =
      FindChunk(run->first + static_cast<uint32_t>(number - before));
  if (!bytes.ok()) return bytes.status();
  const size_t size =
      std::min<uint64_t>(kChunkSize, content.info.size - number * kChunkSize);
  if ((*bytes)->size() != size) {
    return index_.Damaged(BlockType::kContent, id);
  }
  return absl::string_view(**bytes);
}

absl::StatusOr<const ContentReader::Content*> ContentReader::Find(
    ContentId id) {
  const auto found =
      std::find_if(contents_.begin(), contents_.end(),
                   [id](const Content& content) { return content.id == id; });
  if (found != contents_.end()) {
    contents_.splice(contents_.begin(), contents_, found);
    return &contents_.front();
  }
  auto loaded = Load(id);
  if (!loaded.ok()) return loaded.status();
  contents_.push_front(*std::move(loaded));
  if (contents_.size() > kContentsKept) contents_.pop_back();
  return &contents_.front();
}

absl::StatusOr<ContentReader::Content> ContentReader::Load(ContentId id) const {
  if (id >= index_.blocks(BlockType::kContent)) {
    return index_.Damaged(
        "the recording names a content that it does not hold");
  }
  const absl::Status damaged = index_.Damaged(BlockType::kContent, id);
  BlockHeader header;
  const auto payload = reader_.Read(index_.offset(BlockType::kContent, id),
                                    BlockType::kContent, &header);
  if (!payload.ok()) return payload.status();
  absl::string_view rest = *payload;
  Content content;
  content.id = id;
  if (!TakeVarint(rest, &content.info.size) || rest.size() < 16) return damaged;
  content.info.digest = {LoadFixed<uint64_t>(&rest[8]),
                         LoadFixed<uint64_t>(&rest[0])};
  rest.remove_prefix(16);
  const uint64_t chunks = content.info.size / kChunkSize +
                          (content.info.size % kChunkSize != 0 ? 1 : 0);
  const uint64_t stored = index_.blocks(BlockType::kChunk);
  uint64_t behind = 0;
  while (!rest.empty()) {
    uint64_t first = 0;
    uint64_t count = 0;
    if (!TakeVarint(rest, &first) || !TakeVarint(rest, &count) || count == 0 ||
        first >= stored || count > stored - first || count > chunks - behind) {
      return damaged;
    }
    behind += count;
    content.runs.emplace_back(static_cast<uint32_t>(first), behind);
  }
  if (behind != chunks) return damaged;
  return content;
}

absl::StatusOr<const std::string*> ContentReader::FindChunk(uint32_t number) {
  const auto found = std::find_if(
      chunks_.begin(), chunks_.end(),
      [number](const Chunk& chunk) { return chunk.number == number; });
  if (found != chunks_.end()) {
    chunks_.splice(chunks_.begin(), chunks_, found);
    return &chunks_.front().bytes;
  }
  // The memory of the one that was used the longest time ago is used again: it
  // may still be in the processor's cache.
  Chunk chunk;
  if (chunks_.size() >= chunks_kept_) {
    chunk = std::move(chunks_.back());
    chunks_.pop_back();
  }
  chunk.number = number;
  BlockHeader header;
  absl::Status status = reader_.Read(index_.offset(BlockType::kChunk, number),
                                     BlockType::kChunk, &header, chunk.bytes);
  if (!status.ok()) return status;
  chunks_.push_front(std::move(chunk));
  return &chunks_.front().bytes;
}

}  // namespace emu
