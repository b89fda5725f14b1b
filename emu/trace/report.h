// SPDX-License-Identifier: Apache-2.0
//
// What `emu trace info`, `stats`, `files` and `diff` print.

#ifndef EMU_TRACE_REPORT_H_
#define EMU_TRACE_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emu/trace/dump.h"
#include "emu/trace/trace_reader.h"

namespace emu {

absl::StatusOr<std::string> TraceInfo(const TraceReader& reader, bool json);
absl::StatusOr<std::string> TraceStats(const TraceReader& reader, bool json);

absl::Status ListFiles(const TraceReader& reader, bool json, TextSink sink);
// The bytes of the content that `what` names: its id, or the path of a file.
absl::Status ExtractFile(const TraceReader& reader, const std::string& what,
                         TextSink sink);

struct DiffReport {
  bool same = false;
  std::string text;
};
// `context` events before where they part.
absl::StatusOr<DiffReport> DiffTraces(const TraceReader& a,
                                      const TraceReader& b, size_t context,
                                      bool json);

}  // namespace emu

#endif  // EMU_TRACE_REPORT_H_
