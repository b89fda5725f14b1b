// SPDX-License-Identifier: Apache-2.0
//
// `emu replay`.

#ifndef EMU_RECORD_REPLAY_H_
#define EMU_RECORD_REPLAY_H_

#include <string>

#include "absl/types/span.h"

namespace emu {

// Does what the arguments behind `emu replay` say, and returns emu's exit
// status.
int ReplayCommand(absl::Span<const std::string> args);

}  // namespace emu

#endif  // EMU_RECORD_REPLAY_H_
