// SPDX-License-Identifier: Apache-2.0
//
// `emu trace dump`: the events of a recording as text or JSON, a line for each;
// an enter and the exit that comes next share one.

#ifndef EMU_TRACE_DUMP_H_
#define EMU_TRACE_DUMP_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "emu/trace/trace_reader.h"

namespace emu {

// Takes text; false when there is no use in more.
using TextSink = absl::FunctionRef<bool(absl::string_view)>;

struct DumpOptions {
  bool json = false;
  bool numbers = false;  // each line begins with the event's number
  bool times = true;
  bool inputs = false;  // input records, too, where they were taken
  // Events with numbers from `from` to before `to`.
  uint64_t from = 0;
  uint64_t to = UINT64_MAX;
  std::set<int32_t> tids = {};  // empty: all
  std::set<std::string> calls =
      {};  // empty: all events; else these calls' only
};

absl::Status DumpTrace(const TraceReader& reader, const DumpOptions& options,
                       TextSink sink);

}  // namespace emu

#endif  // EMU_TRACE_DUMP_H_
