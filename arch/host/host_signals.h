// SPDX-License-Identifier: Apache-2.0
//
// What the host's signals mean to emu: they are noted, and a guest that is
// running at that moment is stopped, from within the handler, so that nothing
// can come between a signal and the wait for the guest. One object exists at a
// time; emu has one thread.
//
// The same handler ends a guest's slice (a timer that ticks only while a guest
// with a slice runs), says when it is time to look at guests' memory (another
// one) and reaps the threads of a guest that the host killed.

#ifndef ARCH_HOST_HOST_SIGNALS_H_
#define ARCH_HOST_HOST_SIGNALS_H_

#include <poll.h>
#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace emu {

class HostSignals {
 public:
  // Installs the handlers for SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH,
  // SIGTSTP, SIGCONT, SIGALRM, SIGIO, SIGCHLD and the two timers' signals, and
  // ignores SIGPIPE and SIGXFSZ. SIGINT, SIGHUP, SIGQUIT and SIGTSTP stay
  // ignored if emu was started so (nohup, a shell's background job). No other
  // object may exist.
  static absl::StatusOr<std::unique_ptr<HostSignals>> Install();
  // Restores what was there before.
  ~HostSignals();
  HostSignals(const HostSignals&) = delete;
  HostSignals& operator=(const HostSignals&) = delete;

  // --- For Env.

  // The next signal that is meant for the guest, lowest number first: SIGHUP,
  // SIGINT, SIGQUIT, SIGTERM, SIGCONT, SIGTSTP, SIGWINCH. Each is told once,
  // however often it came.
  std::optional<int> Take();
  // Whether SIGIO, SIGALRM came since this was last asked.
  bool TakeInput();
  bool TakeAlarm();
  // Whether there is something to take.
  bool Pending() const;
  // And some of it came since this was last asked.
  bool TakeNews();
  // poll(2) until a descriptor is ready, `timeout` nanoseconds are over (none:
  // for ever), or there is something to take: which may have come before the
  // call. Returns the number of ready descriptors, 0 in the other cases.
  absl::StatusOr<int> Poll(absl::Span<pollfd> fds,
                           std::optional<int64_t> timeout);
  // Does what SIGTSTP does to a program that has no handler for it: stops emu,
  // and with `whole_job` all of its process group. Nothing where the host knows
  // of nobody who could continue it.
  void StopUntilContinued(bool whole_job);
  // Makes the guest that runs now, or else the next one to run, stop with
  // kSlice. Async-signal-safe.
  void Interrupt();

  // --- For the machine, around each time that a guest runs.

  // From now on, while guests run, TakeWatchTick is true from time to time: a
  // guest that is in user code by then is interrupted.
  void EnableWatchTicks();
  bool TakeWatchTick();

  // From now on a signal interrupts `tid`; with a slice, so does the timer once
  // the guest has run for a while. If one of `others` dies meanwhile, it is
  // reaped at once: where `tid` leads a thread group, these are the group's
  // other threads, without whose end the leader's is never told.
  enum class Slice { kNone, kShort, kLong };
  void BeginRun(pid_t tid, Slice slice, absl::Span<const pid_t> others = {});
  void EndRun();
  // Whether a signal or Interrupt came since this was last asked. False after
  // an interruption that came too late for the run before.
  bool TakeInterrupt();

 private:
  HostSignals() = default;
  absl::Status InstallHandlers();
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_SIGNALS_H_
