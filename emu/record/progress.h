// SPDX-License-Identifier: Apache-2.0
//
// One line on a terminal that says how far something long is, shown where the
// guest leaves the terminal alone and gone before anything else is written.
// Where standard error is no terminal, nothing.

#ifndef EMU_RECORD_PROGRESS_H_
#define EMU_RECORD_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/env.h"
#include "emu/trace/recording.h"

namespace emu {

class Progress {
 public:
  // `write` puts text on the terminal.
  using Write = std::function<void(absl::string_view)>;

  Progress(bool at_terminal, Write write)
      : at_terminal_(at_terminal), write_(std::move(write)) {}

  // The line that `text` gives, if it is time for one. `now` is the host's,
  // `own` whether the guest has the terminal for itself (as a raw one).
  void Update(Nanos now, bool own, absl::FunctionRef<std::string()> text);
  // The guest is about to write `bytes` to the terminal.
  void BeforeOutput(Nanos now, absl::Span<const char> bytes);
  // Takes the line away.
  void Clear();

 private:
  const bool at_terminal_;
  const Write write_;
  Nanos next_ = 0;         // not before
  bool started_ = false;
  bool shown_ = false;
  bool line_is_free_ = true;  // the cursor is where a line begins
};

// "1,234,567".
std::string WithCommas(uint64_t number);
// "1,234,567 events, 12.3 s of virtual time, 4.5 MiB".
std::string ProgressText(const TraceTotals& totals);

}  // namespace emu

#endif  // EMU_RECORD_PROGRESS_H_
