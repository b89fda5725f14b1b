// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_format.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <iterator>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "emu/strace_arguments.h"
#include "emu/strace_names.h"
#include "emu/strace_result.h"
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
    if (kind < Kind::kFirstNamed) return Number(i, kind);
    if (kind < Kind::kFirstIn) return NamedArgument(kind, Low(call_.args[i]));
    if (kind < Kind::kFirstOut) return Read(i, kind);
    // A call that failed has filled nothing in.
    if (result_ < 0 && kind != Kind::kLengthOut) {
      return PointerText(call_.args[i]);
    }
    return Filled(i, kind);
  }

 private:
  static uint64_t Low(uint64_t value) { return static_cast<uint32_t>(value); }

  uint64_t Arg(size_t i) const { return i < 6 ? call_.args[i] : 0; }
  // The length that the next argument is.
  uint64_t Next(size_t i) const { return Arg(i + 1); }

  // Numbers and strings.
  std::string Number(size_t i, Kind kind) {
    const uint64_t value = call_.args[i];
    const auto low = static_cast<int32_t>(value);
    switch (kind) {
      case Kind::kInt:
      case Kind::kFd:
      case Kind::kId:
        return absl::StrCat(low);
      case Kind::kUint:
        return absl::StrCat(value);
      case Kind::kHex:
        return value == 0 ? "0" : absl::StrCat("0x", absl::Hex(value));
      case Kind::kDirFd:
        return low == AT_FDCWD ? "AT_FDCWD" : absl::StrCat(low);
      case Kind::kPath:
        return values_.Path(value);
      case Kind::kBytes:
        return values_.Bytes(value, Next(i));
      case Kind::kStrings:
        return values_.Strings(value);
      case Kind::kStringCount:
        return values_.StringCount(value);
      case Kind::kOpenFlags:
        return OpenFlagsText(
            Low(value), call_.entry != nullptr &&
                            absl::StartsWith(call_.entry->name, "open"));
      case Kind::kStatusFlags:
        return OpenFlagsText(Low(value), /*has_access=*/true);
      case Kind::kOpenMode:
      case Kind::kMode:
        return ModeText(value & 07777);
      case Kind::kFileMode:
        return FileModeText(static_cast<uint32_t>(value));
      case Kind::kDevice:
        return absl::StrFormat("makedev(%#x, %#x)", major(value), minor(value));
      case Kind::kCloneFlags:
        return CloneFlagsText(value);
      case Kind::kSignal:
        return low == 0 ? "0" : SignalName(low);
      default:
        return Composed(i, kind);
    }
  }

  // Numbers that are made of several, or mean what another argument says.
  std::string Composed(size_t i, Kind kind) {
    const uint64_t value = Low(call_.args[i]);
    switch (kind) {
      case Kind::kIoctlRequest:
        return IoctlRequest(value);
      case Kind::kFutexOp:
        return FutexOp(value);
      case Kind::kFutexBits:
        return value == FUTEX_BITSET_MATCH_ANY
                   ? "FUTEX_BITSET_MATCH_ANY"
                   : absl::StrCat("0x", absl::Hex(value));
      case Kind::kSockType:
        return SockType(value);
      case Kind::kSockOption:
        return SockOptionName(Low(call_.args[i - 1]), value);
      case Kind::kProtocol:
        return ProtocolName(Low(call_.args[i - 2]), value);
      case Kind::kIpcKey:
        return value == 0 ? "IPC_PRIVATE" : absl::StrCat("0x", absl::Hex(value));
      case Kind::kIpcFlags: {
        const std::string flags =
            FlagNames(value & ~uint64_t{0777}, kIpcFlagNames, "");
        return absl::StrCat(flags, flags.empty() ? "" : "|",
                            absl::StrFormat("%#03o", value & 0777));
      }
      default:
        return PointerText(call_.args[i]);
    }
  }

  // What calls read.
  std::string Read(size_t i, Kind kind) {
    const uint64_t value = call_.args[i];
    switch (kind) {
      case Kind::kCpuSet:
        return values_.CpuSet(value, call_.args[i - 1]);
      case Kind::kEpollEvent:
        return values_.EpollEvents(value, 1, false);
      case Kind::kFdSet:
        return values_.FdSet(value, Low(call_.args[0]));
      case Kind::kFlock:
        return values_.Flock(value, /*out=*/false);
      case Kind::kFutexWakeOp:
        return FutexWakeOp(Low(value));
      case Kind::kInt32:
        return values_.Int32(value);
      case Kind::kIovec:
        return values_.Iovec(value, Next(i), UINT64_MAX);
      case Kind::kItimerspec:
        return values_.Itimerspec(value);
      case Kind::kItimerval:
        return values_.Itimerval(value);
      case Kind::kMsgbuf:
        return values_.Msgbuf(value, Next(i));
      case Kind::kMsghdr:
        return values_.Msghdr(value, UINT64_MAX);
      case Kind::kOpenHow:
        return values_.OpenHow(value);
      case Kind::kPollfds:
        return values_.Pollfds(value, Next(i));
      case Kind::kRlimit:
        return values_.Rlimit(value);
      case Kind::kSembufs:
        return values_.Sembufs(value, Next(i));
      case Kind::kSigaction:
        return values_.Sigaction(value);
      case Kind::kSigevent:
        return values_.Sigevent(value);
      case Kind::kSiginfo:
        return values_.Siginfo(value);
      case Kind::kSigset:
        return values_.Sigset(value);
      case Kind::kSigsetArgument:
        return values_.SigsetArgument(value);
      case Kind::kSockaddr:
        return values_.Sockaddr(value, Next(i));
      case Kind::kSockoptValue:
        return values_.SockoptValue(Low(call_.args[i - 2]),
                                    Low(call_.args[i - 1]), value, Next(i));
      case Kind::kStack:
        return values_.Stack(value);
      case Kind::kTermios:
        return values_.Termios(value);
      case Kind::kTimespec:
        return values_.Timespecs(value, 1);
      case Kind::kTimespec2:
        return values_.FileTimes(value);
      case Kind::kWinsize:
        return values_.Winsize(value);
      default:
        return PointerText(value);
    }
  }

  // What calls fill in.
  std::string Filled(size_t i, Kind kind) {
    const uint64_t value = call_.args[i];
    const auto result = static_cast<uint64_t>(result_);
    switch (kind) {
      case Kind::kAddressOut:
        return values_.Address(value);
      case Kind::kBytesOut:
        return values_.Bytes(value, result);
      case Kind::kCloneArgs:
        return values_.CloneArgs(value);
      case Kind::kCpuSetOut:
        return values_.CpuSet(value, result);
      case Kind::kDirentsOut:
        return values_.Dirents(value, result);
      case Kind::kEpollEventsOut:
        return values_.EpollEvents(value, result, true);
      case Kind::kFdPairOut:
        return values_.FdPair(value);
      case Kind::kFlockOut:
        return values_.Flock(value, /*out=*/true);
      case Kind::kGroupsOut:
        return values_.Groups(value, result);
      case Kind::kInt32Out:
      case Kind::kLengthOut:
        return values_.Int32(value);
      case Kind::kIovecOut:
        return values_.Iovec(value, Next(i), result);
      case Kind::kItimerspecOut:
        return values_.Itimerspec(value);
      case Kind::kItimervalOut:
        return values_.Itimerval(value);
      case Kind::kMsgbufOut:
        return values_.Msgbuf(value, result);
      case Kind::kMsghdrOut:
        return values_.Msghdr(value, result);
      case Kind::kRandomOut:
        return values_.Hexadecimal(value, result);
      case Kind::kRlimitOut:
        return values_.Rlimit(value);
      default:
        return FilledState(i, kind);
    }
  }

  std::string FilledState(size_t i, Kind kind) {
    const uint64_t value = call_.args[i];
    switch (kind) {
      case Kind::kSigactionOut:
        return values_.Sigaction(value);
      case Kind::kSiginfoOut:
        return values_.Siginfo(value);
      case Kind::kSignalOut:
        return values_.SignalNumber(value);
      case Kind::kSigsetOut:
        return values_.Sigset(value);
      case Kind::kSockaddrOut:
        return values_.SockaddrOut(value, Next(i));
      case Kind::kSockoptOut:
        return values_.SockoptOut(Low(call_.args[i - 2]),
                                  Low(call_.args[i - 1]), value, Next(i));
      case Kind::kStackOut:
        return values_.Stack(value);
      case Kind::kStatOut:
        return values_.Stat(value);
      case Kind::kStatfsOut:
        return values_.Statfs(value);
      case Kind::kStatxOut:
        return values_.Statx(value);
      case Kind::kStringOut:
        return values_.Path(value);
      case Kind::kTermiosOut:
        return values_.Termios(value);
      case Kind::kTimespecOut:
        return values_.Timespecs(value, 1);
      case Kind::kTimevalOut:
        return values_.Timeval(value);
      case Kind::kTimesOut:
        return values_.Times(value);
      case Kind::kUsageOut:
        return values_.Usage(value);
      case Kind::kUtsnameOut:
        return values_.Utsname(value);
      case Kind::kWaitStatusOut:
        return values_.WaitStatus(value, result_ != 0);
      case Kind::kWinsizeOut:
        return values_.Winsize(value);
      default:
        return PointerText(value);
    }
  }

  static std::string FutexOp(uint64_t op) {
    std::string text = ValueName(op & FUTEX_CMD_MASK, kFutexNames);
    if (op & FUTEX_PRIVATE_FLAG) text += "_PRIVATE";
    if (op & FUTEX_CLOCK_REALTIME) text += "|FUTEX_CLOCK_REALTIME";
    return text;
  }

  static std::string FutexWakeOp(uint64_t op) {
    static constexpr const char* kOps[] = {"SET", "ADD", "OR", "ANDN", "XOR"};
    static constexpr const char* kTests[] = {"EQ", "NE", "LT",
                                             "LE", "GT", "GE"};
    const uint64_t action = op >> 28 & 7;
    const uint64_t test = op >> 24 & 0xf;
    if (action >= std::size(kOps) || test >= std::size(kTests)) {
      return PointerText(op);
    }
    return absl::StrCat("FUTEX_OP_", kOps[action], "<<28|0x",
                        absl::Hex(op >> 12 & 0xfff), "<<12|FUTEX_OP_CMP_",
                        kTests[test], "<<24|",
                        (op & 0xfff) == 0
                            ? "0"
                            : absl::StrCat("0x", absl::Hex(op & 0xfff)));
  }

  static std::string IoctlRequest(uint64_t request) {
    static constexpr const char* kDirections[] = {
        "_IOC_NONE", "_IOC_WRITE", "_IOC_READ", "_IOC_READ|_IOC_WRITE"};
    for (const NamedValue& named : kIoctlNames) {
      if (named.value == request) return named.name;
    }
    const auto hex = [](uint64_t n) {
      return n == 0 ? "0" : absl::StrCat("0x", absl::Hex(n));
    };
    return absl::StrCat("_IOC(", kDirections[_IOC_DIR(request)], ", ",
                        hex(_IOC_TYPE(request)), ", ", hex(_IOC_NR(request)),
                        ", ", hex(_IOC_SIZE(request)), ")");
  }

  static std::string SockType(uint64_t type) {
    const std::string flags =
        FlagNames(type & ~uint64_t{0xf}, kSockFlagNames, "");
    return absl::StrCat(ValueName(type & 0xf, kSockTypeNames),
                        flags.empty() ? "" : "|", flags);
  }

  const TracedCall& call_;
  const int64_t result_;
  GuestValues values_;
};

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

// The text of arguments [from, to).
std::string Arguments(const TracedCall& call, const std::vector<Kind>& kinds,
                      size_t from, size_t to, int64_t result,
                      GuestReader memory) {
  if (call.entry != nullptr && absl::string_view(call.entry->name) == "clone") return from == 0 && to > 0 ? CloneText(call) : "";
  Formatter formatter(call, result, memory);
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
                           Arguments(call, kinds, 0, n, 0, memory));
  text.printed = static_cast<int>(n);
  text.complete = n == kinds.size();
  // What is filled in follows a comma.
  if (!text.complete && n > 0) text.text += ", ";
  return text;
}

ExitText FormatExit(const TracedCall& call, int printed, int64_t result,
                    GuestReader memory) {
  const std::vector<Kind> kinds = ArgumentKinds(call.entry, call.args);
  return {
      absl::StrCat(
          Arguments(call, kinds, printed, kinds.size(), result, memory), ")"),
      ResultText(call, result, memory)};
}

}  // namespace emu
