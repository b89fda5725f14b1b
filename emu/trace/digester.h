// SPDX-License-Identifier: Apache-2.0
//
// Makes TraceDigests: XXH3, 128 bits, of bytes or of events. An event counts as
// twelve little-endian words of 8 bytes: kind, tid, time, number, the six
// arguments, result, digest.

#ifndef EMU_TRACE_DIGESTER_H_
#define EMU_TRACE_DIGESTER_H_

#include <memory>

#include "absl/strings/string_view.h"
#include "emu/trace/event.h"
#include "emu/trace/recording.h"

namespace emu {

class TraceDigester {
 public:
  TraceDigester();
  ~TraceDigester();
  TraceDigester(TraceDigester&&) noexcept;

  void Add(absl::string_view bytes);
  void Add(const TraceEvent& event);
  // Of all that was added.
  TraceDigest Get() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

TraceDigest DigestOf(absl::string_view bytes);

}  // namespace emu

#endif  // EMU_TRACE_DIGESTER_H_
