// SPDX-License-Identifier: Apache-2.0

#include "arch/page_digests.h"

#include <algorithm>
#include <tuple>

#include "arch/base/digest.h"
#include "arch/page_store.h"

namespace emu {
namespace {

// Of reservations of terabytes it takes long to find what is touched: so many
// pages are asked for together.
constexpr uint64_t kMostAsked = 1 << 22;

uint64_t DigestPage(AddressSpace& space, GuestAddr page) {
  char bytes[kPageSize];
  return Digest(bytes, space.CopyIn(bytes, page, sizeof(bytes)));
}

uint64_t DigestAll(const std::vector<uint64_t>& digests) {
  return Digest(digests.data(), digests.size() * sizeof(digests[0]));
}

// The runs of touched pages within `runs`.
std::vector<PageRun> TouchedRuns(AddressSpace& space,
                                 const std::vector<PageRun>& runs,
                                 uint64_t most) {
  std::vector<PageRun> result;
  uint64_t asked = 0;
  for (const PageRun& run : runs) {
    asked += run.pages;
    if (most == 0 || asked > kMostAsked) break;
    const std::vector<bool> touched = space.Touched(run.start, run.pages);
    bool open = false;
    for (uint64_t i = 0; i < run.pages && most > 0; ++i) {
      if (touched[i]) {
        if (!open) result.push_back({run.start + i * kPageSize, 0});
        ++result.back().pages;
        --most;
      }
      open = touched[i];
    }
  }
  return result;
}

void Join(std::vector<PageRun>& runs) {
  std::sort(runs.begin(), runs.end(), [](const PageRun& a, const PageRun& b) {
    return a.start < b.start;
  });
  size_t last = 0;
  for (size_t i = 1; i < runs.size(); ++i) {
    if (runs[last].start + runs[last].pages * kPageSize == runs[i].start) {
      runs[last].pages += runs[i].pages;
    } else {
      runs[++last] = runs[i];
    }
  }
  if (!runs.empty()) runs.resize(last + 1);
}

}  // namespace

PageDigests TakePageDigests(AddressSpace& space, std::vector<PageRun> runs,
                            size_t most) {
  std::sort(runs.begin(), runs.end(), [](const PageRun& a, const PageRun& b) {
    return std::tie(a.pages, a.start) < std::tie(b.pages, b.start);
  });
  PageDigests result;
  result.runs = TouchedRuns(space, runs, most);
  Join(result.runs);
  std::vector<uint64_t> digests;
  for (const PageRun& run : result.runs) {
    for (uint64_t i = 0; i < run.pages; ++i) {
      digests.push_back(DigestPage(space, run.start + i * kPageSize));
      result.digests.push_back(static_cast<uint16_t>(digests.back()));
    }
  }
  result.all = DigestAll(digests);
  return result;
}

PageComparison::PageComparison(AddressSpace& space, const PageDigests& digests,
                               bool lenient)
    : space_(space), digests_(digests) {
  for (const PageRun& run : digests.runs) {
    for (uint64_t i = 0; i < run.pages; ++i) {
      order_.push_back(pages_.size());
      pages_.push_back(run.start + i * kPageSize);
    }
  }
  now_.resize(pages_.size());
  if (!lenient) return;
  for (size_t page = 0; page < pages_.size(); ++page) {
    at_first_.push_back(DigestOf(page));
  }
}

uint64_t PageComparison::DigestOf(size_t page) const {
  return DigestPage(space_, pages_[page]);
}

bool PageComparison::PageMatches(size_t page, bool* forgiven) {
  const uint64_t digest = now_[page] = DigestOf(page);
  if (static_cast<uint16_t>(digest) == digests_.digests[page]) return true;
  *forgiven = !at_first_.empty() && at_first_[page] == digest;
  return *forgiven;
}

bool PageComparison::FirstMatches() {
  bool forgiven = false;
  return order_.empty() || PageMatches(order_[0], &forgiven);
}

bool PageComparison::Matches() {
  bool any_forgiven = false;
  for (size_t i = 0; i < order_.size(); ++i) {
    bool forgiven = false;
    const bool matches = PageMatches(order_[i], &forgiven);
    any_forgiven |= forgiven;
    if (matches) continue;
    std::rotate(order_.begin(), order_.begin() + i, order_.begin() + i + 1);
    return false;
  }
  return any_forgiven || order_.empty() || DigestAll(now_) == digests_.all;
}

}  // namespace emu
