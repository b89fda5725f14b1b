// SPDX-License-Identifier: Apache-2.0
//
// What a run did, event by event. A TraceSink is told of each as it happens;
// strace's text, the statistics and recordings are sinks. The kernel emits from
// few places and handlers never trace.

#ifndef KERNEL_TRACE_H_
#define KERNEL_TRACE_H_

#include <array>
#include <cstdint>

#include "absl/types/span.h"
#include "arch/env.h"
#include "arch/user_ptr.h"

namespace emu {

class Task;
struct SyscallEntry;

struct Event {
  enum class Kind {
    kEnter,   // a call was made: entry, number, args
    kExit,    // and answered: result. Not told for calls that never return.
    kBlock,   // the call waits
    kWake,    // the task can go on
    kSwitch,  // another task runs now
    kSignal,  // a signal is delivered: number is the signal, args[0] si_code,
              // the others are siginfo_t's words from byte 16 on
    kSpawn,   // a thread or process: number is its tid, args[0] clone's flags
    kExec,    // the task runs a new program
    kDeath,   // the task ended: number is the process's wait status if it was
              // the last thread
    kSpin,    // it gave way in user code, waiting for a change of memory: number
              // is the instruction pointer
    kPreempt,  // it gave way in user code where the host's clock or the outside
               // had it: number is the instruction pointer
  };
  Kind kind;
  uint64_t sequence = 0;
  Nanos time = 0;  // virtual, since boot
  Pid tid = 0;
  uint64_t number = 0;
  // Null when there is no such call.
  const SyscallEntry* entry = nullptr;
  std::array<uint64_t, 6> args = {};
  // kExit: the value, or -errno.
  int64_t result = 0;
  // Of all bytes copied from and to guests since the last event; 0 if there
  // were none or no sink wants to know.
  uint32_t digest = 0;
};

class TraceSink {
 public:
  virtual ~TraceSink() = default;
  // `task` is as it stands at the event; its memory may be read.
  virtual void OnEvent(const Event& event, Task& task) = 0;
  // Whether events are to carry the digest of the data, and OnData is called.
  virtual bool WantsDigests() const { return false; }
  // `bytes` were copied from the running guest, or to it, at `at`.
  virtual void OnData(GuestAddr /*at*/, absl::Span<const char> /*bytes*/) {}
};

}  // namespace emu

#endif  // KERNEL_TRACE_H_
