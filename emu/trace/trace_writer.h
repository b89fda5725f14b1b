// SPDX-License-Identifier: Apache-2.0
//
// Writes a recording (docs/trace_format.md) as the run goes on, in constant
// memory: a block of each stream is held until it is full. What is in the file
// at any time can be read: a block is written after all that it refers to.
//
// The first failure stays: what comes after it is dropped, and status() tells
// of it. The file then reads as one that was cut short.
//
// What takes time - contents are read, compared and compressed, blocks are
// compressed and written - is done in the order in which it was asked for, on a
// thread of its own if so wished.

#ifndef EMU_TRACE_TRACE_WRITER_H_
#define EMU_TRACE_TRACE_WRITER_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emu/trace/byte_io.h"
#include "emu/trace/compression.h"
#include "emu/trace/event.h"
#include "emu/trace/excerpt.h"
#include "emu/trace/inputs.h"
#include "emu/trace/recording.h"
#include "emu/trace/work_queue.h"

namespace emu {

class ContentWriter;
class BlockWriter;
enum class BlockType : uint8_t;
class EventEncoder;
class TraceDigester;

struct TraceOptions {
  // What a replay and people need to know of the run: a JSON object.
  std::string options = "{}";
  // Of events and inputs, and of contents.
  Compression event_compression = {};
  Compression content_compression = {};
  // A thread does the work, where the host has one to give. It leaves that CPU to
  // guests, as WorkerThread's does.
  bool in_background = false;
  int guest_cpu = -1;
};

class TraceWriter {
 public:
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
  // The id of these bytes. They are read later, maybe by the thread, and then
  // `bytes` goes; a failure to read them is one of the writer's.
  ContentId AddContent(std::unique_ptr<ByteSource> bytes);
  ContentId AddContent(absl::string_view bytes);
  // Whether that content can be read in the file by now, whatever becomes of the
  // rest; and bytes of it, fewer than asked for at its end only. Waits for what was
  // added before.
  bool HasContent(ContentId id) const { return id < contents_written_; }
  absl::StatusOr<size_t> ReadContent(ContentId id, uint64_t offset,
                                     absl::Span<char> out);
  void AddFile(const RecordedFile& file);

  // Begins to write what is held back.
  void Push();
  // Writes it, so that a reader finds all that was added.
  absl::Status Flush();
  // The run is over; nothing may be added.
  absl::Status Finish(const TraceEnd& end);

  // Of what was added so far: it is done when this returns.
  const absl::Status& status();
  // The file's bytes are those that were written by now.
  TraceTotals totals() const;
  // Of all events added.
  TraceDigest digest() const;

 private:
  explicit TraceWriter(std::unique_ptr<ByteSink> sink);

  // Adds work that writes blocks, and holds so many bytes until then.
  void Later(size_t bytes, WorkQueue::Work work);
  void WriteLater(BlockType type, uint32_t count, uint64_t first,
                  std::string payload, const Compression& compression);
  void FailLater(absl::Status status);
  // Of the queue's work.
  void WriteContent(ContentId id, const ByteSource& bytes);
  void FlushEvents();
  void FlushInputs();
  void FlushExcerpts();
  void FlushFiles();

  // These belong to the work in queue_.
  std::unique_ptr<ByteSink> sink_;
  std::unique_ptr<BlockWriter> blocks_;
  std::unique_ptr<ContentWriter> contents_;
  std::atomic<uint64_t> bytes_ = 0;             // written
  std::atomic<uint64_t> contents_written_ = 0;  // likewise

  std::unique_ptr<EventEncoder> encoder_;
  std::unique_ptr<TraceDigester> digester_;
  Compression event_compression_;
  uint64_t events_written_ = 0;
  std::string inputs_;  // encoded, not written yet
  uint32_t inputs_held_ = 0;
  uint64_t inputs_written_ = 0;
  uint64_t input_position_ = 0;  // of the last one added
  std::string excerpts_;         // likewise
  uint32_t excerpts_held_ = 0;
  uint64_t excerpts_written_ = 0;
  Excerpt last_excerpt_;  // without its bytes
  std::string files_;     // encoded, not written yet
  uint32_t files_held_ = 0;
  uint64_t files_written_ = 0;
  TraceTotals totals_;  // but for bytes
  WorkQueue queue_;     // the last: its end does what is left
};

}  // namespace emu

#endif  // EMU_TRACE_TRACE_WRITER_H_
