// SPDX-License-Identifier: Apache-2.0
//
// A recording is a file header and blocks, one behind the other. The layouts,
// and what each block's payload is, are in docs/trace_format.md.

#ifndef EMU_TRACE_BLOCK_H_
#define EMU_TRACE_BLOCK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/compression.h"

struct ZSTD_DCtx_s;

namespace emu {

// What this emu writes and reads. A change that an older reader would take for
// something else increases it.
inline constexpr uint32_t kTraceVersion = 3;
inline constexpr absl::string_view kTraceMagic(
    "\x89"
    "EMU\r\n\x1a\n",
    8);
inline constexpr size_t kFileHeaderSize = 16;
inline constexpr size_t kBlockHeaderSize = 40;

// Limits of the format, which bound a reader's memory.
inline constexpr uint32_t kLargestBlock = 1 << 20;  // unpacked
inline constexpr uint32_t kChunkSize = 256 << 10;   // of contents
inline constexpr uint64_t kLargestOptions = 16 << 20;
inline constexpr uint64_t kLargestPayload = 64 << 20;  // of an input
inline constexpr uint32_t kMostEventsInBlock = 1 << 16;
inline constexpr size_t kLongestExcerpt = 1 << 12;

enum class BlockType : uint8_t {
  kOptions = 1,
  kEvents = 2,
  kInputs = 3,
  kChunk = 4,
  kContent = 5,
  kFiles = 6,
  kEnd = 7,
  kExcerpts = 8,  // ignorable
};
inline constexpr int kBlockTypes = 9;  // and 0, which is none

struct BlockHeader {
  static constexpr uint8_t kPacked = 1;     // the payload is a zstd frame
  static constexpr uint8_t kIgnorable = 2;  // a reader may skip what it does
                                            // not know
  BlockType type = BlockType::kEnd;
  uint8_t flags = 0;
  uint32_t raw_size = 0;     // of the payload, unpacked
  uint32_t stored_size = 0;  // in the file
  uint32_t count = 0;        // events, records, ... in it
  uint64_t first = 0;        // the number of the first of them
  uint64_t checksum = 0;     // of the payload as stored
};

std::string EncodeFileHeader();
// Why these bytes do not begin a recording that this emu can read; OK if they
// do.
absl::Status CheckFileHeader(absl::string_view bytes);

void AppendBlockHeader(std::string& to, const BlockHeader& header);
// False if this is none. Requires: kBlockHeaderSize bytes.
bool ParseBlockHeader(const char* bytes, BlockHeader* header);

// Appends blocks, several small ones at a time. The first failure stays.
class BlockWriter {
 public:
  explicit BlockWriter(ByteSink& sink);
  ~BlockWriter();
  BlockWriter(const BlockWriter&) = delete;
  BlockWriter& operator=(const BlockWriter&) = delete;

  // The payload is `parts`, one behind the other; what is in one tells the
  // compressor nothing about the next.
  void Write(BlockType type, uint32_t count, uint64_t first,
             absl::Span<const absl::string_view> parts,
             const Compression& compression);
  void Write(BlockType type, uint32_t count, uint64_t first,
             absl::string_view payload, const Compression& compression) {
    Write(type, count, first, absl::MakeConstSpan(&payload, 1), compression);
  }

  // One whose payload is compressed to `packed` already; if that is empty, it does
  // not get smaller.
  void WritePacked(BlockType type, uint32_t count, uint64_t first,
                   absl::string_view payload, absl::string_view packed);

  // Passes on to the sink what is held back.
  void Flush();

  const absl::Status& status() const { return status_; }
  void Fail(absl::Status status);
  // Of the file so far, with what is held back.
  uint64_t bytes() const { return bytes_; }

 private:
  // Passes it on as well once there is a good deal.
  static constexpr size_t kMostHeld = 64 << 10;

  // Where the payload of the next block goes, which has at most so many bytes.
  char* Room(size_t size);
  // It is there: the header goes before it.
  void Commit(BlockHeader header);

  ByteSink& sink_;
  Compressor compressor_;
  std::string buffer_;  // grows only: bytes are cleared once
  size_t held_ = 0;     // of its bytes, for the sink
  absl::Status status_;
  uint64_t bytes_ = 0;
};

// Reads blocks, and believes nothing. Each thread has one of its own.
class BlockReader {
 public:
  // `name` is what errors call the file. Both outlive it.
  BlockReader(const ByteSource& source, const std::string& name);
  ~BlockReader();
  BlockReader(const BlockReader&) = delete;
  BlockReader& operator=(const BlockReader&) = delete;

  // The payload of the block of this type at `offset`, checked and unpacked.
  absl::StatusOr<std::string> Read(uint64_t offset, BlockType type,
                                   BlockHeader* header) const;
  // To `payload`, whose memory is used again.
  absl::Status Read(uint64_t offset, BlockType type, BlockHeader* header,
                    std::string& payload) const;

  // "NAME: WHAT", for a file that holds what none should.
  absl::Status Damaged(absl::string_view what) const;
  absl::Status DamagedAt(uint64_t offset) const;

  const ByteSource& source() const { return source_; }
  const std::string& name() const { return name_; }

 private:
  const ByteSource& source_;
  const std::string& name_;
  ZSTD_DCtx_s* const context_;
  mutable std::string stored_;  // of the last block: its memory is used again
};

struct BlockTotals {
  uint64_t blocks = 0;
  uint64_t items = 0;  // the sum of their counts
  uint64_t raw_bytes = 0;
  uint64_t stored_bytes = 0;  // with the headers
};

// Where the blocks are, and their payloads.
class BlockIndex {
 public:
  BlockIndex(const ByteSource& source, const std::string& name)
      : reader_(source, name) {}

  // Reads all headers. What is behind the last complete block is lost_bytes().
  absl::Status Scan();
  uint64_t lost_bytes() const { return lost_bytes_; }

  const BlockTotals& totals(BlockType type) const {
    return totals_[static_cast<int>(type)];
  }
  size_t blocks(BlockType type) const { return Entries(type).size(); }
  // The number of the first item in block `i` of its type.
  uint64_t first(BlockType type, size_t i) const {
    return Entries(type)[i].first;
  }
  // Where block `i` of its type is.
  uint64_t offset(BlockType type, size_t i) const {
    return Entries(type)[i].offset;
  }
  const BlockReader& reader() const { return reader_; }
  // The payload of block `i` of its type.
  absl::StatusOr<std::string> Read(BlockType type, size_t i,
                                   BlockHeader* header) const {
    return reader_.Read(Entries(type)[i].offset, type, header);
  }
  // What is said of block `i` of its type when its payload makes no sense.
  absl::Status Damaged(BlockType type, size_t i) const {
    return reader_.DamagedAt(Entries(type)[i].offset);
  }
  absl::Status Damaged(absl::string_view what) const {
    return reader_.Damaged(what);
  }

 private:
  struct Entry {
    uint64_t offset;
    uint64_t first;
  };

  const std::vector<Entry>& Entries(BlockType type) const {
    return entries_[static_cast<int>(type)];
  }
  absl::Status Enter(uint64_t offset, const BlockHeader& header);

  const BlockReader reader_;
  std::array<std::vector<Entry>, kBlockTypes> entries_;
  std::array<BlockTotals, kBlockTypes> totals_;
  uint64_t lost_bytes_ = 0;
};

}  // namespace emu

#endif  // EMU_TRACE_BLOCK_H_
