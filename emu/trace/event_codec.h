// SPDX-License-Identifier: Apache-2.0
//
// The payload of a block of events: one column for each field, in which only
// those values are that could not be foreseen from the events before. The enter
// and the exit of a call with nothing between are one record. Every block
// stands by itself.

#ifndef EMU_TRACE_EVENT_CODEC_H_
#define EMU_TRACE_EVENT_CODEC_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emu/trace/event.h"

namespace emu {

// The columns, in the order of the payload.
enum class EventColumn {
  kKind,    // a byte for each record
  kMissed,  // likewise: bits for fields that are in their columns
  kMissedArgs,
  kTid,
  kTime,
  kNumber,
  kArg0,
  kArg1,
  kArg2,
  kArg3,
  kArg4,
  kArg5,
  kResult,
  kExitTime,
  kDigest,
  kExitDigest,
};
inline constexpr int kEventColumns = 16;

class EventModel;

class EventEncoder {
 public:
  EventEncoder();
  ~EventEncoder();

  void Add(const TraceEvent& event);
  // Events added since the last Take.
  uint32_t count() const { return count_; }
  // Whether the block should be written.
  bool full() const;
  // The payload in parts, which are valid until the next Add; the encoder is
  // then at the start of the next block.
  std::vector<absl::string_view> Take();

 private:
  // Grows only, and has room for another record.
  struct Column {
    std::string bytes;
    size_t used = 0;
  };
  friend class ColumnWriter;

  void Encode(const TraceEvent& event, const TraceEvent* exit);

  std::unique_ptr<EventModel> model_;
  std::array<Column, kEventColumns> columns_;
  size_t records_ = 0;
  size_t bytes_ = 0;                 // in the columns before the last record
  std::optional<TraceEvent> enter_;  // its exit may come next
  uint32_t count_ = 0;
  std::string sizes_;
};

class EventDecoder {
 public:
  EventDecoder();
  ~EventDecoder();

  // Starts a block; false if the payload is not one.
  bool Start(std::string payload, uint32_t count);
  // Events that Next still has to give.
  uint32_t left() const { return left_; }
  // The next event; false if the payload is damaged. Requires: left() > 0.
  bool Next(TraceEvent* event);

 private:
  friend class ColumnReader;
  struct Column {
    const char* at = nullptr;
    const char* end = nullptr;
  };

  bool Decode(TraceEvent* event);

  std::unique_ptr<EventModel> model_;
  std::string payload_;
  std::array<Column, kEventColumns> columns_;
  std::optional<TraceEvent> exit_;  // of the record whose enter was given
  uint32_t left_ = 0;
};

}  // namespace emu

#endif  // EMU_TRACE_EVENT_CODEC_H_
