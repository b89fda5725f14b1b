// SPDX-License-Identifier: Apache-2.0
//
// Options of `emu run` whose values are more than one word or number: what their
// text says is stored in `options`. The error says what is wrong with the text.
// For options.cc alone.

#ifndef EMU_OPTION_SETTERS_H_
#define EMU_OPTION_SETTERS_H_

#include <string>

#include "absl/status/status.h"
#include "emu/options.h"

namespace emu {

absl::Status SetEnv(RunOptions& options, const std::string& text);
absl::Status SetHostname(RunOptions& options, const std::string& text);
absl::Status SetSeed(RunOptions& options, const std::string& text);
absl::Status SetEpoch(RunOptions& options, const std::string& text);
absl::Status SetTime(RunOptions& options, const std::string& text);
absl::Status SetMtime(RunOptions& options, const std::string& text);
absl::Status SetMemoryAccess(RunOptions& options, const std::string& text);

}  // namespace emu

#endif  // EMU_OPTION_SETTERS_H_
