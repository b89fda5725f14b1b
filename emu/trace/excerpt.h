// SPDX-License-Identifier: Apache-2.0
//
// A piece of what a system call read from its guest or wrote to it, kept for
// people: paths, the beginnings of buffers, structures. Two runs are compared by
// the digests of all of it (TraceEvent), never by these.

#ifndef EMU_TRACE_EXCERPT_H_
#define EMU_TRACE_EXCERPT_H_

#include <cstdint>
#include <string>

namespace emu {

struct Excerpt {
  uint64_t position = 0;  // the number of events before it was copied
  int32_t tid = 0;        // of the thread whose call it was
  uint64_t address = 0;   // where in the guest
  std::string bytes;

  friend bool operator==(const Excerpt&, const Excerpt&) = default;
};

}  // namespace emu

#endif  // EMU_TRACE_EXCERPT_H_
