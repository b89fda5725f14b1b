// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/summary.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "emu/trace/digester.h"
#include "kernel/syscall.h"

namespace emu {
namespace {

constexpr int64_t kLastErrno = 4095;
// ERESTARTSYS and the like.
constexpr int64_t kFirstRestart = 512;
constexpr int64_t kLastRestart = 516;

}  // namespace

absl::StatusOr<TraceSummary> SummarizeTrace(const TraceReader& reader) {
  TraceSummary summary;
  TraceDigester digester;
  EventCursor cursor(reader);
  while (true) {
    const auto next = cursor.Next();
    if (!next.ok()) return next.status();
    if (!*next) break;
    const TraceEvent& event = **next;
    digester.Add(event);
    ++summary.events;
    ++summary.kinds[static_cast<int>(event.kind)];
    summary.time = event.time;
    if (event.kind == EventKind::kEnter) {
      ++summary.calls[std::min(event.number, kSyscallNumbers)].calls;
    } else if (event.kind == EventKind::kExit) {
      TraceSummary::Call& call =
          summary.calls[std::min(event.number, kSyscallNumbers)];
      const bool restart =
          -event.result >= kFirstRestart && -event.result <= kLastRestart;
      call.restarts += restart;
      call.errors +=
          !restart && event.result < 0 && event.result >= -kLastErrno;
    }
  }
  summary.digest = digester.Get();
  if (reader.digest() && *reader.digest() != summary.digest) {
    return absl::DataLossError(absl::StrCat(
        reader.name(), ": the events are not those that were recorded"));
  }
  return summary;
}

}  // namespace emu
