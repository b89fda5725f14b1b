// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_format.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "emu/strace_arguments.h"
#include "emu/strace_formatter.h"
#include "emu/strace_result.h"

namespace emu {
namespace {

using Kind = ArgumentKind;

// Whether the call has no argument `i`, whatever its register holds.
bool Ends(const TracedCall& call, size_t i, Kind kind) {
  if (i == 0) return false;
  const uint64_t before = call.args[i - 1];
  if (kind == Kind::kOpenMode) {
    return (before & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) == 0;
  }
  return kind == Kind::kDevice && !S_ISCHR(before) && !S_ISBLK(before);
}

// clone's are named, for ISAs have them in different orders.
std::string CloneText(const TracedCall& call) {
  const uint64_t flags = call.args[0];
  std::string text =
      absl::StrCat("child_stack=", PointerText(call.args[1]),
                   ", flags=", CloneFlagsText(flags));
  if (flags & CLONE_PARENT_SETTID) {
    absl::StrAppend(&text, ", parent_tid=", PointerText(call.args[2]));
  }
  if (flags & CLONE_SETTLS) {
    absl::StrAppend(&text, ", tls=", PointerText(call.args[4]));
  }
  if (flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID)) {
    absl::StrAppend(&text, ", child_tidptr=", PointerText(call.args[3]));
  }
  return text;
}

// What argument `i` points to that the call will store over.
std::vector<uint64_t> NumbersAt(const TracedCall& call, size_t i, Kind kind,
                                GuestReader memory) {
  constexpr size_t kNameLength = offsetof(mmsghdr, msg_hdr.msg_namelen);
  constexpr uint64_t kMostMessages = 32;
  GuestValues values(memory);
  const GuestAddr addr = call.args[i];
  if (addr == 0) return {};
  switch (kind) {
    case Kind::kAddressLengthOut:
    case Kind::kLengthOut:
      return values.Numbers(addr, 4, 4, 1);
    case Kind::kMmsghdrsOut:
      return values.Numbers(addr + kNameLength, 4, sizeof(mmsghdr),
                            std::min(call.args[i + 1], kMostMessages));
    case Kind::kMsghdrOut:
      return values.Numbers(addr + kNameLength, 4, 4, 1);
    case Kind::kOffsetOut:
      return values.Numbers(addr, 8, 8, 1);
    case Kind::kTimespecGiven:
      return values.Numbers(addr, 8, 8, 2);
    default:
      return {};
  }
}

// The text of arguments [from, to).
std::string Arguments(const TracedCall& call, const std::vector<Kind>& kinds,
                      size_t from, size_t to, const GivenNumbers& given,
                      int64_t result, GuestReader memory) {
  if (call.entry != nullptr &&
      absl::string_view(call.entry->name) == "clone") {
    return from == 0 && to > 0 ? CloneText(call) : "";
  }
  Formatter formatter(call, given, result, memory);
  std::string text;
  for (size_t i = from; i < to; ++i) {
    if (Ends(call, i, kinds[i])) break;
    if (kinds[i] == Kind::kHidden) continue;
    absl::StrAppend(&text, i > from ? ", " : "",
                    formatter.Argument(i, kinds[i]));
  }
  return text;
}

}  // namespace

std::string CallName(const TracedCall& call) {
  return call.entry != nullptr
             ? std::string(call.entry->name)
             : absl::StrCat("syscall_0x", absl::Hex(call.number));
}

EnterText FormatEnter(const TracedCall& call, GuestReader memory) {
  const std::vector<Kind> kinds = ArgumentKinds(call.entry, call.args);
  size_t n = 0;
  while (n < kinds.size() && kinds[n] < Kind::kFirstOut) ++n;
  EnterText text;
  text.text = absl::StrCat(CallName(call), "(",
                           Arguments(call, kinds, 0, n, {}, 0, memory));
  for (size_t i = n; i < std::min(kinds.size(), text.given.size()); ++i) {
    text.given[i] = NumbersAt(call, i, kinds[i], memory);
  }
  text.printed = static_cast<int>(n);
  text.complete = n == kinds.size();
  // What is filled in follows a comma.
  if (!text.complete && n > 0) text.text += ", ";
  return text;
}

ExitText FormatExit(const TracedCall& call, const EnterText& enter,
                    int64_t result, GuestReader memory) {
  const std::vector<Kind> kinds = ArgumentKinds(call.entry, call.args);
  return {
      absl::StrCat(
          Arguments(call, kinds, enter.printed, kinds.size(), enter.given,
                    result, memory),
          ")"),
      ResultText(call, result, memory)};
}

}  // namespace emu
