// SPDX-License-Identifier: Apache-2.0
//
// `emu verify`: runs a command some times, each under other conditions of the
// host, and compares what happened, event by event.

#ifndef EMU_VERIFY_VERIFY_H_
#define EMU_VERIFY_VERIFY_H_

#include <string>

#include "absl/types/span.h"

namespace emu {

// Does what the arguments behind `emu verify` say. Returns emu's exit status: 0
// if all runs agree, 1 if not, 125 if it could not be found out.
int VerifyCommand(absl::Span<const std::string> args);

}  // namespace emu

#endif  // EMU_VERIFY_VERIFY_H_
