// SPDX-License-Identifier: Apache-2.0
//
// A set of a file's pages, kept as ranges: most files have one.

#ifndef KERNEL_FS_PAGE_SET_H_
#define KERNEL_FS_PAGE_SET_H_

#include <cstdint>
#include <vector>

namespace emu {

// Pages [start, end).
struct PageRange {
  uint64_t start = 0;
  uint64_t end = 0;
  uint64_t size() const { return end - start; }
};

class PageSet {
 public:
  // How many there are, in all or in the range.
  uint64_t count() const { return count_; }
  uint64_t Count(PageRange pages) const;
  void Add(PageRange pages);
  void Remove(PageRange pages);

  // Whether the page is in the set, and the end of those from there on of which
  // the same is true: kNoEnd when it is of all.
  struct Run {
    bool in_set;
    uint64_t end;
  };
  static constexpr uint64_t kNoEnd = ~0ull;
  Run RunAt(uint64_t page) const;

 private:
  std::vector<PageRange> ranges_;  // in order, with gaps between them
  uint64_t count_ = 0;
};

}  // namespace emu

#endif  // KERNEL_FS_PAGE_SET_H_
