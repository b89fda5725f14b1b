// SPDX-License-Identifier: Apache-2.0
//
// `emu replay`.

#ifndef EMU_RECORD_REPLAY_H_
#define EMU_RECORD_REPLAY_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace emu {

class Task;

// Does what the arguments behind `emu replay` say, and returns emu's exit
// status.
int ReplayCommand(absl::Span<const std::string> args);

// Replays `file`, without output, up to its event number `position`, and shows
// `look` the task that it is about. Not called if the recording has no such
// event.
absl::Status ReplayUntil(const std::string& file, uint64_t position,
                         const std::function<void(Task&)>& look);

}  // namespace emu

#endif  // EMU_RECORD_REPLAY_H_
