// SPDX-License-Identifier: Apache-2.0
//
// Chooses what a recording keeps of the data of system calls for people to read
// (Excerpt): paths, the first bytes of whatever else is copied, and what a program
// is started with.

#ifndef EMU_RECORD_EXCERPT_RECORDER_H_
#define EMU_RECORD_EXCERPT_RECORDER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "emu/trace/excerpt.h"
#include "emu/trace/trace_writer.h"
#include "kernel/trace.h"

namespace emu {

class ExcerptRecorder {
 public:
  // `writer` outlives it.
  explicit ExcerptRecorder(TraceWriter& writer) : writer_(writer) {}

  // The running guest's data, as a TraceSink is shown it.
  void OnData(GuestAddr at, absl::Span<const char> bytes);
  // Requires: the writer has not got the event yet.
  void BeforeEvent(const Event& event);

 private:
  // What is kept of a call's data.
  struct Limits {
    std::array<bool, 6> path = {};  // which arguments are strings
    size_t piece = 0;               // of other copies
    size_t total = 0;
    // Where a list of strings is read, and behind it another, by whole pages:
    // the index of the argument. Of these pages only what was meant is kept.
    std::optional<size_t> lists;
  };
  struct Call {
    bool HasPathAt(GuestAddr at) const;

    Pid tid = 0;
    std::array<uint64_t, 6> args = {};
    const Limits* limits = nullptr;  // null: it is in no call
    size_t left = 0;
  };

  const Limits& LimitsOf(const Event& event);
  Call& CallOf(Pid tid);
  // A new piece.
  Excerpt& Hold(GuestAddr at);
  void Write();
  void WriteProgram();
  // Keeps `n` bytes at `at` of what is held.
  void WritePart(GuestAddr at, size_t n);
  absl::string_view Held(GuestAddr at) const;

  TraceWriter& writer_;
  std::vector<std::optional<Limits>> limits_;  // by call number
  std::map<Pid, Call> calls_;
  Call* current_ = nullptr;        // of the running thread
  std::vector<Excerpt> held_;      // since the last event; held_count_ are used
  size_t held_count_ = 0;
  std::optional<GuestAddr> next_;  // where the last copy ended, if all of it
                                   // was kept
};

}  // namespace emu

#endif  // EMU_RECORD_EXCERPT_RECORDER_H_
