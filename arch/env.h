// SPDX-License-Identifier: Apache-2.0
//
// DOOR: everything the kernel may learn that it did not compute from image,
// arguments, options and seed. Live, seeded, recorded and replayed runs differ
// only in which Env is installed; what crosses it is exactly what a recording
// holds. One thread uses it.

#ifndef ARCH_ENV_H_
#define ARCH_ENV_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "arch/execution_point.h"
#include "arch/result.h"

namespace emu {

// A point in time or a length of it, in nanoseconds.
using Nanos = int64_t;

// One of emu's own standard streams (0, 1 or 2), or the terminal at which a
// person can be asked: standard input where that is one, else the controlling
// terminal that emu has itself.
enum class StdStream { kIn = 0, kOut = 1, kErr = 2, kTerminal = 3 };

struct TerminalSize {
  uint16_t rows = 24;
  uint16_t columns = 80;
};

// Where a task was made to give way in the middle of a computation, for a reason
// that only the host's clock or the outside knows.
struct Preemption {
  enum class Cause {
    kOutside,    // it computed, and something came in from outside
    kUndecided,  // it computed for too long while something was due
    kHostTime,   // its slice of the host's time, by which the run goes, was over
    kEnded,      // not preempted: the machine ended its process, for want of
                 // memory, somewhere behind its last stop; `point` is empty
  };
  Cause cause = Cause::kOutside;
  // The number of events told before it.
  uint64_t position = 0;
  Nanos time = 0;         // virtual
  ExecutionPoint point;
  // Of a replay: this processor is not the recorded run's (RunLimit::lenient).
  bool lenient = false;
  // Of a replay: the thread was given no turn any more before its end, or that of
  // the run.
  bool last_turn = false;
};

inline constexpr uint64_t kNoPosition = ~uint64_t{0};

class Env {
 public:
  virtual ~Env() = default;

  // Randomness for guests: getrandom, /dev/urandom, AT_RANDOM, address layout.
  virtual void FillRandom(absl::Span<char> out) = 0;
  // A scheduling choice: which of `runnable` (>= 1) goes next; 0 is the oldest.
  virtual size_t PickNext(size_t runnable) = 0;

  // CLOCK_REALTIME at boot, since 1970; read once.
  virtual Nanos BootTime() = 0;
  // The host's monotonic clock since boot. The kernel asks only where a person
  // is waited for, or with --time=host.
  virtual Nanos HostTime() = 0;

  // What a standard stream is to the guest.
  enum class StreamKind { kClosed, kNull, kPipe, kTerminal };
  virtual StreamKind Kind(StdStream stream) = 0;
  // Bytes for the guest from kIn or kTerminal, waiting for none. EAGAIN when
  // there are none now, 0 at the end of input; EIO. Who reads the terminal once
  // has it as a raw one from then on, and until emu ends.
  virtual Result<size_t> ReadInput(StdStream stream,
                                   absl::Span<char> out) = 0;
  // Bytes from the guest to any stream but kIn, all or (with the host's error
  // before the end) some. EPIPE, ENOSPC, EIO; EAGAIN when a host signal arrived
  // before any was taken.
  virtual Result<size_t> WriteOutput(StdStream stream,
                                     absl::Span<const char> bytes) = 0;
  virtual TerminalSize WindowSize() = 0;

  // What a wait is for, besides host signals.
  struct Awaited {
    bool input = false;     // kIn's, which is no terminal
    bool terminal = false;  // kTerminal's
  };
  // Sleeps until something of that may have arrived, a host signal came in or
  // `timeout` of host time is over (no value: for ever).
  virtual void Wait(Awaited what, std::optional<Nanos> timeout) = 0;
  // The next host signal for the guest, if one came in: SIGINT, SIGTERM,
  // SIGHUP, SIGQUIT, SIGWINCH, SIGCONT, SIGTSTP. Never blocks.
  virtual std::optional<int> TakeSignal() = 0;
  // The guests' job is to stop, and only whoever started emu could continue it:
  // emu stops, as a job of the host's shell. Returns when it was continued,
  // which TakeSignal tells as SIGCONT; or at once where nobody could do that.
  virtual void StopUntilContinued() = 0;
  // The time limit that the user set is over.
  virtual bool TimedOut() = 0;

  // Whether something has come in since this was last asked: input, a host signal,
  // the end of time. A hint only, for a guest that computes: asked at points that
  // depend on the host's pace, so it is neither recorded nor replayed.
  virtual bool HasNews() = 0;
  // The running task was preempted there.
  virtual void NotePreemption(const Preemption& preemption) = 0;
  // Whether that is kept for a replay, which is to find the point: it is worth
  // some time to choose and describe a good one.
  virtual bool KeepsPreemptions() { return false; }
  // In a replay, where the next one is due, with a position of kNoPosition when
  // no more will come; no value where none is known beforehand.
  virtual std::optional<Preemption> NextPreemption() = 0;
};

}  // namespace emu

#endif  // ARCH_ENV_H_
