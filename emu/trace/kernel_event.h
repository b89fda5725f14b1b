// SPDX-License-Identifier: Apache-2.0
//
// The kernel's events as recordings hold them.

#ifndef EMU_TRACE_KERNEL_EVENT_H_
#define EMU_TRACE_KERNEL_EVENT_H_

#include "emu/trace/event.h"
#include "kernel/trace.h"

namespace emu {

// The numbers of a recording's kinds are fixed; those of the kernel are theirs.
static_assert(static_cast<int>(Event::Kind::kEnter) ==
              static_cast<int>(EventKind::kEnter));
static_assert(static_cast<int>(Event::Kind::kPreempt) ==
              static_cast<int>(EventKind::kPreempt));

inline TraceEvent ToTraceEvent(const Event& event) {
  return {.kind = static_cast<EventKind>(event.kind),
          .tid = event.tid,
          .time = event.time,
          .number = event.number,
          .args = event.args,
          .result = event.result,
          .digest = event.digest};
}

}  // namespace emu

#endif  // EMU_TRACE_KERNEL_EVENT_H_
