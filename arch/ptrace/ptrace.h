// SPDX-License-Identifier: Apache-2.0
//
// ptrace(2), typed: one function for each request that every ISA has. It is a
// thin layer: no state, one system call each, nothing allocated unless the
// call fails.
//
// Each failure is a status that names request, tid and errno, as in
// "ptrace(PTRACE_CONT, 123): No such process"; ErrnoOf() gives the errno back.
// ESRCH is the one to expect anywhere: no such thread, not this thread's
// tracee, not in a stop, or killed a moment ago (for a stopped tracee, only the
// last). What else is said of errors below adds to that.
//
// Registers: register_set.h, isa/registers.h, isa/user_area.h. PTRACE_SYSEMU:
// sysemu.h. What waitpid(2) reports: wait.h.

#ifndef ARCH_PTRACE_PTRACE_H_
#define ARCH_PTRACE_PTRACE_H_

#include <signal.h>

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

// ---- Becoming the tracer, and ceasing to be.

// Makes the calling thread a tracee of its parent. The one request that the
// child makes. EPERM: it already is one.
absl::Status traceme();

// Becomes the tracer and sends SIGSTOP. EPERM: not allowed, or traced already.
absl::Status attach(Tid tid);

// Becomes the tracer without stopping the tracee, and sets `options` at once.
// Only a seized tracee can be interrupted and listened to. EPERM: as attach().
absl::Status seize(Tid tid, Options options = Options::NONE);

// Lets a stopped tracee go, with `signal` if given.
absl::Status detach(Tid tid, std::optional<Signal> signal = std::nullopt);

// ---- Resuming a stopped tracee, with the signal it is to receive, if any.
// Out of a signal-delivery stop, none means that the signal is dropped; out of
// others, a signal may or may not be delivered (see the manual). EIO: no such
// signal.

// Runs until a signal, an event or the end.
absl::Status cont(Tid tid, std::optional<Signal> signal = std::nullopt);

// Runs until the next entry to, or exit from, a system call too.
absl::Status syscall(Tid tid, std::optional<Signal> signal = std::nullopt);

// Runs one instruction.
absl::Status step(Tid tid, std::optional<Signal> signal = std::nullopt);

// ---- Stopping and ending.

// Stops a seized tracee: EventStop{Event::STOP}, unless another stop comes
// first. EIO: not seized.
absl::Status interrupt(Tid tid);

// Leaves a seized tracee in its group stop, but lets it report events; SIGCONT
// ends it. EIO: not seized, or not in a stop of Event::STOP.
absl::Status listen(Tid tid);

// PTRACE_KILL: SIGKILL for the tracee's process. Before Linux 5.19 it needs a
// stopped tracee, and does nothing to a running one.
absl::Status kill(Tid tid);

// ---- Options and events.

// Replaces the options. EINVAL: one that this kernel lacks.
absl::Status setoptions(Tid tid, Options options);

// The message of the last event: the new child's tid, the exit status, the
// former tid of an exec, or the filter's SECCOMP_RET_DATA.
absl::StatusOr<Word> getevent(Tid tid);

// ---- Signals.

// The signal of the present stop. EINVAL: a group stop of a tracee that was not
// seized.
absl::StatusOr<siginfo_t> getsiginfo(Tid tid);

// Replaces it: what the tracee's handler will see.
absl::Status setsiginfo(Tid tid, const siginfo_t& info);

enum class SignalQueue : uint32_t { THREAD = 0, PROCESS = 1 };

// Copies signals queued for the thread, or for the whole process, to `out`,
// from number `offset` of the queue on, and leaves them queued. Returns how
// many, 0 at the queue's end.
absl::StatusOr<size_t> peeksiginfo(Tid tid, SignalQueue queue, uint64_t offset,
                                   absl::Span<siginfo_t> out);

// The signals that the tracee blocks. setsigmask() keeps SIGKILL and SIGSTOP
// out of `mask`.
absl::StatusOr<SignalMask> getsigmask(Tid tid);
absl::Status setsigmask(Tid tid, SignalMask mask);

// ---- System calls.

// Where in a system call a tracee stands.
enum class SyscallOp : uint8_t { NONE = 0, ENTRY = 1, EXIT = 2, SECCOMP = 3 };

// struct ptrace_syscall_info, and how much of it the kernel filled; the rest
// is zero. `op` says which member of the union holds.
struct SyscallInfo {
  struct Entry {
    uint64_t nr;
    uint64_t args[6];
  };
  struct Exit {
    int64_t rval;
    uint8_t is_error;
  };
  struct Seccomp {
    uint64_t nr;
    uint64_t args[6];
    uint32_t ret_data;
  };

  SyscallOp op = SyscallOp::NONE;
  uint8_t reserved[3] = {};
  uint32_t arch = 0;  // AUDIT_ARCH_*
  uint64_t instruction_pointer = 0;
  uint64_t stack_pointer = 0;
  union {
    Seccomp seccomp = {};
    Entry entry;
    Exit exit;
  };
  size_t size = 0;  // what the kernel returned: may exceed what was asked for
};

// The system call of the present stop; SyscallOp::NONE outside of one. ENTRY
// and EXIT are told apart only under Options::TRACESYSGOOD. EIO: before Linux
// 5.3.
absl::StatusOr<SyscallInfo> syscall_info(Tid tid);

// ---- Memory, a word at a time, whatever its protection.

// EIO: no memory there (EFAULT on some kernels).
absl::StatusOr<Word> read(Tid tid, uintptr_t addr);
absl::Status write(Tid tid, uintptr_t addr, Word word);

// ---- The user area: registers and debug registers, a word at a time; see
// isa/user_area.h. EIO: no such offset, or an ISA without it.

absl::StatusOr<Word> read_user(Tid tid, UserOffset offset);
absl::Status write_user(Tid tid, UserOffset offset, Word word);

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_PTRACE_H_
