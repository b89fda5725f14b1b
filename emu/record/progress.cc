// SPDX-License-Identifier: Apache-2.0

#include "emu/record/progress.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emu {
namespace {

constexpr Nanos kSecond = 1'000'000'000;
// What is short shows nothing; a guest that writes is not disturbed.
constexpr Nanos kFirst = 2 * kSecond;
constexpr Nanos kQuiet = kSecond;
constexpr Nanos kInterval = kSecond / 2;

constexpr char kEraseLine[] = "\r\x1b[K";

}  // namespace

std::string WithCommas(uint64_t number) {
  if (number < 1000) return absl::StrCat(number);
  return absl::StrFormat("%s,%03d", WithCommas(number / 1000), number % 1000);
}

std::string ProgressText(const TraceTotals& totals) {
  return absl::StrFormat("%s events, %.1f s of virtual time, %.1f MiB",
                         WithCommas(totals.events),
                         static_cast<double>(totals.time) / kSecond,
                         static_cast<double>(totals.bytes) / (1 << 20));
}

void Progress::Update(Nanos now, bool own,
                      absl::FunctionRef<std::string()> text) {
  if (!at_terminal_) return;
  if (!started_) next_ = now + kFirst;
  started_ = true;
  if (own) return Clear();
  if (now < next_ || !line_is_free_) return;
  next_ = now + kInterval;
  write_(absl::StrCat(kEraseLine, "emu: ", text()));
  shown_ = true;
}

void Progress::BeforeOutput(Nanos now, absl::Span<const char> bytes) {
  if (!at_terminal_ || bytes.empty()) return;
  Clear();
  next_ = std::max(next_, now + kQuiet);
  line_is_free_ = bytes.back() == '\n';
}

void Progress::Clear() {
  if (shown_) write_(kEraseLine);
  shown_ = false;
}

}  // namespace emu
