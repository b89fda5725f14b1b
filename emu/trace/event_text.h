// SPDX-License-Identifier: Apache-2.0
//
// Events as people read them, the same on every host. Of the data of a call there
// is a digest, and what `memory` knows of what its pointers pointed to.
//
//   0.000017000 2 openat(AT_FDCWD, "/etc/hosts", O_RDONLY) = 3 data=8f3a12bc
//   0.000018000 3 read(0, ...
//   0.000018000 3 waits
//   0.000021000 3 ... read(0, "hello world\n", 4096) = 12 data=00112233

#ifndef EMU_TRACE_EVENT_TEXT_H_
#define EMU_TRACE_EVENT_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/user_ptr.h"
#include "emu/strace_values.h"
#include "emu/trace/event.h"

namespace emu {

// Memory of which nothing is known.
size_t NoMemory(void* to, GuestAddr from, size_t n);

// Without the line's end.
std::string EventText(const TraceEvent& event, GuestReader memory = NoMemory);
// An enter and the exit that comes next, in one line. `took`: with the time
// that the call took, where that is not the usual one.
std::string CallText(const TraceEvent& enter, const TraceEvent& exit,
                     bool took = true, GuestReader memory = NoMemory);
// What is behind time and thread: "openat(AT_FDCWD, ...) = 3", "waits"; for an
// enter, up to the first argument that the call fills in.
std::string Story(const TraceEvent& event, GuestReader memory);
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
