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

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emu/trace/block.h"
#include "emu/trace/recording.h"
#include "emu/trace/trace_writer.h"

namespace emu {

class ContentWriter {
 public:
  // `blocks` writes to `sink`. Both outlive it.
  ContentWriter(const ByteSink& sink, BlockWriter& blocks, int level)
      : reader_(sink, name_), blocks_(blocks), level_(level) {}

  absl::StatusOr<ContentId> Add(TraceWriter::ContentSource next);
  uint32_t count() const { return contents_; }

 private:
  // Chunks that follow each other: the first, and how many.
  using Runs = std::vector<std::pair<uint32_t, uint32_t>>;
  using Key = std::pair<uint64_t, uint64_t>;  // a digest

  uint32_t AddChunk(absl::string_view bytes);
  bool IsChunk(uint32_t chunk, absl::string_view bytes) const;

  const std::string name_;
  const BlockReader reader_;
  BlockWriter& blocks_;
  const int level_;
  std::string buffer_;
  std::vector<uint64_t> offsets_;  // of the chunks
  std::map<Key, uint32_t> chunks_;
  std::map<std::pair<Key, Runs>, ContentId> ids_;
  uint32_t contents_ = 0;
};

}  // namespace emu

#endif  // EMU_TRACE_CONTENT_WRITER_H_
