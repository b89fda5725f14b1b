// SPDX-License-Identifier: Apache-2.0
//
// Completion of emu's command line by shells, made from the options there are.

#ifndef EMU_COMPLETION_H_
#define EMU_COMPLETION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "emu/options.h"
#include "emu/trace/trace_options.h"

namespace emu {

// The options of each command.
struct CommandLine {
  std::vector<OptionInfo> run;
  std::vector<OptionInfo> record;  // those of run, and more
  std::vector<OptionInfo> verify;  // likewise
  std::vector<OptionInfo> replay;
  std::vector<TraceCommandInfo> trace;
};

// The script for `shell`: "bash", "zsh" or "fish".
absl::StatusOr<std::string> CompletionScript(absl::string_view shell,
                                             const CommandLine& commands);

}  // namespace emu

#endif  // EMU_COMPLETION_H_
