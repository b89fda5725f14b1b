// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_names.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "arch/base/check.h"
#include "emu/strace_name_tables.h"

namespace emu {
namespace {

// How a number of some kind is printed.
struct Rule {
  ArgumentKind kind;
  NamedValues names;
  bool flags = false;
  const char* zero = "0";  // flags, where none is set
};

// By kind, of which each has one.
const Rule kRules[] = {
    {ArgumentKind::kAccessMode, kAccessTable, true, "F_OK"},
    {ArgumentKind::kArchCode, kArchTable},
    {ArgumentKind::kAtFlags, kAtFlagTable, true},
    {ArgumentKind::kClock, kClockTable},
    {ArgumentKind::kCloseRangeFlags, kCloseRangeTable, true},
    {ArgumentKind::kDomain, kDomainTable},
    {ArgumentKind::kEpollFlags, kEpollFlagTable, true},
    {ArgumentKind::kEpollOp, kEpollOpTable},
    {ArgumentKind::kEventfdFlags, kEventfdTable, true},
    {ArgumentKind::kFadvice, kFadviceTable},
    {ArgumentKind::kFallocMode, kFallocTable, true},
    {ArgumentKind::kFcntlCommand, kFcntlTable},
    {ArgumentKind::kFdFlags, kFdFlagTable, true},
    {ArgumentKind::kIdType, kIdTypeTable},
    {ArgumentKind::kInotifyFlags, kInotifyTable, true},
    {ArgumentKind::kInotifyMask, kInotifyMaskTable, true},
    {ArgumentKind::kIpcCommand, kIpcCommandTable},
    {ArgumentKind::kItimer, kItimerTable},
    {ArgumentKind::kLockOp, kLockOpTable, true},
    {ArgumentKind::kMadvice, kMadviceTable},
    {ArgumentKind::kMapFlags, kMapFlagTable, true},
    {ArgumentKind::kMemfdFlags, kMemfdTable, true},
    {ArgumentKind::kMountFlags, kMountTable, true},
    {ArgumentKind::kMremapFlags, kMremapTable, true},
    {ArgumentKind::kMsgFlags, kMsgFlagTable, true},
    {ArgumentKind::kMsgSysFlags, kMsgSysTable, true},
    {ArgumentKind::kMsyncFlags, kMsyncTable, true},
    {ArgumentKind::kPrctlOption, kPrctlTable},
    {ArgumentKind::kPriorityWhich, kPriorityTable},
    {ArgumentKind::kProt, kProtTable, true, "PROT_NONE"},
    {ArgumentKind::kRandomFlags, kRandomTable, true},
    {ArgumentKind::kRenameFlags, kRenameTable, true},
    {ArgumentKind::kResource, kResourceTable},
    {ArgumentKind::kRwfFlags, kRwfTable, true},
    {ArgumentKind::kSchedPolicy, kSchedTable},
    {ArgumentKind::kSeals, kSealTable, true},
    {ArgumentKind::kSemCommand, kSemCommandTable},
    {ArgumentKind::kShmCommand, kShmCommandTable},
    {ArgumentKind::kShmFlags, kShmFlagTable, true},
    {ArgumentKind::kShutHow, kShutHowTable},
    {ArgumentKind::kSigHow, kSigHowTable},
    {ArgumentKind::kSignalfdFlags, kSignalfdTable, true},
    {ArgumentKind::kSockFlags, kSockFlagTable, true},
    {ArgumentKind::kSockLevel, kSockLevelTable},
    {ArgumentKind::kSpliceFlags, kSpliceTable, true},
    {ArgumentKind::kStatxFlags, kStatxFlagTable, true, "AT_STATX_SYNC_AS_STAT"},
    {ArgumentKind::kStatxMask, kStatxMaskTable, true},
    {ArgumentKind::kSyncRange, kSyncRangeTable, true},
    {ArgumentKind::kTimerFlags, kTimerFlagTable, true},
    {ArgumentKind::kTimerfdFlags, kTimerfdTable, true},
    {ArgumentKind::kTimerfdSetFlags, kTimerfdSetTable, true},
    {ArgumentKind::kUmountFlags, kUmountTable, true},
    {ArgumentKind::kUnshareFlags, kCloneFlagTable, true},
    {ArgumentKind::kUsageWho, kUsageTable},
    {ArgumentKind::kWaitOptions, kWaitOptionTable, true},
    {ArgumentKind::kWaitidOptions, kWaitidOptionTable, true},
    {ArgumentKind::kWhence, kWhenceTable},
    {ArgumentKind::kXattrFlags, kXattrTable, true},
};

const Rule& RuleOf(ArgumentKind kind) {
  const size_t index = static_cast<size_t>(kind) -
                       static_cast<size_t>(ArgumentKind::kFirstNamed);
  EMU_CHECK(index < std::size(kRules) && kRules[index].kind == kind);
  return kRules[index];
}

}  // namespace

const NamedValues kOpenFlagNames = kOpenFlagTable;
const NamedValues kCloneFlagNames = kCloneFlagTable;
const NamedValues kMsgFlagNames = kMsgFlagTable;
const NamedValues kPollNames = kPollTable;
const NamedValues kEpollNames = kEpollTable;
const NamedValues kSigactionFlagNames = kSigactionFlagTable;
const NamedValues kWhenceNames = kWhenceTable;
const NamedValues kIoctlNames = kIoctlTable;
const NamedValues kFutexNames = kFutexTable;
const NamedValues kDomainNames = kDomainTable;
const NamedValues kSockTypeNames = kSockTypeTable;
const NamedValues kSockFlagNames = kSockFlagTable;
const NamedValues kSockLevelNames = kSockLevelTable;
const NamedValues kIpcFlagNames = kIpcFlagTable;
const NamedValues kFileTypeNames = kFileTypeTable;
const NamedValues kLockTypeNames = kLockTypeTable;
const NamedValues kSemFlagNames = kSemFlagTable;
const NamedValues kStackFlagNames = kStackFlagTable;
const NamedValues kSigeventNames = kSigeventTable;
const NamedValues kResolveNames = kResolveTable;
const NamedValues kStatxMaskNames = kStatxMaskTable;
const NamedValues kInputFlagNames = kInputFlagTable;
const NamedValues kOutputFlagNames = kOutputFlagTable;
const NamedValues kControlFlagNames = kControlFlagTable;
const NamedValues kCharacterSizeNames = kCharacterSizeTable;
const NamedValues kSpeedNames = kSpeedTable;
const NamedValues kLocalFlagNames = kLocalFlagTable;
const NamedValues kSchedPolicyNames = kSchedTable;

std::string NamedArgument(ArgumentKind kind, uint64_t value) {
  const Rule& rule = RuleOf(kind);
  return rule.flags ? FlagNames(value, rule.names, rule.zero)
                    : ValueName(value, rule.names);
}

std::string SockOptionName(uint64_t level, uint64_t option) {
  switch (level) {
    case SOL_SOCKET:
      if (option == SO_RCVTIMEO) return "SO_RCVTIMEO_OLD";
      if (option == SO_SNDTIMEO) return "SO_SNDTIMEO_OLD";
      return ValueName(option, kSockOptionTable);
    case SOL_TCP:
      return ValueName(option, kTcpOptionTable);
    case SOL_IP:
      return ValueName(option, kIpOptionTable);
    case SOL_IPV6:
      return ValueName(option, kIpv6OptionTable);
    default:
      return absl::StrCat(option);
  }
}

std::string ProtocolName(uint64_t domain, uint64_t protocol) {
  if (domain == AF_NETLINK) return ValueName(protocol, kNetlinkTable);
  const bool internet = domain == AF_INET || domain == AF_INET6;
  return internet ? ValueName(protocol, kProtocolTable)
                  : absl::StrCat(protocol);
}

std::string FlagNames(uint64_t flags, NamedValues names, const char* zero) {
  std::string text;
  const auto add = [&text](absl::string_view name) {
    absl::StrAppend(&text, text.empty() ? "" : "|", name);
  };
  for (const NamedValue& named : names) {
    if (named.value == 0 || (flags & named.value) != named.value) continue;
    add(named.name);
    flags &= ~named.value;
  }
  if (flags != 0) add(absl::StrCat("0x", absl::Hex(flags)));
  return text.empty() ? zero : text;
}

std::string ValueName(uint64_t value, NamedValues names) {
  for (const NamedValue& named : names) {
    if (named.value == value) return named.name;
  }
  return absl::StrCat("0x", absl::Hex(value));
}

}  // namespace emu
