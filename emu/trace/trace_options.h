// SPDX-License-Identifier: Apache-2.0
//
// The command line of `emu trace`.

#ifndef EMU_TRACE_TRACE_OPTIONS_H_
#define EMU_TRACE_TRACE_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emu/trace/dump.h"

namespace emu {

struct TraceCommandOptions {
  std::string command;  // "info", ...; empty: none, and help is asked for
  std::vector<std::string> files;
  bool json = false;
  DumpOptions dump;
  uint64_t context = 10;          // diff
  std::string extract;            // files; empty: a list
  std::string format = "chrome";  // export
  std::string output;             // export; empty: standard output
  bool help = false;              // asked for: nothing else counts
};

// Reads what follows `emu trace`. The error is one line for the user.
absl::StatusOr<TraceCommandOptions> ParseTraceOptions(
    absl::Span<const std::string> args);

// `emu trace --help`, or `emu trace COMMAND --help`.
std::string TraceHelp(const std::string& command);

// For the shells' completion.
struct TraceCommandInfo {
  std::string name;
  std::string help;
  // "--json"; "--from=" for one that takes a value.
  std::vector<std::string> options;
};
std::vector<TraceCommandInfo> TraceCommandList();

}  // namespace emu

#endif  // EMU_TRACE_TRACE_OPTIONS_H_
