// SPDX-License-Identifier: Apache-2.0

#include "emu/suggestion.h"

#include <algorithm>

namespace emu {
namespace {

// How many slips make `b` of `a`.
size_t Distance(absl::string_view a, absl::string_view b) {
  // rows[i][j]: of the first i letters of a and the first j of b.
  std::vector<std::vector<size_t>> rows(a.size() + 1,
                                        std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) rows[i][0] = i;
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      size_t& here = rows[i][j];
      here = std::min({rows[i - 1][j] + 1, rows[i][j - 1] + 1,
                       rows[i - 1][j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        here = std::min(here, rows[i - 2][j - 2] + 1);
      }
    }
  }
  return rows[a.size()][b.size()];
}

}  // namespace

std::string Suggestion(absl::string_view word,
                       const std::vector<std::string>& words) {
  constexpr size_t kLongest = 64;
  if (word.size() > kLongest) return "";
  // A short word is soon another.
  size_t nearest = word.size() <= 3 ? 2 : 3;
  std::string found;
  for (const std::string& candidate : words) {
    const size_t distance = Distance(word, candidate);
    if (distance < nearest) {
      nearest = distance;
      found = candidate;
    }
  }
  return found;
}

}  // namespace emu
