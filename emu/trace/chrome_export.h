// SPDX-License-Identifier: Apache-2.0
//
// A recording in the Trace Event Format, which chrome://tracing and
// ui.perfetto.dev show: calls as slices on their threads, signals as instants,
// births of threads and processes as arrows. Times are virtual.

#ifndef EMU_TRACE_CHROME_EXPORT_H_
#define EMU_TRACE_CHROME_EXPORT_H_

#include "absl/status/status.h"
#include "emu/trace/dump.h"
#include "emu/trace/trace_reader.h"

namespace emu {

absl::Status ExportChrome(const TraceReader& reader, TextSink sink);

}  // namespace emu

#endif  // EMU_TRACE_CHROME_EXPORT_H_
