// SPDX-License-Identifier: Apache-2.0
//
// What a recording holds of the guest's memory as calls saw it, along the events:
// enough to print most arguments as strace(1) does.

#ifndef EMU_TRACE_CALL_DATA_H_
#define EMU_TRACE_CALL_DATA_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "arch/user_ptr.h"
#include "emu/trace/event.h"
#include "emu/trace/excerpt.h"
#include "emu/trace/trace_reader.h"

namespace emu {

class CallData {
 public:
  // `reader` outlives it.
  explicit CallData(const TraceReader& reader) : cursor_(reader) {}

  // Requires: called for one event after the other, from any on. `number` is the
  // number of those before it.
  absl::Status Pass(uint64_t number, const TraceEvent& event);
  // Memory of the call that a thread is in, or ended last: a GuestReader that
  // copies as much as is known.
  struct Memory {
    size_t operator()(void* to, GuestAddr from, size_t n) const {
      return data.Read(tid, to, from, n);
    }
    const CallData& data;
    int32_t tid;
  };
  Memory MemoryOf(int32_t tid) const { return {*this, tid}; }

 private:
  // What is known of one call, by address.
  struct Call {
    std::map<GuestAddr, std::string> pieces;
    size_t bytes = 0;
  };

  // The next excerpt that was copied after `begin_` events and before `end`.
  absl::StatusOr<bool> Advance(uint64_t end);
  void Keep(Excerpt excerpt);
  size_t Read(int32_t tid, void* to, GuestAddr from, size_t n) const;

  ExcerptCursor cursor_;
  std::optional<Excerpt> next_;
  std::optional<uint64_t> begin_;  // the number of the first event passed
  bool more_ = true;
  std::map<int32_t, Call> calls_;
};

}  // namespace emu

#endif  // EMU_TRACE_CALL_DATA_H_
