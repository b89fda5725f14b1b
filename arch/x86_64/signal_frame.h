// SPDX-License-Identifier: Apache-2.0
//
// struct rt_sigframe: what Linux on x86-64 puts on a stack before it runs a
// signal handler, and takes back at rt_sigreturn(2). Included as
// arch/isa/signal_frame.h.

#ifndef ARCH_X86_64_SIGNAL_FRAME_H_
#define ARCH_X86_64_SIGNAL_FRAME_H_

#include <cstddef>

#include "absl/types/span.h"
#include "arch/isa/registers.h"
#include "arch/result.h"
#include "arch/signal_frame.h"

namespace emu::isa {

// Writes the frame and makes `regs` enter the handler. `extended` are the
// extended registers as ptrace gave them. EFAULT: no room there; or no
// restorer, without which there is no way back.
Result<> PushSignalFrame(const SignalFrame& frame, FrameMemory& memory,
                         Registers& regs, absl::Span<const char> extended);

// Takes the frame at the stack pointer back into `regs` and `extended`. What
// user code may not set is left as it was. EFAULT: no valid frame is there;
// the registers are then of no meaning.
Result<RestoredFrame> PopSignalFrame(FrameMemory& memory, Registers& regs,
                                     absl::Span<char> extended);

// The least stack that a handler can start on: AT_MINSIGSTKSZ.
size_t MinSignalStack();

}  // namespace emu::isa

#endif  // ARCH_X86_64_SIGNAL_FRAME_H_
