// SPDX-License-Identifier: Apache-2.0
//
// Stores the contents of files in a recording, in chunks; a chunk that is there
// already, byte for byte, is not stored again.

#ifndef EMU_TRACE_CONTENT_WRITER_H_
#define EMU_TRACE_CONTENT_WRITER_H_

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "emu/trace/block.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/recording.h"

namespace emu {

class ContentWriter {
 public:
  // `blocks` writes to `sink`. Both outlive it.
  ContentWriter(const ByteSink& sink, BlockWriter& blocks,
                const Compression& compression)
      : reader_(sink, name_), blocks_(blocks), compression_(compression) {}

  // Requires: `id` is the next. A failure to read is one of `blocks`.
  void Add(ContentId id, const ByteSource& content);

 private:
  // Chunks that follow each other: the first, and how many.
  using Runs = std::vector<std::pair<uint32_t, uint32_t>>;
  using Key = std::pair<uint64_t, uint64_t>;  // a digest

  // The number of the chunk that has these bytes, and this digest.
  uint32_t AddChunk(absl::string_view bytes, const TraceDigest& digest);
  bool IsChunk(uint32_t chunk, absl::string_view bytes);

  const std::string name_;
  const BlockReader reader_;
  BlockWriter& blocks_;
  const Compression compression_;
  std::string buffer_;
  std::vector<uint64_t> offsets_;  // of the chunks
  std::map<Key, uint32_t> chunks_;
};

}  // namespace emu

#endif  // EMU_TRACE_CONTENT_WRITER_H_
