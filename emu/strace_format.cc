// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_format.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arch/result.h"
#include "emu/strace_arguments.h"
#include "emu/strace_names.h"
#include "emu/strace_signals.h"

namespace emu {
namespace {

using Kind = ArgumentKind;

// Formats the arguments of one call.
class Formatter {
 public:
  Formatter(const TracedCall& call, int64_t result, GuestReader memory)
      : call_(call), result_(result), values_(memory) {}

  std::string Argument(size_t i, Kind kind) {
    const uint64_t value = call_.args[i];
    const auto number = static_cast<int64_t>(value);
    switch (kind) {
      case Kind::kInt:
        return absl::StrCat(static_cast<int32_t>(number));
      case Kind::kUint:
        return absl::StrCat(value);
      case Kind::kHex:
        return value == 0 ? "0" : absl::StrCat("0x", absl::Hex(value));
      case Kind::kFd:
        return absl::StrCat(static_cast<int32_t>(number));
      case Kind::kDirFd:
        return static_cast<int32_t>(number) == AT_FDCWD
                   ? "AT_FDCWD"
                   : absl::StrCat(static_cast<int32_t>(number));
      case Kind::kPath:
        return values_.Path(value);
      case Kind::kBytes:
        return values_.Bytes(value, Next(i));
      case Kind::kStrings:
        return values_.Strings(value);
      case Kind::kStringCount:
        return values_.StringCount(value);
      case Kind::kOpenFlags:
        return OpenFlags(value);
      case Kind::kOpenMode:
      case Kind::kMode:
        return absl::StrFormat("%#o", value & 0xffff);
      case Kind::kFileMode:
        return FileModeText(static_cast<uint32_t>(value));
      case Kind::kAccessMode:
        return FlagNames(value, kAccessNames, "F_OK");
      case Kind::kProt:
        return FlagNames(value, kProtNames, "PROT_NONE");
      case Kind::kMapFlags:
        return FlagNames(value, kMapFlagNames);
      case Kind::kCloneFlags:
        return CloneFlags(value);
      case Kind::kAtFlags:
        return FlagNames(Low(value), kAtFlagNames);
      case Kind::kMsgFlags:
        return FlagNames(Low(value), kMsgFlagNames);
      case Kind::kWaitOptions:
        return FlagNames(Low(value), kWaitOptionNames);
      case Kind::kWhence:
        return ValueName(Low(value), kWhenceNames);
      case Kind::kFcntlCommand:
        return ValueName(Low(value), kFcntlNames);
      case Kind::kIoctlRequest:
        return ValueName(Low(value), kIoctlNames);
      case Kind::kFutexOp:
        return FutexOp(Low(value));
      case Kind::kEpollOp:
        return ValueName(Low(value), kEpollOpNames);
      case Kind::kEpollEvent:
        return values_.EpollEvents(value, 1, false);
      case Kind::kClock:
        return ValueName(Low(value), kClockNames);
      case Kind::kDomain:
        return ValueName(Low(value), kDomainNames);
      case Kind::kSockType:
        return SockType(Low(value));
      case Kind::kSockFlags:
        return FlagNames(Low(value), kSockFlagNames);
      case Kind::kResource:
        return ValueName(Low(value), kResourceNames);
      case Kind::kMadvice:
        return ValueName(Low(value), kMadviceNames);
      case Kind::kSigHow:
        return ValueName(Low(value), kSigHowNames);
      case Kind::kSignal:
        return SignalName(static_cast<int32_t>(number));
      case Kind::kSigset:
      case Kind::kSigsetOut:
        return values_.Sigset(value);
      case Kind::kSigaction:
      case Kind::kSigactionOut:
        return values_.Sigaction(value);
      case Kind::kTimespec:
      case Kind::kTimespecOut:
        return values_.Timespecs(value, 1);
      case Kind::kTimespec2:
        return values_.Timespecs(value, 2);
      case Kind::kSockaddr:
        return values_.Sockaddr(value, Next(i));
      case Kind::kSockaddrOut:
        return values_.SockaddrOut(value, Next(i));
      case Kind::kIovec:
        return values_.Iovec(value, Next(i), UINT64_MAX);
      case Kind::kIovecOut:
        return values_.Iovec(value, Next(i), static_cast<uint64_t>(result_));
      case Kind::kRlimit:
      case Kind::kRlimitOut:
        return values_.Rlimit(value);
      case Kind::kPollfds:
        return values_.Pollfds(value, Next(i));
      case Kind::kBytesOut:
        return values_.Bytes(value, static_cast<uint64_t>(result_));
      case Kind::kStatOut:
        return values_.Stat(value);
      case Kind::kWaitStatusOut:
        return values_.WaitStatus(value, result_ != 0);
      case Kind::kFdPairOut:
        return values_.FdPair(value);
      case Kind::kEpollEventsOut:
        return values_.EpollEvents(value, static_cast<uint64_t>(result_), true);
      case Kind::kUtsnameOut:
        return values_.Utsname(value);
      case Kind::kPointer:
        break;
    }
    return PointerText(value);
  }

