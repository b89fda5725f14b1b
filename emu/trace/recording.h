// SPDX-License-Identifier: Apache-2.0
//
// What a recording holds beside events and inputs, as its writer and its reader
// speak of it.

#ifndef EMU_TRACE_RECORDING_H_
#define EMU_TRACE_RECORDING_H_

#include <cstdint>
#include <string>

namespace emu {

// 128 bits over all events, the same wherever blocks end: two runs with the
// same digest did the same.
struct TraceDigest {
  uint64_t high = 0;
  uint64_t low = 0;

  // 32 hexadecimal digits.
  std::string ToString() const;
  friend bool operator==(const TraceDigest&, const TraceDigest&) = default;
};

// Names the bytes of a file within one recording.
using ContentId = uint32_t;
inline constexpr ContentId kNoContent = UINT32_MAX;

struct ContentInfo {
  uint64_t size = 0;
  TraceDigest digest;  // of the bytes
};

// A file of the host that the run used, for people to look at: what a replay
// needs is among the inputs.
struct RecordedFile {
  std::string path;  // as the user would call it
  uint32_t mode = 0;
  int64_t mtime = 0;  // as guests saw it
  ContentId content = kNoContent;

  friend bool operator==(const RecordedFile&, const RecordedFile&) = default;
};

// How the recorded run ended.
struct TraceEnd {
  int status = 0;       // emu's exit status
  std::string message;  // what else was said; may have lines
};

// What a recording holds so far.
struct TraceTotals {
  uint64_t events = 0;
  uint64_t calls = 0;
  uint64_t inputs = 0;
  uint64_t contents = 0;
  uint64_t files = 0;
  uint64_t bytes = 0;  // of the file
  int64_t time = 0;    // virtual, of the last event
};

}  // namespace emu

#endif  // EMU_TRACE_RECORDING_H_
