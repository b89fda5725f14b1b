// SPDX-License-Identifier: Apache-2.0
//
// PTRACE_GETREGSET and PTRACE_SETREGSET (ptrace(2), elf(5)): sets of registers
// by the type of their core dump note. A RegisterSet ties each note to the one
// C struct that holds its bytes, so that a mismatch does not compile. Each ISA
// says which it has, in its registers.h. Errors: as ptrace.h says, and ENODEV
// or EINVAL for a note that the kernel lacks.

#ifndef ARCH_PTRACE_REGISTER_SET_H_
#define ARCH_PTRACE_REGISTER_SET_H_

#include <concepts>
#include <cstddef>
#include <type_traits>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

// NT_PRSTATUS and so on, as <elf.h> has them.
enum class RegisterSetValue : int {
  PRSTATUS = 1,
  PRFPREG = 2,
  PRPSINFO = 3,
  TASKSTRUCT = 4,
  AUXV = 6,
  X86_XSTATE = 0x202,
  ARM_TLS = 0x401,
  ARM_SYSTEM_CALL = 0x404,
  ARM_SVE = 0x405,
};

// A register set. Specialised once for each note that an ISA has, as
//   static constexpr RegisterSetValue kValue = value;
//   using Regs = the C struct of its bytes;
template <RegisterSetValue value>
struct RegisterSet;

template <typename S>
concept IsRegisterSet = requires {
  typename S::Regs;
  requires std::same_as<S, RegisterSet<S::kValue>>;
  requires std::is_trivially_copyable_v<typename S::Regs>;
};

// Any set, as bytes, for those whose size only the kernel knows. The kernel may
// fill (use) fewer bytes than offered: returns how many; the rest of `out` is
// left as it was.
absl::StatusOr<size_t> getregset(Tid tid, RegisterSetValue value,
                                 absl::Span<std::byte> out);
absl::StatusOr<size_t> setregset(Tid tid, RegisterSetValue value,
                                 absl::Span<const std::byte> bytes);

// Reads a set: getregset<GeneralRegisters>(tid, &regs). Returns how many bytes
// of `*regs` the kernel filled; the rest is left as it was.
template <IsRegisterSet S>
absl::StatusOr<size_t> getregset(Tid tid, typename S::Regs* regs) {
  return getregset(tid, S::kValue,
                   absl::MakeSpan(reinterpret_cast<std::byte*>(regs),
                                  sizeof(typename S::Regs)));
}

// Writes the first `size` bytes of a set (what getregset returned, for a set
// whose struct is larger than the kernel's). Returns how many the kernel took.
// EINVAL or EFAULT: a size that the kernel does not take. Requires: size <=
// sizeof(regs).
template <IsRegisterSet S>
absl::StatusOr<size_t> setregset(Tid tid, const typename S::Regs& regs,
                                 size_t size = sizeof(typename S::Regs)) {
  return setregset(
      tid, S::kValue,
      absl::MakeConstSpan(reinterpret_cast<const std::byte*>(&regs), size));
}

}  // namespace emu::ptrace

#endif  // ARCH_PTRACE_REGISTER_SET_H_
