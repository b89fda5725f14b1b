// SPDX-License-Identifier: Apache-2.0
//
// What a guest's memory holds at a point of its execution, taken once and compared
// often: a loop comes by with the same registers many times before it has done all
// that it had done there.

#ifndef ARCH_PAGE_DIGESTS_H_
#define ARCH_PAGE_DIGESTS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "arch/execution_point.h"
#include "arch/machine.h"

namespace emu {

// Of the pages in `runs` that were touched, `most` at most. The shortest runs come
// first: what a loop counts with lies beside little else, and bulk data in long
// ones.
PageDigests TakePageDigests(AddressSpace& space, std::vector<PageRun> runs,
                            size_t most);

// Compares them with what the memory holds later, or in another run.
class PageComparison {
 public:
  // Both outlive it. `lenient`: see RunLimit.
  PageComparison(AddressSpace& space, const PageDigests& digests, bool lenient);

  // Whether the page does that last told a difference.
  bool FirstMatches();
  // All do. The pages that last told a difference are looked at first: a loop is mostly
  // known by one of them.
  bool Matches();

 private:
  uint64_t DigestOf(size_t page) const;
  bool PageMatches(size_t page, bool* forgiven);

  AddressSpace& space_;
  const PageDigests& digests_;
  std::vector<GuestAddr> pages_;
  std::vector<size_t> order_;
  std::vector<uint64_t> now_;
  std::vector<uint64_t> at_first_;  // if lenient
};

}  // namespace emu

#endif  // ARCH_PAGE_DIGESTS_H_
