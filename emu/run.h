// SPDX-License-Identifier: Apache-2.0
//
// `emu run`.

#ifndef EMU_RUN_H_
#define EMU_RUN_H_

#include <string>

#include "absl/types/span.h"

namespace emu {

// Does what the arguments behind `emu run` say, and returns emu's exit status.
int RunCommand(absl::Span<const std::string> args);

}  // namespace emu

#endif  // EMU_RUN_H_
