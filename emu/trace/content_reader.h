// SPDX-License-Identifier: Apache-2.0
//
// Reads contents of a recording at any offset. Some chunks are kept unpacked.
// Several can read one recording at the same time, each for one thread.

#ifndef EMU_TRACE_CONTENT_READER_H_
#define EMU_TRACE_CONTENT_READER_H_

#include <cstdint>
#include <list>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emu/trace/block.h"
#include "emu/trace/recording.h"

namespace emu {

class ContentReader {
 public:
  // `index` outlives it. `chunks`, one at least, are kept.
  ContentReader(const BlockIndex& index, size_t chunks)
      : index_(index),
        chunks_kept_(chunks),
        reader_(index.reader().source(), index.reader().name()) {}

  absl::StatusOr<ContentInfo> Info(ContentId id);
  // As TraceReader::ReadContent.
  absl::StatusOr<size_t> Read(ContentId id, uint64_t offset,
                              absl::Span<char> out);
  // The bytes from `number` x kChunkSize on, as many as that or up to the end,
  // and one at least. Valid until the next call. Requires: there are some.
  absl::StatusOr<absl::string_view> ReadChunk(ContentId id, uint64_t number);

 private:
  struct Content {
    ContentId id = kNoContent;
    ContentInfo info;
    // Chunks that follow each other: the number of the first in the recording,
    // and the number in the content of the one behind the last.
    std::vector<std::pair<uint32_t, uint64_t>> runs;
  };
  struct Chunk {
    uint32_t number;
    std::string bytes;
  };
  static constexpr size_t kContentsKept = 16;

  // Valid until the next call.
  absl::StatusOr<const Content*> Find(ContentId id);
  absl::StatusOr<Content> Load(ContentId id) const;
  absl::StatusOr<const std::string*> FindChunk(uint32_t number);

  const BlockIndex& index_;
  const size_t chunks_kept_;
  const BlockReader reader_;
  // The last used first.
  std::list<Content> contents_;
  std::list<Chunk> chunks_;
};

}  // namespace emu

#endif  // EMU_TRACE_CONTENT_READER_H_
