// SPDX-License-Identifier: Apache-2.0
//
// An event as recordings hold it: what kernel/trace.h tells, without pointers.
// Its numbers are those of the file (docs/trace_format.md).

#ifndef EMU_TRACE_EVENT_H_
#define EMU_TRACE_EVENT_H_

#include <array>
#include <cstdint>

namespace emu {

enum class EventKind : uint8_t {
  kEnter = 0,
  kExit = 1,
  kBlock = 2,
  kWake = 3,
  kSwitch = 4,
  kSignal = 5,
  kSpawn = 6,
  kExec = 7,
  kDeath = 8,
  kSpin = 9,
  kPreempt = 10,
};
inline constexpr int kEventKinds = 11;

struct TraceEvent {
  EventKind kind = EventKind::kEnter;
  int32_t tid = 0;
  int64_t time = 0;  // virtual, in nanoseconds since boot
  uint64_t number = 0;
  std::array<uint64_t, 6> args = {};
  int64_t result = 0;
  uint32_t digest = 0;

  friend bool operator==(const TraceEvent&, const TraceEvent&) = default;
};

}  // namespace emu

#endif  // EMU_TRACE_EVENT_H_
