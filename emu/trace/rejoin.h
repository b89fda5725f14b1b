// SPDX-License-Identifier: Apache-2.0
//
// Where two recorded runs that parted do the same again, in bounded memory.

#ifndef EMU_TRACE_REJOIN_H_
#define EMU_TRACE_REJOIN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "emu/trace/trace_reader.h"

namespace emu {

struct RejoinOptions {
  // Events that are looked at in each trace.
  size_t window = 1 << 16;
  // Events, one after the other, that must be alike; fewer where both end.
  size_t run = 16;
};

struct Rejoin {
  // None: all threads, in the same order. Else a thread by itself.
  std::optional<int32_t> tid;
  // The number of the first event of the run in each.
  uint64_t a = 0;
  uint64_t b = 0;
};

// The first run of events from number `position` on that is in both traces,
// leaving out times, which seldom agree again. Where all threads together have
// none, of one thread, without what tells of the order of threads.
absl::StatusOr<std::optional<Rejoin>> FindRejoin(
    const TraceReader& a, const TraceReader& b, uint64_t position,
    const RejoinOptions& options = {});

// One line for people, who know the traces by these names.
std::string RejoinText(const std::optional<Rejoin>& rejoin,
                       const std::string& name_a, const std::string& name_b);

}  // namespace emu

#endif  // EMU_TRACE_REJOIN_H_
