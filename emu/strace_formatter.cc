// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_formatter.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emu/strace_composed.h"
#include "emu/strace_names.h"
#include "emu/strace_signals.h"

namespace emu {

using Kind = ArgumentKind;

std::string Formatter::Argument(size_t i, Kind kind) {
  if (kind < Kind::kFirstNamed) return Number(i, kind);
  if (kind < Kind::kFirstIn) return NamedArgument(kind, Low(call_.args[i]));
  if (kind < Kind::kFirstOut) return Read(i, kind);
  return result_ < 0 ? Unfilled(i, kind) : Filled(i, kind);
}

std::string Formatter::Number(size_t i, Kind kind) {
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

std::string Formatter::Composed(size_t i, Kind kind) {
  const uint64_t value = Low(call_.args[i]);
  switch (kind) {
    case Kind::kIoctlRequest:
      return IoctlRequestText(value);
    case Kind::kFutexOp:
      return FutexOpText(value);
    case Kind::kFutexBits:
      return value == FUTEX_BITSET_MATCH_ANY
                 ? "FUTEX_BITSET_MATCH_ANY"
                 : absl::StrCat("0x", absl::Hex(value));
    case Kind::kSockType:
      return SockTypeText(value);
    case Kind::kSockOption:
      return SockOptionName(Low(call_.args[i - 1]), value);
    case Kind::kProtocol:
      return ProtocolName(Low(call_.args[i - 2]), value);
    case Kind::kAmbientCapability:
      return call_.args[i - 1] == PR_CAP_AMBIENT_CLEAR_ALL
                 ? Number(i, Kind::kHex)
                 : NamedArgument(Kind::kCapability, value);
    case Kind::kIoprio:
      return IoprioText(value);
    case Kind::kPersonality:
      return PersonalityText(value);
    case Kind::kStatxFlags:
      return StatxFlagsText(value);
    case Kind::kSyslogAction:
      return SyslogActionText(value);
    case Kind::kIpcKey:
      return value == 0 ? "IPC_PRIVATE" : absl::StrCat("0x", absl::Hex(value));
    case Kind::kIpcFlags:
      return IpcFlagsText(value);
    default:
      return PointerText(call_.args[i]);
  }
}

std::string Formatter::Read(size_t i, Kind kind) {
  const uint64_t value = call_.args[i];
  switch (kind) {
    case Kind::kCapabilityData:
      return values_.CapabilityData(value, call_.args[i - 1]);
    case Kind::kCapabilityHeader:
      return values_.CapabilityHeader(value);
    case Kind::kCpuSet:
      return values_.CpuSet(value, call_.args[i - 1]);
    case Kind::kEpollEvent:
      return values_.EpollEvents(value, 1, false);
    case Kind::kEpollSlot:
      return values_.EpollSlot(value);
    case Kind::kFdSet:
      return values_.FdSet(value, Low(call_.args[0]));
    case Kind::kFileTimevals:
      return values_.FileTimevals(value);
    case Kind::kFilterProgram:
      return values_.FilterProgram(value);
    case Kind::kFlock:
      return values_.Flock(value, /*out=*/false);
    case Kind::kFutexWaiters:
      return values_.FutexWaiters(value, Next(i));
    case Kind::kFutexWakeOp:
      return FutexWakeOpText(Low(value));
    case Kind::kGroups:
      return values_.Groups(value, Low(call_.args[i - 1]));
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
    case Kind::kNodeMask:
      return values_.NodeMask(value, Next(i));
    default:
      return ReadState(i, kind);
  }
}

std::string Formatter::ReadState(size_t i, Kind kind) {
  const uint64_t value = call_.args[i];
  switch (kind) {
    case Kind::kOffset:
      return values_.Int64(value);
    case Kind::kOpenHow:
      return values_.OpenHow(value);
    case Kind::kOwner:
      return values_.Owner(value);
    case Kind::kPollfds:
      return values_.Pollfds(value, Next(i));
    case Kind::kQueueAttributes:
      return values_.QueueAttributes(value);
    case Kind::kRemoteIovec:
      return values_.RemoteIovec(value, Next(i));
    case Kind::kRlimit:
      return values_.Rlimit(value);
    case Kind::kSchedAttributes:
      return values_.SchedAttributes(value);
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
    case Kind::kTimeval:
      return values_.Timeval(value);
    case Kind::kTimeZone:
      return values_.TimeZone(value);
    case Kind::kUtimbuf:
      return values_.Utimbuf(value);
    case Kind::kWinsize:
      return values_.Winsize(value);
    default:
      return PointerText(value);
  }
}

std::string Formatter::Unfilled(size_t i, Kind kind) {
  const uint64_t value = call_.args[i];
  switch (kind) {
    case Kind::kAddressLengthOut:
    case Kind::kLengthOut:
    case Kind::kOffsetOut:
      return GivenText(i, kind);
    case Kind::kMmsghdrsSent:
      return values_.Mmsghdrs(value, Next(i), GuestValues::Messages::kUnsent);
    case Kind::kMsghdrOut: {
      const std::optional<uint64_t> room = Given(i);
      return room ? absl::StrCat("{msg_namelen=", *room, "}")
                  : PointerText(value);
    }
    case Kind::kTimespecGiven:
      return Filled(i, kind);
    default:
      return PointerText(value);
  }
}

std::string Formatter::GivenText(size_t i, Kind kind) {
  const uint64_t value = call_.args[i];
  const std::optional<uint64_t> given = Given(i);
  const bool no_address =
      kind == Kind::kAddressLengthOut && call_.args[i - 1] == 0;
  if (no_address) return PointerText(value);
  if (kind == Kind::kOffsetOut && (!given || result_ <= 0)) {
    return values_.Int64(value);
  }
  if (kind == Kind::kOffsetOut) {
    return absl::StrCat("[", *given, "] => ", values_.Int64(value));
  }
  if (result_ < 0) {
    return given ? absl::StrCat("[", *given, "]") : PointerText(value);
  }
  const std::vector<uint64_t> now = values_.Numbers(value, 4, 4, 1);
  if (now.empty()) return PointerText(value);
  return absl::StrCat("[", ChangedText(given, now[0]), "]");
}

std::string Formatter::SockaddrOut(size_t i) {
  const std::optional<uint64_t> room = Given(i + 1);
  const std::vector<uint64_t> now = values_.Numbers(Next(i), 4, 4, 1);
  if (now.empty()) return PointerText(call_.args[i]);
  return values_.Sockaddr(call_.args[i], std::min(room.value_or(now[0]), now[0]));
}

std::string Formatter::Filled(size_t i, Kind kind) {
  const uint64_t value = call_.args[i];
  const auto result = static_cast<uint64_t>(result_);
  switch (kind) {
    case Kind::kAddressOut:
      return values_.Address(value);
    case Kind::kAddressLengthOut:
    case Kind::kLengthOut:
    case Kind::kOffsetOut:
      return GivenText(i, kind);
    case Kind::kBytesOut:
      return values_.Bytes(value, result);
    case Kind::kCapabilityDataOut:
      return values_.CapabilityData(value, call_.args[i - 1]);
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
      return values_.Int32(value);
    case Kind::kIovecOut:
      return values_.Iovec(value, Next(i), result);
    case Kind::kItimerspecOut:
      return values_.Itimerspec(value);
    case Kind::kItimervalOut:
      return values_.Itimerval(value);
    case Kind::kMsgbufOut:
      return values_.Msgbuf(value, result);
    case Kind::kMmsghdrsOut:
      return values_.Mmsghdrs(value, result,
                              GuestValues::Messages::kReceived, given_[i]);
    case Kind::kMmsghdrsSent:
      return values_.Mmsghdrs(value, result, GuestValues::Messages::kSent);
    case Kind::kMsghdrOut:
      return values_.Msghdr(value, result, Given(i));
    case Kind::kRandomOut:
      return values_.Hexadecimal(value, result);
    case Kind::kRlimitOut:
      return values_.Rlimit(value);
    default:
      return FilledState(i, kind);
  }
}

std::string Formatter::FilledState(size_t i, Kind kind) {
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
      return SockaddrOut(i);
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
      return FilledSystem(i, kind);
  }
}

std::string Formatter::FilledSystem(size_t i, Kind kind) {
  const uint64_t value = call_.args[i];
  switch (kind) {
    case Kind::kMempolicyOut:
      return values_.NamedInt32(value, kMempolicyNames, "MPOL_???");
    case Kind::kMsgStatusOut:
      return values_.MsgStatus(value);
    case Kind::kNodeMaskOut:
      return values_.NodeMask(value, Next(i));
    case Kind::kOwnerOut:
      return values_.Owner(value);
    case Kind::kQueueAttributesOut:
      return values_.QueueAttributes(value);
    case Kind::kResidencyOut:
      return values_.Residency(value, call_.args[i - 1]);
    case Kind::kSchedAttributesOut:
      return values_.SchedAttributes(value);
    case Kind::kSeccompActionOut:
      return values_.NamedInt32(value, kSeccompActionNames,
                                "SECCOMP_RET_???");
    case Kind::kSeccompSizesOut:
      return values_.SeccompSizes(value);
    case Kind::kSecondsOut:
      return values_.Seconds(value);
    case Kind::kSemStatusOut:
      return values_.SemStatus(value);
    case Kind::kShmStatusOut:
      return values_.ShmStatus(value);
    case Kind::kSysinfoOut:
      return values_.Sysinfo(value);
    case Kind::kTimespecGiven:
      if (given_[i].size() < 2) return values_.Timespecs(value, 1);
      return absl::StrCat("{tv_sec=", static_cast<int64_t>(given_[i][0]),
                          ", tv_nsec=", static_cast<int64_t>(given_[i][1]),
                          "}");
    case Kind::kTimeZoneOut:
      return values_.TimeZone(value);
    case Kind::kTimexOut:
      return values_.Timex(value);
    case Kind::kTscModeOut:
      return values_.NamedInt32(value, kTscNames, "PR_TSC_???");
    default:
      return PointerText(value);
  }
}

}  // namespace emu
