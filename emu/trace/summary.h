// SPDX-License-Identifier: Apache-2.0
//
// What all events of a recording come to.

#ifndef EMU_TRACE_SUMMARY_H_
#define EMU_TRACE_SUMMARY_H_

#include <array>
#include <cstdint>
#include <map>

#include "absl/status/statusor.h"
#include "emu/trace/event.h"
#include "emu/trace/trace_reader.h"

namespace emu {

struct TraceSummary {
  struct Call {
    uint64_t calls = 0;
    uint64_t errors = 0;
    uint64_t restarts = 0;  // a signal came, and the call is made again
  };

  uint64_t events = 0;
  std::array<uint64_t, kEventKinds> kinds = {};
  std::map<uint64_t, Call> calls;  // by number; all without a name as one
  int64_t time = 0;                // of the last event
  TraceDigest digest;
};

// Reads all events. Fails when they are not what the recording's end says.
absl::StatusOr<TraceSummary> SummarizeTrace(const TraceReader& reader);

}  // namespace emu

#endif  // EMU_TRACE_SUMMARY_H_
