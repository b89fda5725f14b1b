// SPDX-License-Identifier: Apache-2.0
//
// The words of ptrace(2) as types. Enumerators drop the prefix that their type
// now carries: PTRACE_O_EXITKILL is Options::EXITKILL. Everything here belongs
// to the host: a guest never sees one of these values.

#ifndef ARCH_PTRACE_TYPES_H_
#define ARCH_PTRACE_TYPES_H_

#include <sys/types.h>

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace emu::ptrace {

// A host thread, as gettid(2) names it.
struct Tid {
  pid_t value = 0;

  friend constexpr auto operator<=>(Tid, Tid) = default;
  template <typename H>
  friend H AbslHashValue(H h, Tid tid) {
    return H::combine(std::move(h), tid.value);
  }
};

// A host signal's number, see signal(7).
struct Signal {
  int number = 0;

  friend constexpr auto operator<=>(Signal, Signal) = default;
};

// The kernel's set of signals, as PTRACE_GETSIGMASK has it: bit n - 1 stands
// for signal n. (glibc's sigset_t is sixteen times larger.)
struct SignalMask {
  uint64_t bits = 0;

  constexpr void Add(Signal s) { bits |= uint64_t{1} << (s.number - 1); }
  constexpr void Remove(Signal s) { bits &= ~(uint64_t{1} << (s.number - 1)); }
  constexpr bool Contains(Signal s) const {
    return (bits >> (s.number - 1)) & 1;
  }
  friend constexpr bool operator==(SignalMask, SignalMask) = default;
};

// The unit of PTRACE_PEEKDATA, PTRACE_PEEKUSER and PTRACE_GETEVENTMSG.
using Word = unsigned long;

// A byte offset into the kernel's struct user. The offsets that exist are named
// in the ISA's user_area.h.
struct UserOffset {
  size_t value = 0;

  friend constexpr auto operator<=>(UserOffset, UserOffset) = default;
};

// What an event stop reports. STOP is also the stop of an automatically
// attached task, and the answer to interrupt().
enum class Event : int {
  FORK = 1,
  VFORK = 2,
  CLONE = 3,
  EXEC = 4,
  VFORK_DONE = 5,
  EXIT = 6,
  SECCOMP = 7,
  STOP = 128,
};

// What to report, and what to do with the tracee when the tracer dies. A set:
// Options::TRACESYSGOOD | Options::EXITKILL.
enum class Options : uint32_t {
  NONE = 0,
  TRACESYSGOOD = 1 << 0,
  TRACEFORK = 1 << 1,
  TRACEVFORK = 1 << 2,
  TRACECLONE = 1 << 3,
  TRACEEXEC = 1 << 4,
  TRACEVFORKDONE = 1 << 5,
  TRACEEXIT = 1 << 6,
  TRACESECCOMP = 1 << 7,
  EXITKILL = 1 << 20,
};

constexpr Options operator|(Options a, Options b) {
  return Options{static_cast<uint32_t>(a) | static_cast<uint32_t>(b)};
}
constexpr Options operator&(Options a, Options b) {
  return Options{static_cast<uint32_t>(a) & static_cast<uint32_t>(b)};
}
constexpr Options operator^(Options a, Options b) {
  return Options{static_cast<uint32_t>(a) ^ static_cast<uint32_t>(b)};
}
constexpr Options operator~(Options a) {
  return Options{~static_cast<uint32_t>(a)};
}
constexpr Options& operator|=(Options& a, Options b) { return a = a | b; }
constexpr Options& operator&=(Options& a, Options b) { return a = a & b; }
constexpr Options& operator^=(Options& a, Options b) { return a = a ^ b; }

// Whether `set` has every option of `wanted`.
constexpr bool Has(Options set, Options wanted) {
  return (set & wanted) == wanted;
}

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_TYPES_H_
