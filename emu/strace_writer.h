// SPDX-License-Identifier: Apache-2.0
//
// Writes what happens as `strace -f -ttt` does, with virtual time in seconds
// since boot:
//
//   [pid     3] 1.000017 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3
//
// A task is named where there is more than one, and always in a file. A call
// that others come between is printed in two parts, "<unfinished ...>" and
// "<... read resumed>".

#ifndef EMU_STRACE_WRITER_H_
#define EMU_STRACE_WRITER_H_

#include <functional>
#include <map>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "emu/strace_format.h"
#include "kernel/trace.h"

namespace emu {

class StraceWriter {
 public:
  enum class To { kTerminal, kFile };
  // `write` is given whole lines, but for calls that wait: their beginning is
  // to be seen meanwhile.
  using Write = std::function<void(absl::string_view)>;
  StraceWriter(To to, Write write) : to_(to), write_(std::move(write)) {}

  // `memory` is that of the event's task.
  void OnEvent(const Event& event, GuestReader memory);
  // An execve that no call made.
  void OnFirstExec(const Event& event, absl::string_view call);
  // The task that was `from` is `to` from now on, by an execve that ended who had
  // that name.
  void Rename(Pid from, Pid to, Nanos time);
  // A stopped task; the signal that did it.
  void OnStop(Pid tid, Nanos time, int signo);
  // The task's mask before its next event: what rt_sigreturn, if it is in that,
  // has set.
  void OnMask(Pid tid, uint64_t mask);
  // The run is over: what is unfinished is shown as such.
  void Finish();

 private:
  struct Pending {
    TracedCall call;
    Nanos time = 0;
    EnterText text;
    bool masked = false;  // OnMask has been told
  };

  void OnEnter(const Event& event, GuestReader memory);
  void OnExit(const Event& event, GuestReader memory);
  void OnDeath(const Event& event);
  void OnSpawn(Pid tid);
  void OnBlock(Pid tid);
  // Ends the call that `tid` is in, if it is in one: with its last arguments
  // and a result, or without.
  void EndCall(Pid tid, Nanos time, absl::string_view arguments,
               absl::string_view result);
  void EndWithoutResult(Pid tid, Nanos time);
  // Whatever is held back of tasks other than `tid` cannot be on one line any
  // more.
  void FlushOthers(Pid tid);
  std::string Leader(Pid tid, Nanos time) const;
  void Line(Pid tid, Nanos time, absl::string_view text);

  const To to_;
  Write write_;
  std::map<Pid, Pending> pending_;
  std::set<Pid> tasks_;  // alive
  Pid held_ = 0;         // whose call is the last line, unended; 0: nobody's
  size_t shown_ = 0;     // what of that was written already
};

}  // namespace emu

#endif  // EMU_STRACE_WRITER_H_
