// SPDX-License-Identifier: Apache-2.0
//
// The command line of `emu replay`.

#ifndef EMU_REPLAY_OPTIONS_H_
#define EMU_REPLAY_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "emu/options.h"
#include "emu/values.h"

namespace emu {

struct ReplayOptions {
  std::string file;
  std::optional<std::string> strace;  // the file; empty: standard error
  bool stats = false;
  std::vector<ExportOption> exports;
  bool help = false;  // asked for: nothing else counts
};

// Reads what follows `emu replay`. The error is one line for the user.
absl::StatusOr<ReplayOptions> ParseReplayOptions(
    absl::Span<const std::string> args);
std::string ReplayHelp();
// For the shells' completion.
std::vector<OptionInfo> ReplayOptionList();

}  // namespace emu

#endif  // EMU_REPLAY_OPTIONS_H_
