// SPDX-License-Identifier: Apache-2.0
//
// Which memory an instruction may change, and whether it is one that does the
// same thing each time it finds the same registers and memory. Included as
// arch/isa/memory_use.h.

#ifndef ARCH_X86_64_MEMORY_USE_H_
#define ARCH_X86_64_MEMORY_USE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/types/span.h"
#include "arch/isa/registers.h"
#include "arch/user_ptr.h"

namespace emu::isa {

struct MemoryUse {
  // No instruction that is told of here writes to more at one place.
  static constexpr size_t kWindow = 64;

  // False: it is not known what the instruction does, or it depends on more than
  // registers and memory.
  bool known = false;
  // It changes no memory outside of the windows that begin here.
  size_t count = 0;
  std::array<GuestAddr, 4> windows = {};
};

// Of the instruction at the start of `bytes`, which is about to run in `regs`.
MemoryUse DecodeMemoryUse(const Registers& regs,
                          absl::Span<const uint8_t> bytes);

// An instruction that repeats itself, by a REP prefix. The host's step makes one round
// of it, and a breakpoint stops before the first alone.
struct Repetition {
  uint64_t rounds = 0;  // that are left, at most
  GuestAddr end = 0;    // the next instruction
};

// Of the instruction at the start of `bytes`, if it is one.
std::optional<Repetition> DecodeRepetition(const Registers& regs,
                                           absl::Span<const uint8_t> bytes);

}  // namespace emu::isa

#endif  // ARCH_X86_64_MEMORY_USE_H_
