// SPDX-License-Identifier: Apache-2.0
//
// The JSON texts in a recording.

#ifndef EMU_TRACE_END_CODEC_H_
#define EMU_TRACE_END_CODEC_H_

#include <string>

#include "absl/strings/string_view.h"
#include "emu/trace/recording.h"

namespace emu {

std::string EncodeEnd(const TraceEnd& end, const TraceTotals& totals,
                      const TraceDigest& digest);
// False if this is not what EncodeEnd makes. Of `totals`, what only the end
// says is set: calls and time.
bool DecodeEnd(absl::string_view text, TraceEnd* end, TraceTotals* totals,
               TraceDigest* digest);

bool IsJsonObject(absl::string_view text);

}  // namespace emu

#endif  // EMU_TRACE_END_CODEC_H_
