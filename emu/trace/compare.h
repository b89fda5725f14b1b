// SPDX-License-Identifier: Apache-2.0
//
// Compares what two recorded runs did, event by event, in constant memory.

#ifndef EMU_TRACE_COMPARE_H_
#define EMU_TRACE_COMPARE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "emu/trace/event.h"
#include "emu/trace/inputs.h"
#include "emu/trace/trace_reader.h"

namespace emu {

// The first event in which two traces differ, and what is around it.
struct TraceDivergence {
  uint64_t position = 0;  // the number of events before it, equal in both
  // None: the trace has no further event.
  std::optional<TraceEvent> a;
  std::optional<TraceEvent> b;
  // In which they differ, if both are there.
  std::vector<std::string> fields;
  // Lines for the events of both that led to it, the oldest first.
  std::vector<std::string> before;
  // Lines for the event in each, if it is there, and for what follows.
  std::vector<std::string> lines_a;
  std::vector<std::string> lines_b;
};

struct CompareOptions {
  uint64_t before = 10;
  uint64_t after = 3;
};

// No value: the traces are the same. One that was cut short is the same as
// another when that has no event more.
absl::StatusOr<std::optional<TraceDivergence>> CompareTraces(
    const TraceReader& a, const TraceReader& b,
    const CompareOptions& options = {});

// The first inputs that differ.
struct InputDivergence {
  uint64_t index = 0;  // among the input records
  std::optional<InputRecord> a;
  std::optional<InputRecord> b;
};
absl::StatusOr<std::optional<InputDivergence>> CompareInputs(
    const TraceReader& a, const TraceReader& b);

// For people, some lines: where they part, what led there, and the two sides,
// which are called `name_a` and `name_b`.
std::string DivergenceText(const TraceDivergence& divergence,
                           const std::string& name_a,
                           const std::string& name_b);

}  // namespace emu

#endif  // EMU_TRACE_COMPARE_H_
