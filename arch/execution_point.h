// SPDX-License-Identifier: Apache-2.0
//
// A point in a thread's execution, described so that another run of the same
// program can tell when it is there: by digests, which do not depend on the host.

#ifndef ARCH_EXECUTION_POINT_H_
#define ARCH_EXECUTION_POINT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "arch/user_ptr.h"

namespace emu {

// Pages that follow each other.
struct PageRun {
  GuestAddr start = 0;
  uint64_t pages = 0;

  friend bool operator==(const PageRun&, const PageRun&) = default;
};

// What some pages of a guest's memory hold (arch/page_digests.h): of each a part
// of its digest, enough to tell most contents apart by one page, and a digest of
// all of them.
struct PageDigests {
  // So many are listed at most.
  static constexpr size_t kMost = 1 << 16;

  std::vector<PageRun> runs;      // none touches another; kMost pages together
  std::vector<uint16_t> digests;  // of each page of the runs, in order
  uint64_t all = 0;

  friend bool operator==(const PageDigests&, const PageDigests&) = default;
};

// An aligned word of a guest's memory.
struct MemoryWord {
  GuestAddr addr = 0;
  uint64_t value = 0;

  friend bool operator==(const MemoryWord&, const MemoryWord&) = default;
};

// What tells most of the times that a thread comes to an instruction from the one
// that is meant, and can be looked at by a few instructions in the guest itself.
struct PointHints {
  // So much is kept at most.
  static constexpr size_t kMostBytes = 1024;
  static constexpr size_t kMostWords = 32;

  // What lies at the instruction, for there may be other code before.
  std::string code;
  std::string registers;          // as the ISA has them; empty: not known
  std::vector<MemoryWord> words;  // that the thread changed last

  friend bool operator==(const PointHints&, const PointHints&) = default;
};

struct ExecutionPoint {
  GuestAddr ip = 0;
  uint64_t registers = 0;  // Digest of all that the ISA has
  uint64_t stack = 0;      // Digest of the page that the stack pointer is in
  // What the thread may have written to. Empty: not looked at.
  PageDigests memory;
  PointHints hints;

  friend bool operator==(const ExecutionPoint&,
                         const ExecutionPoint&) = default;
};

}  // namespace emu

#endif  // ARCH_EXECUTION_POINT_H_
