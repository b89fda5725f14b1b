// SPDX-License-Identifier: Apache-2.0
//
// `emu record`.

#ifndef EMU_RECORD_RECORD_H_
#define EMU_RECORD_RECORD_H_

#include <string>

#include "absl/types/span.h"

namespace emu {

// Does what the arguments behind `emu record` say, and returns emu's exit
// status.
int RecordCommand(absl::Span<const std::string> args);

}  // namespace emu

#endif  // EMU_RECORD_RECORD_H_
