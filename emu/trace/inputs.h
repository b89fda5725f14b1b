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

// Of which question the answer is. The numbers are those of the file; what the
// payloads hold, emu/record defines.
enum class InputKind : uint8_t {
  kNone = 0,
};

struct InputRecord {
  InputKind kind = InputKind::kNone;
  uint64_t position = 0;  // the number of events before it; never less than
                          // that of the record before
  uint64_t skipped = 0;   // answers of this kind since its last record that
                          // said "nothing"
  std::string payload;

  friend bool operator==(const InputRecord&, const InputRecord&) = default;
};

// "signal"; "input-17" for a number without a name.
std::string InputKindName(InputKind kind);

}  // namespace emu

#endif  // EMU_TRACE_INPUTS_H_
