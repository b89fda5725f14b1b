// SPDX-License-Identifier: Apache-2.0

#ifndef EMU_TRACE_TRACE_COMMAND_H_
#define EMU_TRACE_TRACE_COMMAND_H_

#include <string>
#include <vector>

namespace emu {

// `emu trace`, with what follows it. Returns the exit status.
int TraceCommand(const std::vector<std::string>& args);

}  // namespace emu

#endif  // EMU_TRACE_TRACE_COMMAND_H_
