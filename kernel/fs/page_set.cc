// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/page_set.h"

#include <algorithm>
#include <utility>

namespace emu {

uint64_t PageSet::Count(PageRange pages) const {
  uint64_t count = 0;
  auto it = std::partition_point(
      ranges_.begin(), ranges_.end(),
      [&](const PageRange& r) { return r.end <= pages.start; });
  for (; it != ranges_.end() && it->start < pages.end; ++it) {
    count += std::min(it->end, pages.end) - std::max(it->start, pages.start);
  }
  return count;
}

void PageSet::Add(PageRange pages) {
  count_ += pages.size() - Count(pages);
  // Joined with those it touches.
  const auto first = std::partition_point(
      ranges_.begin(), ranges_.end(),
      [&](const PageRange& r) { return r.end < pages.start; });
  auto last = first;
  while (last != ranges_.end() && last->start <= pages.end) {
    pages.start = std::min(pages.start, last->start);
    pages.end = std::max(pages.end, last->end);
    ++last;
  }
  if (first == last) {
    ranges_.insert(first, pages);
  } else {
    *first = pages;
    ranges_.erase(first + 1, last);
  }
}

void PageSet::Remove(PageRange pages) {
  const uint64_t removed = Count(pages);
  if (removed == 0) return;
  count_ -= removed;
  std::vector<PageRange> left;
  for (const PageRange& r : ranges_) {
    if (r.start < pages.start) {
      left.push_back({r.start, std::min(r.end, pages.start)});
    }
    if (r.end > pages.end) {
      left.push_back({std::max(r.start, pages.end), r.end});
    }
  }
  ranges_ = std::move(left);
}

PageSet::Run PageSet::RunAt(uint64_t page) const {
  const auto it = std::partition_point(
      ranges_.begin(), ranges_.end(),
      [page](const PageRange& r) { return r.end <= page; });
  if (it == ranges_.end()) return {false, kNoEnd};
  if (it->start > page) return {false, it->start};
  return {true, it->end};
}

}  // namespace emu
