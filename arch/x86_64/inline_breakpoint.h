// SPDX-License-Identifier: Apache-2.0
//
// A breakpoint that the guest decides on itself: a jump in place of an instruction
// leads to code that compares registers and words of memory with those wanted,
// traps if they are alike, and else executes the instruction and goes on. It takes
// nanoseconds where a stop takes microseconds, and leaves flags, registers, stack
// and red zone as they are. Included as arch/isa/inline_breakpoint.h.

#ifndef ARCH_X86_64_INLINE_BREAKPOINT_H_
#define ARCH_X86_64_INLINE_BREAKPOINT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "arch/execution_point.h"
#include "arch/isa/registers.h"
#include "arch/page_store.h"
#include "arch/user_ptr.h"

namespace emu::isa {

// The first page is for code, the second for data.
struct InlineBreakpoint {
  static constexpr uint64_t kCodeSize = kPageSize;

  std::vector<uint8_t> jump;  // what the instruction is replaced by
  std::vector<uint8_t> code;
  std::vector<uint8_t> data;
  size_t copy = 0;  // where the instruction lies in the code
  size_t trap = 0;  // behind the trap: there the thread stands if all is alike
};

// Whether the instruction at the start of `bytes`, about to run in `regs`, can be
// replaced: it has room for a jump, and does the same elsewhere.
bool CanHoldInlineBreakpoint(const Registers& regs,
                             absl::Span<const uint8_t> bytes);

// Of the instruction at Ip(wanted), with its pages at `pages`. No value if it cannot
// be replaced, or is too far away.
std::optional<InlineBreakpoint> MakeInlineBreakpoint(
    absl::Span<const uint8_t> bytes, const Registers& wanted,
    absl::Span<const MemoryWord> words, GuestAddr pages);

}  // namespace emu::isa

#endif  // ARCH_X86_64_INLINE_BREAKPOINT_H_
