// SPDX-License-Identifier: Apache-2.0
//
// Writes what happens as `strace -f -ttt` does, with virtual time in seconds
// since boot:
//
//   [pid 2] 0.000017 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3
//
// A call that others come between is printed in two parts, "<unfinished ...>"
// and "<... read resumed>".

#ifndef EMU_STRACE_WRITER_H_
#define EMU_STRACE_WRITER_H_

#include <functional>
#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "emu/strace_format.h"
#include "kernel/trace.h"

namespace emu {

class StraceWriter {
 public:
  // `write` is given whole lines.
  using Write = std::function<void(absl::string_view)>;
  explicit StraceWriter(Write write) : write_(std::move(write)) {}

  // `memory` is that of the event's task.
  void OnEvent(const Event& event, GuestReader memory);
  // The run is over: what is unfinished is shown as such.
  void Finish();

 private:
  struct Pending {
    TracedCall call;
    Nanos time = 0;
    std::string text;  // not printed yet; empty once it was, unfinished
    int printed = 0;   // arguments in it
  };

  void OnEnter(const Event& event, GuestReader memory);
  void OnExit(const Event& event, GuestReader memory);
  // Prints the call of `tid` that is in `pending_`, ended by `rest`.
  void EndCall(Pid tid, Nanos time, const std::string& rest);
  // Whatever is held back of tasks other than `tid` cannot be on one line any
  // more.
  void FlushOthers(Pid tid);
  void Line(Pid tid, Nanos time, absl::string_view text);

  Write write_;
  std::map<Pid, Pending> pending_;
  Pid held_ = 0;  // whose call is held back; 0: nobody's
};

}  // namespace emu

#endif  // EMU_STRACE_WRITER_H_
