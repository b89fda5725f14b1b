// SPDX-License-Identifier: Apache-2.0
//
// Events for tests and benchmarks that resemble those of programs: three
// threads that open, read and close files, with results, addresses and digests
// that follow no rule.

#ifndef EMU_TRACE_SYNTHETIC_EVENTS_H_
#define EMU_TRACE_SYNTHETIC_EVENTS_H_

#include <cstdint>

#include "emu/trace/event.h"

namespace emu {

class SyntheticEvents {
 public:
  TraceEvent Next() {
    if (step_ % 100 == 99) {
      ++step_;
      event_ = {.kind = EventKind::kSwitch,
                .tid = static_cast<int32_t>(2 + Draw() % 3),
                .time = event_.time};
      return event_;
    }
    event_.time += 250;
    if (!inside_) {
      constexpr uint64_t kCalls[] = {257, 262, 0, 0, 0, 8, 3};
      event_ = {.kind = EventKind::kEnter,
                .tid = event_.tid,
                .time = event_.time,
                .number = kCalls[step_ % 7]};
      event_.args = {3, 0x7fff0000 + Draw() % 16 * 4096, 4096, 0, 0, 0};
    } else {
      event_.kind = EventKind::kExit;
      event_.result =
          event_.number == 0 ? static_cast<int64_t>(Draw() % 4096) : 3;
      event_.digest = event_.number == 3 ? 0 : static_cast<uint32_t>(Draw());
      ++step_;
    }
    inside_ = !inside_;
    return event_;
  }

 private:
  uint64_t Draw() {
    state_ = state_ * 6364136223846793005 + 1442695040888963407;
    return state_ >> 33;
  }

  TraceEvent event_ = {.tid = 2};
  uint64_t state_ = 1;
  uint64_t step_ = 0;
  bool inside_ = false;
};

}  // namespace emu

#endif  // EMU_TRACE_SYNTHETIC_EVENTS_H_
