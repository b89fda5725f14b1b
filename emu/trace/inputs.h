// SPDX-License-Identifier: Apache-2.0
//
// What crossed the boundary, as a recording holds it: the answers that the
// kernel got from Env and HostTree, in the order of its questions. Answers that
// say "nothing" (no signal, no input yet, time not over) are only counted.

#ifndef EMU_TRACE_INPUTS_H_
#define EMU_TRACE_INPUTS_H_

#include <cstdint>
#include <string>

namespace emu {

// Which question was answered. The numbers are those of the file; what the
// payloads hold is in docs/trace_format.md and emu/trace/input_codec.h.
enum class InputKind : uint8_t {
  kNone = 0,

  // Env.
  kHostTime = 1,
  kReadInput = 2,
  kWriteOutput = 3,
  kWindowSize = 4,
  kSignal = 5,
  kTimeOver = 6,
  kPreemption = 7,

  // HostTree.
  kStat = 16,
  kList = 17,
  kReadLink = 18,
  kOpen = 19,
  kReadAt = 20,
  kStatFile = 21,
  kMapped = 22,  // what a file held when it was first shown by mmap(2)
  kXattrs = 23,
  kCanMap = 24,

  // HostTree of a writable bind.
  kWriteAt = 32,
  kTruncate = 33,
  kSync = 34,
  kCreate = 35,
  kMakeDirectory = 36,
  kMakeNode = 37,
  kMakeSymlink = 38,
  kLink = 39,
  kUnlink = 40,
  kRemoveDirectory = 41,
  kRename = 42,
  kSetMode = 43,
  kSetTimes = 44,
};

struct InputRecord {
  InputKind kind = InputKind::kNone;
  uint64_t position = 0;  // the number of events before it; never less than
                          // that of the record before
  uint64_t skipped = 0;   // answers that said "nothing" since the last record,
                          // of whatever kind
  std::string payload;    // the question, and behind it the answer

  friend bool operator==(const InputRecord&, const InputRecord&) = default;
};

// "signal"; "input-17" for a number without a name.
std::string InputKindName(InputKind kind);

}  // namespace emu

#endif  // EMU_TRACE_INPUTS_H_
