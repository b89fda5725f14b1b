// SPDX-License-Identifier: Apache-2.0
//
// An ELF file's headers, read and checked: everything that the loader relies on
// holds of an ElfFile, whatever bytes it was read from.

#ifndef KERNEL_MM_ELF_FILE_H_
#define KERNEL_MM_ELF_FILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "arch/result.h"

namespace emu {

// Reads bytes at an offset of the file: how many, fewer only at its end.
using ReadFile =
    absl::FunctionRef<Result<size_t>(absl::Span<char> to, uint64_t offset)>;

struct ElfSegment {
  uint64_t vaddr = 0;
  uint64_t offset = 0;  // in the file; as far into its page as vaddr is
  uint64_t file_size = 0;
  uint64_t memory_size = 0;  // at least file_size
  int prot = 0;              // PROT_*

  uint64_t end() const { return vaddr + memory_size; }
};

struct ElfFile {
  bool relocatable = false;  // ET_DYN: may be loaded anywhere
  uint64_t entry = 0;
  std::string interpreter;  // empty: none
  bool executable_stack = false;
  std::vector<ElfSegment> segments;  // PT_LOAD, in the file's order
  uint64_t alignment = 0;            // largest of the segments; a power of two
  // Program headers, for AT_PHDR: their address before relocation (0 if no
  // segment holds them) and number.
  uint64_t headers = 0;
  uint16_t header_count = 0;

  // The first and last page of all segments.
  uint64_t lowest() const;
  uint64_t highest() const;
};

inline constexpr uint64_t kElfHeaderSize = 64;
inline constexpr uint64_t kProgramHeaderSize = 56;

// Whether the file claims to be one.
bool LooksLikeElf(absl::string_view first_bytes);

// `first_bytes` are the file's first, as many as the caller cared to read.
// ENOEXEC: not one that this machine runs; EIO: cut short; EINVAL: it cannot be
// loaded as its segments say.
Result<ElfFile> ParseElf(absl::string_view first_bytes, ReadFile read,
                         uint16_t machine);

}  // namespace emu

#endif  // KERNEL_MM_ELF_FILE_H_
