// SPDX-License-Identifier: Apache-2.0
//
// Writes a recording (docs/trace_format.md) as the run goes on, in constant
// memory: a block of each stream is held until it is full. What is in the file
// at any time can be read: a block is written after all that it refers to.
//
// The first failure stays: what comes after it is dropped, and status() tells
// of it. The file then reads as one that was cut short.

#ifndef EMU_TRACE_TRACE_WRITER_H_
#define EMU_TRACE_TRACE_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/event.h"
#include "emu/trace/excerpt.h"
#include "emu/trace/inputs.h"
#include "emu/trace/recording.h"

namespace emu {

class ContentWriter;
class BlockWriter;
class EventEncoder;
class TraceDigester;

struct TraceOptions {
  // What a replay and people need to know of the run: a JSON object.
  std::string options = "{}";
  // zstd's; negative ones are faster.
  int event_level = 1;
  int content_level = 1;
};

class TraceWriter {
 public:
  // The next bytes of a content, 0 at its end.
  using ContentSource =
      absl::FunctionRef<absl::StatusOr<size_t>(absl::Span<char>)>;

  static absl::StatusOr<std::unique_ptr<TraceWriter>> Create(
      const std::string& path, const TraceOptions& options);
  static absl::StatusOr<std::unique_ptr<TraceWriter>> Create(
      std::unique_ptr<ByteSink> sink, const TraceOptions& options);
  // Without Finish, the recording is one that was cut short.
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  void AddEvent(const TraceEvent& event);
  // Requires: its position is not less than the last one's.
  void AddInput(const InputRecord& input);
  // Requires: likewise, with kLongestExcerpt bytes at most.
  void AddExcerpt(const Excerpt& excerpt);
  // The id of these bytes, which are stored if the recording does not hold them
  // yet. Fails when `next` does, with its error, which does not stay; after a
  // failure of the writer the id is kNoContent.
  absl::StatusOr<ContentId> AddContent(ContentSource next);
  ContentId AddContent(absl::string_view bytes);
  void AddFile(const RecordedFile& file);

  // Writes what is held back, so that a reader finds all that was added.
  absl::Status Flush();
  // The run is over; nothing may be added.
  absl::Status Finish(const TraceEnd& end);

  const absl::Status& status() const;
  const TraceTotals& totals() const { return totals_; }
  // Of all events added.
  TraceDigest digest() const;

 private:
  explicit TraceWriter(std::unique_ptr<ByteSink> sink);

  void FlushEvents();
  void FlushInputs();
  void FlushExcerpts();
  void FlushFiles();

  std::unique_ptr<ByteSink> sink_;
  std::unique_ptr<BlockWriter> blocks_;
  std::unique_ptr<ContentWriter> contents_;
  std::unique_ptr<EventEncoder> encoder_;
  std::unique_ptr<TraceDigester> digester_;
  int event_level_ = 1;
  uint64_t events_written_ = 0;
  std::string inputs_;  // encoded, not written yet
  uint32_t inputs_held_ = 0;
  uint64_t inputs_written_ = 0;
  uint64_t input_position_ = 0;        // of the last one added
  uint64_t input_block_position_ = 0;  // of the last one in a written block
  std::string excerpts_;               // likewise
  uint32_t excerpts_held_ = 0;
  uint64_t excerpts_written_ = 0;
  Excerpt last_excerpt_;  // without its bytes
  std::string files_;
  uint32_t files_held_ = 0;
  uint64_t files_written_ = 0;
  TraceTotals totals_;
};

}  // namespace emu

#endif  // EMU_TRACE_TRACE_WRITER_H_
