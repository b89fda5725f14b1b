// SPDX-License-Identifier: Apache-2.0
//
// A point in a thread's execution, described so that another run of the same
// program can tell when it is there: by digests alone, which do not depend on the
// host.

#ifndef ARCH_EXECUTION_POINT_H_
#define ARCH_EXECUTION_POINT_H_

#include <cstddef>
#include <cstdint>
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

struct ExecutionPoint {
  GuestAddr ip = 0;
  uint64_t registers = 0;  // Digest of all that the ISA has
  uint64_t stack = 0;      // Digest of the page that the stack pointer is in
  // What the thread may have written to. Empty: not looked at.
  PageDigests memory;

  friend bool operator==(const ExecutionPoint&,
                         const ExecutionPoint&) = default;
};

}  // namespace emu

#endif  // ARCH_EXECUTION_POINT_H_
