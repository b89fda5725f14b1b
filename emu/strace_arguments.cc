// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_arguments.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace emu {
namespace {

using Kind = ArgumentKind;

struct Row {
  const char* name;
  std::vector<Kind> kinds;
};

const std::vector<Row>& Rows() {
  using enum Kind;
  // Never destroyed.
  static const auto* const rows = new std::vector<Row>{
#define K1(a) k##a
#define K2(a, b) k##a, k##b
#define K3(a, b, c) K2(a, b), k##c
#define K4(a, b, c, d) K3(a, b, c), k##d
#define K5(a, b, c, d, e) K4(a, b, c, d), k##e
#define K6(a, b, c, d, e, f) K5(a, b, c, d, e), k##f
#define KN(_1, _2, _3, _4, _5, _6, n, ...) n
#define ARGS(name, ...) \
  {#name, {KN(__VA_ARGS__, K6, K5, K4, K3, K2, K1, )(__VA_ARGS__)}},
#include "emu/strace_arguments.inc"
#undef ARGS
#undef KN
#undef K6
#undef K5
#undef K4
#undef K3
#undef K2
#undef K1
  };
  return *rows;
}

// What the row's type says: "UserPtr<const char> buf" is a pointer.
Kind KindOfParameter(absl::string_view parameter) {
  const auto starts = [parameter](absl::string_view prefix) {
    return absl::StartsWith(parameter, prefix);
  };
  if (starts("Fd ")) return Kind::kFd;
  if (starts("UserCString")) return Kind::kPath;
  if (starts("UserPtr") || starts("GuestAddr")) return Kind::kPointer;
  if (starts("int ") || starts("int32_t") || starts("Pid")) return Kind::kInt;
  return Kind::kUint;
}

}  // namespace

std::vector<ArgumentKind> ArgumentKinds(const SyscallEntry* entry) {
  if (entry == nullptr) return std::vector<Kind>(6, Kind::kHex);
  std::vector<Kind> kinds;
  for (absl::string_view parameter :
       absl::StrSplit(entry->parameters, ',', absl::SkipWhitespace())) {
    kinds.push_back(
        KindOfParameter(absl::StripLeadingAsciiWhitespace(parameter)));
  }
  // Refused calls have no parameters in their rows.
  const bool refused = entry->kind == SyscallEntry::Kind::kRefused;
  for (const Row& row : Rows()) {
    if (absl::string_view(row.name) != entry->name) continue;
    if (kinds.empty() && refused) return row.kinds;
    for (size_t i = 0; i < std::min(kinds.size(), row.kinds.size()); ++i) {
      kinds[i] = row.kinds[i];
    }
  }
  if (kinds.empty() && refused) return std::vector<Kind>(6, Kind::kHex);
  return kinds;
}

}  // namespace emu
