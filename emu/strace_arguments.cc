// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_arguments.h"

#include <asm/prctl.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>

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

// In place of the arguments from `first` on, where argument `at` has that value.
struct Case {
  const char* name;
  size_t at;
  uint64_t value;
  size_t first;
  std::vector<Kind> kinds;
};

#define K1(a) Kind::k##a
#define K2(a, b) K1(a), K1(b)
#define K3(a, b, c) K2(a, b), K1(c)
#define K4(a, b, c, d) K3(a, b, c), K1(d)
#define K5(a, b, c, d, e) K4(a, b, c, d), K1(e)
#define K6(a, b, c, d, e, f) K5(a, b, c, d, e), K1(f)
#define KN(_1, _2, _3, _4, _5, _6, n, ...) n
#define KINDS(...) \
  {KN(__VA_ARGS__, K6, K5, K4, K3, K2, K1, )(__VA_ARGS__)}

const std::vector<Row>& Rows() {
  // Never destroyed.
  static const auto* const rows = new std::vector<Row>{
#define ARGS(name, ...) {#name, KINDS(__VA_ARGS__)},
#define CASE(...)
#define CASE0(...)
#include "emu/strace_arguments.inc"
#undef ARGS
#undef CASE
#undef CASE0
  };
  return *rows;
}

const std::vector<Case>& Cases() {
  static const auto* const cases = new std::vector<Case>{
#define ARGS(...)
#define CASE(name, at, value, first, ...) \
  {#name, at, static_cast<uint32_t>(value), first, KINDS(__VA_ARGS__)},
#define CASE0(name, at, value, first) \
  {#name, at, static_cast<uint32_t>(value), first, {}},
#include "emu/strace_arguments.inc"
#undef ARGS
#undef CASE
#undef CASE0
  };
  return *cases;
}

#undef KINDS
#undef KN
#undef K6
#undef K5
#undef K4
#undef K3
#undef K2
#undef K1

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

std::vector<ArgumentKind> ArgumentKinds(const SyscallEntry* entry,
                                        absl::Span<const uint64_t> args) {
  std::vector<Kind> kinds = ArgumentKinds(entry);
  if (entry == nullptr) return kinds;
  for (const Case& c : Cases()) {
    if (absl::string_view(c.name) != entry->name) continue;
    uint64_t value = static_cast<uint32_t>(args[c.at]);
    if (kinds.size() > c.at && kinds[c.at] == Kind::kFutexOp) {
      value &= FUTEX_CMD_MASK;
    }
    if (value != c.value) continue;
    kinds.resize(std::min(c.first, kinds.size()));
    kinds.insert(kinds.end(), c.kinds.begin(), c.kinds.end());
    break;
  }
  return kinds;
}

}  // namespace emu
