// SPDX-License-Identifier: Apache-2.0
//
// What a tracee reports: waitpid(2)'s status word in the terms of ptrace(2),
// "Stopped states".

#ifndef ARCH_PTRACE_WAIT_H_
#define ARCH_PTRACE_WAIT_H_

#include <variant>

#include "absl/status/statusor.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

// Nothing to report yet (WNOHANG).
struct NoChange {
  friend bool operator==(NoChange, NoChange) = default;
};
// The thread, or with its last thread the process, called exit.
struct Exited {
  int code;
  friend bool operator==(Exited, Exited) = default;
};
// A signal ended it.
struct Signaled {
  Signal signal;
  bool core;
  friend bool operator==(Signaled, Signaled) = default;
};
// A system call's entry or exit, or under sysemu the call itself. Known as such
// only under Options::TRACESYSGOOD; without it, a SignalDeliveryStop of
// SIGTRAP.
struct SyscallStop {
  friend bool operator==(SyscallStop, SyscallStop) = default;
};
// An event, with SIGTRAP. Event::STOP: interrupt(), or an attached new task.
struct EventStop {
  Event event;
  Signal signal;
  friend bool operator==(EventStop, EventStop) = default;
};
// A signal is about to be delivered. Also the group stop of a tracee that was
// not seized, which only getsiginfo()'s EINVAL tells apart.
struct SignalDeliveryStop {
  Signal signal;
  friend bool operator==(SignalDeliveryStop, SignalDeliveryStop) = default;
};
// A seized tracee's process was stopped by `signal`.
struct GroupStop {
  Signal signal;
  friend bool operator==(GroupStop, GroupStop) = default;
};
// SIGCONT resumed it (WCONTINUED, for a child that is not traced).
struct Continued {
  friend bool operator==(Continued, Continued) = default;
};

using TraceStop =
    std::variant<NoChange, Exited, Signaled, SyscallStop, EventStop,
                 SignalDeliveryStop, GroupStop, Continued>;

// Decodes the status word that waitpid(2) stored.
TraceStop DecodeWaitStatus(int status);

// One answer of waitpid(2).
struct Waited {
  Tid tid;  // 0 for NoChange
  TraceStop stop;

  // The stop as a T, or null: if (auto* exited = waited.As<Exited>()) ...
  template <typename T>
  const T* As() const {
    return std::get_if<T>(&stop);
  }
};

// Any child or tracee of the calling thread's process.
inline constexpr Tid kAnyTid{-1};

// waitpid(2) with `flags` (WNOHANG, WCONTINUED, __WNOTHREAD) and __WALL.
// ECHILD: nothing to wait for. EINTR: a signal came first; the caller decides.
absl::StatusOr<Waited> wait_tracee(Tid tid, int flags = 0);

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_WAIT_H_
