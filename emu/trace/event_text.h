// SPDX-License-Identifier: Apache-2.0
//
// Events as people read them, the same on every host. What a call's pointers
// pointed to is not in a recording: of that there is a digest only.
//
//   0.000017000 2 openat(AT_FDCWD, 0x7ffe3c10, O_RDONLY) = 3 data=8f3a12bc
//   0.000018000 3 read(0, ...
//   0.000018000 3 waits
//   0.000021000 3 ... read(0, 0x5555aa00, 4096) = 12 data=00112233

#ifndef EMU_TRACE_EVENT_TEXT_H_
#define EMU_TRACE_EVENT_TEXT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "emu/trace/event.h"

namespace emu {

// Without the line's end.
std::string EventText(const TraceEvent& event);
// An enter and the exit that comes next, in one line. `took`: with the time
// that the call took, where that is not the usual one.
std::string CallText(const TraceEvent& enter, const TraceEvent& exit,
                     bool took = true);
// Whether `exit` ends the call of `enter`.
bool IsCall(const TraceEvent& enter, const TraceEvent& exit);

// "openat"; "syscall_0x1ff" for a number without a name.
std::string CallName(uint64_t number);
// "enter", "exit", "block", ...
const char* KindName(EventKind kind);
// "1.000000017".
std::string TimeText(int64_t nanoseconds);
// From one time to another, whatever a file says they are.
int64_t Elapsed(int64_t from, int64_t to);

// The names of the fields in which they differ: "result", "args[1]", ...
std::vector<std::string> DifferingFields(const TraceEvent& a,
                                         const TraceEvent& b);

}  // namespace emu

#endif  // EMU_TRACE_EVENT_TEXT_H_
