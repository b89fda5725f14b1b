// SPDX-License-Identifier: Apache-2.0
//
// Stores the contents of files in a recording, in chunks; a chunk that is there
// already, byte for byte, is not stored again. Whoever waits for that to be done
// does part of it.

#ifndef EMU_TRACE_CONTENT_WRITER_H_
#define EMU_TRACE_CONTENT_WRITER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emu/trace/block.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/compression.h"
#include "emu/trace/digester.h"
#include "emu/trace/recording.h"
#include "emu/trace/work_queue.h"

namespace emu {

class ContentWriter {
 public:
  // `blocks` writes to `sink`; Add is work of `queue`. All outlive it.
  ContentWriter(const ByteSink& sink, BlockWriter& blocks, WorkQueue& queue,
                const Compression& compression)
      : reader_(sink, name_),
        blocks_(blocks),
        queue_(queue),
        compression_(compression) {}

  // Requires: `id` is the next, and threads may read `content` at the same time. A
  // failure to read is one of `blocks`.
  void Add(ContentId id, const ByteSource& content);
  // Bytes of one that was added and is in the sink, fewer than asked for at its end
  // only.
  absl::StatusOr<size_t> Read(ContentId id, uint64_t offset,
                              absl::Span<char> out);

 private:
  // Chunks that follow each other: the first, and how many.
  using Runs = std::vector<std::pair<uint32_t, uint32_t>>;
  using Key = std::pair<uint64_t, uint64_t>;  // a digest

  // A content, as far as it is stored.
  struct Stored {
    const ByteSource& bytes;
    uint64_t size = 0;
    Runs runs = {};
    TraceDigester digester = {};
    std::optional<TraceDigest> only = {};  // of the one chunk that is all of it
    bool ended = false;
  };
  // A chunk of one that is being stored. Its buffers grow only.
  struct Chunk {
    absl::Status status;
    std::string buffer;
    size_t size = 0;
    TraceDigest digest;
    std::string packed;
    size_t packed_size = 0;  // 0: it does not get smaller

    absl::string_view bytes() const {
      return absl::string_view(buffer).substr(0, size);
    }
  };
  // What is stored together has so many at a time.
  static constexpr uint64_t kTogether = 8;

  // Stores the next chunk, or several.
  absl::Status StoreNext(Stored& content);
  absl::Status StoreTogether(Stored& content);
  // Reads the chunk that begins at `offset`.
  static void Read(const ByteSource& content, uint64_t offset, Chunk& chunk);
  void Pack(Compressor& compressor, Chunk& chunk) const;
  // The next chunk is this one, which is packed already or not.
  void Take(Stored& content, const Chunk& chunk, bool packed);
  // Its number.
  uint32_t AddChunk(const Chunk& chunk, bool packed);
  bool IsChunk(uint32_t chunk, absl::string_view bytes);
  absl::StatusOr<absl::string_view> ReadChunk(uint32_t chunk);

  const std::string name_;
  const BlockReader reader_;
  BlockWriter& blocks_;
  WorkQueue& queue_;
  const Compression compression_;
  Chunk next_;
  std::vector<Chunk> together_;
  Compressor compressors_[2];  // for who stores together
  std::vector<uint64_t> offsets_;  // of the chunks
  std::map<Key, uint32_t> chunks_;
  std::vector<Runs> contents_;      // by id
  std::optional<uint32_t> read_;    // the last chunk that was read
  std::string read_bytes_;
};

}  // namespace emu

#endif  // EMU_TRACE_CONTENT_WRITER_H_
