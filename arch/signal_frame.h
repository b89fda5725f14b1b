// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says of a signal frame and what it gets back; the layout is
// the ISA's (arch/<isa>/signal_frame.cc).

#ifndef ARCH_SIGNAL_FRAME_H_
#define ARCH_SIGNAL_FRAME_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

// A synchronous signal that an instruction raised.
struct FaultInfo {
  int signo = 0;       // SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP
  int code = 0;        // si_code, as the host's kernel gave it
  GuestAddr addr = 0;  // si_addr
  // Kind of access, where the ISA tells (SIGSEGV and SIGBUS).
  bool write = false;
  bool exec = false;
  // For the frame's machine context: x86's trapno and err.
  uint64_t trap_number = 0;
  uint64_t error_code = 0;
};

// siginfo_t's 128 bytes, in the wire format of this ISA (the same on all that
// Linux has in 64 bits).
using SiginfoBytes = std::array<char, 128>;

// sigaltstack(2)'s stack_t.
struct AltStack {
  GuestAddr base = 0;
  uint64_t size = 0;
  int32_t flags = 2;  // SS_DISABLE
};

// A handler about to run.
struct SignalFrame {
  int signo = 0;
  GuestAddr handler = 0;
  uint64_t flags = 0;      // SA_*
  GuestAddr restorer = 0;  // SA_RESTORER's
  uint64_t mask = 0;       // to be restored by sigreturn: bit n-1 is signal n
  SiginfoBytes info = {};
  AltStack altstack;
  bool on_altstack = false;  // start at its top (decided by the kernel)
  FaultInfo fault;  // trapno, err and cr2 of the last synchronous fault
};

struct RestoredFrame {
  uint64_t mask = 0;
  AltStack altstack;
};

// Guest memory as a frame is written to it; the task's, with the checks and the
// stack growth of an ordinary copy. EFAULT.
class FrameMemory {
 public:
  virtual ~FrameMemory() = default;
  virtual Result<> CopyIn(void* to, GuestAddr from, size_t n) = 0;
  virtual Result<> CopyOut(GuestAddr to, const void* from, size_t n) = 0;
};

}  // namespace emu

#endif  // ARCH_SIGNAL_FRAME_H_
