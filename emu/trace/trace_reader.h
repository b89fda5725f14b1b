// SPDX-License-Identifier: Apache-2.0
//
// Reads a recording, whoever made it: every byte is checked before it is used,
// and memory stays within the format's limits whatever the file says. Opening
// looks at the headers of the blocks; their contents are read as they are asked
// for. An error is one line that names the file.

#ifndef EMU_TRACE_TRACE_READER_H_
#define EMU_TRACE_TRACE_READER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emu/trace/block.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/event.h"
#include "emu/trace/excerpt.h"
#include "emu/trace/inputs.h"
#include "emu/trace/recording.h"

namespace emu {

class ContentReader;
class EventDecoder;
class TraceReader;

// The events from the first to the last, one block in memory at a time. Its
// reader outlives it.
class EventCursor {
 public:
  explicit EventCursor(const TraceReader& reader);
  ~EventCursor();
  EventCursor(EventCursor&&) noexcept;

  // No value behind the last one.
  absl::StatusOr<std::optional<TraceEvent>> Next();
  // Passes over events until `position` of them are passed, or all.
  absl::Status Skip(uint64_t position);
  // The number of events that were given or passed over.
  uint64_t position() const { return position_; }

 private:
  absl::Status StartBlock();

  const TraceReader* reader_;
  std::unique_ptr<EventDecoder> decoder_;
  size_t next_block_ = 0;
  uint64_t position_ = 0;
};

// Items one behind the other in blocks of one type, which the cursors below
// decode.
class ItemCursor {
 protected:
  ItemCursor(const TraceReader& reader, BlockType type)
      : reader_(&reader), type_(type) {}

  // Goes on to the next item; false behind the last one.
  absl::StatusOr<bool> Start();
  // The item that was begun is read.
  absl::Status End();
  absl::Status Damaged() const;

  const TraceReader* reader_;
  absl::string_view rest_;  // of the block
  bool fresh_ = false;      // the item is its block's first

 private:
  BlockType type_;
  std::string block_;
  uint32_t left_ = 0;  // items in it
  size_t next_block_ = 0;
};

// The input records, likewise.
class InputCursor : private ItemCursor {
 public:
  explicit InputCursor(const TraceReader& reader)
      : ItemCursor(reader, BlockType::kInputs) {}

  absl::StatusOr<std::optional<InputRecord>> Next();

 private:
  uint64_t position_ = 0;
};

// The files, likewise.
class FileCursor : private ItemCursor {
 public:
  explicit FileCursor(const TraceReader& reader)
      : ItemCursor(reader, BlockType::kFiles) {}

  absl::StatusOr<std::optional<RecordedFile>> Next();
};

// The excerpts, likewise.
class ExcerptCursor : private ItemCursor {
 public:
  explicit ExcerptCursor(const TraceReader& reader)
      : ItemCursor(reader, BlockType::kExcerpts) {}

  absl::StatusOr<std::optional<Excerpt>> Next();

 private:
  uint64_t position_ = 0;
  Excerpt last_;  // in the block, without its bytes
};

class TraceReader {
 public:
  // `name` is what errors call it.
  static absl::StatusOr<std::unique_ptr<TraceReader>> Open(
      const std::string& path);
  static absl::StatusOr<std::unique_ptr<TraceReader>> Open(
      std::unique_ptr<ByteSource> source, const std::string& name);
  ~TraceReader();
  TraceReader(const TraceReader&) = delete;
  TraceReader& operator=(const TraceReader&) = delete;

  const std::string& name() const { return name_; }
  // The JSON object that the writer was given, as text.
  const std::string& options() const { return options_; }
  // None: the recording was cut short, by the death of emu or a full disk.
  const std::optional<TraceEnd>& end() const { return end_; }
  // Of what can be read. `calls` is known when end() is; so is `time`.
  const TraceTotals& totals() const { return totals_; }
  // As the writer had it; none when cut short.
  const std::optional<TraceDigest>& digest() const { return digest_; }
  // Bytes behind the last complete block, which are not read.
  uint64_t lost_bytes() const { return lost_bytes_; }
  // What each kind of block takes in the file, and takes unpacked.
  const BlockTotals& block_totals(BlockType type) const;

  absl::StatusOr<ContentInfo> Content(ContentId id) const;
  // Bytes of a content; fewer than asked for at its end only.
  absl::StatusOr<size_t> ReadContent(ContentId id, uint64_t offset,
                                     absl::Span<char> out) const;
  // All of a content that has at most `limit` bytes.
  absl::StatusOr<std::string> ReadContent(ContentId id, uint64_t limit) const;
  // For another thread, which may read contents while this one reads anything:
  // each from its beginning to its end. The TraceReader outlives it.
  std::unique_ptr<ContentReader> NewContentReader() const;

 private:
  friend class EventCursor;
  friend class ItemCursor;

  TraceReader(std::unique_ptr<ByteSource> source, const std::string& name);
  absl::Status Scan();
  absl::Status ReadOptions();
  absl::Status ReadEnd();

  const std::unique_ptr<ByteSource> source_;
  const std::string name_;
  std::unique_ptr<BlockIndex> index_;
  std::unique_ptr<ContentReader> contents_;
  std::string options_;
  std::optional<TraceEnd> end_;
  std::optional<TraceDigest> digest_;
  TraceTotals totals_;
  uint64_t lost_bytes_ = 0;
};

}  // namespace emu

#endif  // EMU_TRACE_TRACE_READER_H_