 private:
  static uint64_t Low(uint64_t value) { return static_cast<uint32_t>(value); }

  // The length that the next argument is.
  uint64_t Next(size_t i) const { return i + 1 < 6 ? call_.args[i + 1] : 0; }

  std::string OpenFlags(uint64_t flags) {
    static constexpr const char* kModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR",
                                             "O_ACCMODE"};
    const bool opens =
        call_.entry != nullptr && absl::StartsWith(call_.entry->name, "open");
    std::string text = opens ? kModes[flags & O_ACCMODE] : "";
    if (opens) flags &= ~uint64_t{O_ACCMODE};
    const std::string rest = FlagNames(Low(flags), kOpenFlagNames, "");
    if (!rest.empty()) absl::StrAppend(&text, text.empty() ? "" : "|", rest);
    return text.empty() ? "0" : text;
  }

  std::string CloneFlags(uint64_t flags) {
    std::string text = FlagNames(flags & ~uint64_t{0xff}, kCloneFlagNames, "");
    if ((flags & 0xff) != 0) {
      absl::StrAppend(&text, text.empty() ? "" : "|",
                      SignalName(static_cast<int>(flags & 0xff)));
    }
    return text.empty() ? "0" : text;
  }

  std::string FutexOp(uint64_t op) {
    std::string text = ValueName(op & FUTEX_CMD_MASK, kFutexNames);
    if (op & FUTEX_PRIVATE_FLAG) text += "_PRIVATE";
    if (op & FUTEX_CLOCK_REALTIME) text += "|FUTEX_CLOCK_REALTIME";
    return text;
  }

  std::string SockType(uint64_t type) {
    const std::string flags =
        FlagNames(type & ~uint64_t{0xf}, kSockFlagNames, "");
    return absl::StrCat(ValueName(type & 0xf, kSockTypeNames),
                        flags.empty() ? "" : "|", flags);
  }

  const TracedCall& call_;
  const int64_t result_;
  GuestValues values_;
};

bool HidesMode(const TracedCall& call, size_t i, Kind kind) {
  return kind == Kind::kOpenMode && i > 0 &&
         (call.args[i - 1] & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) == 0;
}

// The text of arguments [from, to).
std::string Arguments(const TracedCall& call, const std::vector<Kind>& kinds,
                      size_t from, size_t to, int64_t result,
                      GuestReader memory) {
  Formatter formatter(call, result, memory);
  std::string text;
  for (size_t i = from; i < to; ++i) {
    if (HidesMode(call, i, kinds[i])) break;
    absl::StrAppend(&text, i > from ? ", " : "");
    // A call that failed has filled nothing in.
    const bool unfilled = kinds[i] >= Kind::kFirstOut && result < 0;
    text += formatter.Argument(i, unfilled ? Kind::kPointer : kinds[i]);
  }
  return text;
}

std::string RestartText(int64_t result) {
  switch (-result) {
    case ERESTARTSYS:
      return "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
    case ERESTARTNOINTR:
      return "? ERESTARTNOINTR (To be restarted)";
    case ERESTARTNOHAND:
      return "? ERESTARTNOHAND (To be restarted if no handler)";
    case ERESTART_RESTARTBLOCK:
      return "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
    default:
      return "";
  }
}

std::string ResultText(const TracedCall& call, int64_t result) {
  if (std::string restart = RestartText(result); !restart.empty()) {
    return restart;
  }
  if (result < 0 && result >= -4095) {
    const int error = static_cast<int>(-result);
    const char* name = strerrorname_np(error);
    const char* text = strerrordesc_np(error);
    return absl::StrCat("-1 ",
                        name != nullptr ? name : absl::StrCat("errno ", error),
                        " (", text != nullptr ? text : "Unknown error", ")");
  }
  const bool address = call.entry != nullptr &&
                       absl::string_view(call.entry->result) == "GuestAddr";
  return address ? absl::StrCat("0x", absl::Hex(result)) : absl::StrCat(result);
}

}  // namespace

std::string CallName(const TracedCall& call) {
  return call.entry != nullptr
             ? std::string(call.entry->name)
             : absl::StrCat("syscall_0x", absl::Hex(call.number));
}

EnterText FormatEnter(const TracedCall& call, GuestReader memory) {
  const std::vector<Kind> kinds = ArgumentKinds(call.entry);
  size_t n = 0;
  while (n < kinds.size() && kinds[n] < Kind::kFirstOut) ++n;
  EnterText text;
  text.text = absl::StrCat(CallName(call), "(",
                           Arguments(call, kinds, 0, n, 0, memory));
  text.printed = static_cast<int>(n);
  text.complete = n == kinds.size();
  // What is filled in follows a comma.
  if (!text.complete && n > 0) text.text += ", ";
  return text;
}

ExitText FormatExit(const TracedCall& call, int printed, int64_t result,
                    GuestReader memory) {
  const std::vector<Kind> kinds = ArgumentKinds(call.entry);
  return {
      absl::StrCat(
          Arguments(call, kinds, printed, kinds.size(), result, memory), ")"),
      ResultText(call, result)};
}

}  // namespace emu
