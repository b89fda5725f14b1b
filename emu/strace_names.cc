// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_names.h"

#include <iterator>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "arch/base/check.h"
#include "emu/strace_control_tables.h"
#include "emu/strace_name_tables.h"

namespace emu {
namespace {

// How a number of some kind is printed.
struct Rule {
  ArgumentKind kind;
  NamedValues names;
  const char* unknown;  // said of numbers that no name is for
  bool flags = false;
  const char* zero = "0";  // flags, where none is set
};

// By kind, of which each has one.
const Rule kRules[] = {
    {ArgumentKind::kAccessFlags, kAccessFlagTable, "AT_???", true},
    {ArgumentKind::kAccessMode, kAccessTable, "?_OK", true, "F_OK"},
    {ArgumentKind::kAmbientOp, kAmbientOpTable, "PR_CAP_AMBIENT_???"},
    {ArgumentKind::kArchCode, kArchTable, "ARCH_???"},
    {ArgumentKind::kAtFlags, kAtFlagTable, "AT_???", true},
    {ArgumentKind::kCapability, kCapabilityTable, "CAP_???"},
    {ArgumentKind::kClock, kClockTable, "CLOCK_???"},
    {ArgumentKind::kCloseRangeFlags, kCloseRangeTable, "CLOSE_RANGE_???", true},
    {ArgumentKind::kDomain, kDomainTable, "AF_???"},
    {ArgumentKind::kDumpMode, kDumpModeTable, "SUID_DUMP_???"},
    {ArgumentKind::kEpollFlags, kEpollFlagTable, "EPOLL_???", true},
    {ArgumentKind::kEpollOp, kEpollOpTable, "EPOLL_CTL_???"},
    {ArgumentKind::kEventfdFlags, kEventfdTable, "EFD_???", true},
    {ArgumentKind::kFadvice, kFadviceTable, "POSIX_FADV_???"},
    {ArgumentKind::kFallocMode, kFallocTable, "FALLOC_FL_???", true},
    {ArgumentKind::kFcntlCommand, kFcntlTable, "F_???"},
    {ArgumentKind::kFdFlags, kFdFlagTable, "FD_???", true},
    {ArgumentKind::kFlushQueue, kFlushQueueTable, "TC???"},
    {ArgumentKind::kFsmountFlags, kFsmountTable, "FSMOUNT_???", true},
    {ArgumentKind::kFsopenFlags, kFsopenTable, "FSOPEN_???", true},
    {ArgumentKind::kFspickFlags, kFspickTable, "FSPICK_???", true},
    {ArgumentKind::kIdType, kIdTypeTable, "P_???"},
    {ArgumentKind::kInotifyFlags, kInotifyTable, "IN_???", true},
    {ArgumentKind::kInotifyMask, kInotifyMaskTable, "IN_???", true},
    {ArgumentKind::kIoprioWho, kIoprioWhoTable, "IOPRIO_WHO_???"},
    {ArgumentKind::kItimer, kItimerTable, "ITIMER_???"},
    {ArgumentKind::kKcmpType, kKcmpTable, "KCMP_???"},
    {ArgumentKind::kLeaseType, kLockTypeTable, "F_???"},
    {ArgumentKind::kLockOp, kLockOpTable, "LOCK_???", true},
    {ArgumentKind::kMadvice, kMadviceTable, "MADV_???"},
    {ArgumentKind::kMapFlags, kMapFlagTable, "MAP_???", true},
    {ArgumentKind::kMbindFlags, kMbindTable, "MPOL_MF_???", true},
    {ArgumentKind::kMembarrierCommand, kMembarrierTable, "MEMBARRIER_CMD_???"},
    {ArgumentKind::kMembarrierFlags, kMembarrierFlagTable,
     "MEMBARRIER_CMD_FLAG_???", true},
    {ArgumentKind::kMemfdFlags, kMemfdTable, "MFD_???", true},
    {ArgumentKind::kMempolicyFlags, kMempolicyFlagTable, "MPOL_???", true},
    {ArgumentKind::kMempolicyMode, kMempolicyTable, "MPOL_???"},
    {ArgumentKind::kMlockFlags, kMlockTable, "MLOCK_???", true},
    {ArgumentKind::kMlockallFlags, kMlockallTable, "MCL_???", true},
    {ArgumentKind::kMountAttributes, kMountAttributeTable,
     "MOUNT_ATTR_???", true},
    {ArgumentKind::kMountFlags, kMountTable, "MS_???", true},
    {ArgumentKind::kMoveMountFlags, kMoveMountTable, "MOVE_MOUNT_???", true},
    {ArgumentKind::kMremapFlags, kMremapTable, "MREMAP_???", true},
    {ArgumentKind::kMsgCommand, kMsgCommandTable, "MSG_???"},
    {ArgumentKind::kMsgFlags, kMsgFlagTable, "MSG_???", true},
    {ArgumentKind::kMsgSysFlags, kMsgSysTable, "MSG_???", true},
    {ArgumentKind::kMsyncFlags, kMsyncTable, "MS_???", true},
    {ArgumentKind::kNotifyMask, kNotifyMaskTable, "DN_???", true},
    {ArgumentKind::kOpenTreeFlags, kOpenTreeTable, "OPEN_TREE_???", true},
    {ArgumentKind::kPkeyRights, kPkeyTable, "PKEY_???", true},
    {ArgumentKind::kPrctlOption, kPrctlTable, "PR_???"},
    {ArgumentKind::kPriorityWhich, kPriorityTable, "PRIO_???"},
    {ArgumentKind::kProt, kProtTable, "PROT_???", true, "PROT_NONE"},
    {ArgumentKind::kRandomFlags, kRandomTable, "GRND_???", true},
    {ArgumentKind::kRenameFlags, kRenameTable, "RENAME_???", true},
    {ArgumentKind::kResource, kResourceTable, "RLIMIT_???"},
    {ArgumentKind::kRwfFlags, kRwfTable, "RWF_???", true},
    {ArgumentKind::kSchedPolicy, kSchedTable, "SCHED_???"},
    {ArgumentKind::kSeals, kSealTable, "F_SEAL_???", true},
    {ArgumentKind::kSeccompFlags, kSeccompFlagTable,
     "SECCOMP_FILTER_FLAG_???", true},
    {ArgumentKind::kSeccompMode, kSeccompModeTable, "SECCOMP_MODE_???"},
    {ArgumentKind::kSeccompOp, kSeccompOpTable, "SECCOMP_SET_MODE_???"},
    {ArgumentKind::kSecureBits, kSecureBitTable, "SECBIT_???", true},
    {ArgumentKind::kSemCommand, kSemCommandTable, "SEM_???"},
    {ArgumentKind::kShmCommand, kShmCommandTable, "SHM_???"},
    {ArgumentKind::kShmFlags, kShmFlagTable, "SHM_???", true},
    {ArgumentKind::kShutHow, kShutHowTable, "SHUT_???"},
    {ArgumentKind::kSigHow, kSigHowTable, "SIG_???"},
    {ArgumentKind::kSignalfdFlags, kSignalfdTable, "SFD_???", true},
    {ArgumentKind::kSockFlags, kSockFlagTable, "SOCK_???", true},
    {ArgumentKind::kSockLevel, kSockLevelTable, "SOL_???"},
    {ArgumentKind::kSpliceFlags, kSpliceTable, "SPLICE_F_???", true},
    {ArgumentKind::kStatxMask, kStatxMaskTable, "STATX_???", true},
    {ArgumentKind::kSyncRange, kSyncRangeTable, "SYNC_FILE_RANGE_???", true},
    {ArgumentKind::kTimerFlags, kTimerFlagTable, "TIMER_???", true},
    {ArgumentKind::kTimerfdFlags, kTimerfdTable, "TFD_???", true},
    {ArgumentKind::kTimerfdSetFlags, kTimerfdSetTable, "TFD_???", true},
    {ArgumentKind::kTscMode, kTscTable, "PR_TSC_???"},
    {ArgumentKind::kUmountFlags, kUmountTable, "MNT_???", true},
    {ArgumentKind::kUnshareFlags, kCloneFlagTable, "CLONE_???", true},
    {ArgumentKind::kUsageWho, kUsageTable, "RUSAGE_???"},
    {ArgumentKind::kVmaOption, kVmaOptionTable, "PR_SET_VMA_???"},
    {ArgumentKind::kWaitOptions, kWaitOptionTable, "W???", true},
    {ArgumentKind::kWaitidOptions, kWaitidOptionTable, "W???", true},
    {ArgumentKind::kWhence, kWhenceTable, "SEEK_???"},
    {ArgumentKind::kXattrFlags, kXattrTable, "XATTR_???", true},
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
const NamedValues kFsMagicNames = kFsMagicTable;
const NamedValues kMountStateNames = kMountStateTable;
const NamedValues kCapabilityNames = kCapabilityTable;
const NamedValues kCapabilityVersionNames = kCapabilityVersionTable;
const NamedValues kFutexWaitvNames = kFutexWaitvTable;
const NamedValues kIoprioClassNames = kIoprioClassTable;
const NamedValues kMembarrierNames = kMembarrierTable;
const NamedValues kMempolicyNames = kMempolicyTable;
const NamedValues kOwnerTypeNames = kOwnerTypeTable;
const NamedValues kPersonalityNames = kPersonalityTable;
const NamedValues kPersonalityFlagNames = kPersonalityFlagTable;
const NamedValues kSchedFlagNames = kSchedFlagTable;
const NamedValues kSeccompActionNames = kSeccompActionTable;
const NamedValues kStatxFlagNames = kStatxFlagTable;
const NamedValues kSyslogNames = kSyslogTable;
const NamedValues kTimexModeNames = kTimexModeTable;
const NamedValues kTimexStateNames = kTimexStateTable;
const NamedValues kTimexStatusNames = kTimexStatusTable;
const NamedValues kTscNames = kTscTable;

std::string NamedArgument(ArgumentKind kind, uint64_t value) {
  const Rule& rule = RuleOf(kind);
  if (rule.flags && value == 0) return rule.zero;
  return WithUnknown(rule.flags ? FlagNames(value, rule.names)
                                : ValueName(value, rule.names),
                     rule.unknown);
}

std::string SockOptionName(uint64_t level, uint64_t option) {
  switch (level) {
    case SOL_SOCKET:
      if (option == SO_RCVTIMEO) return "SO_RCVTIMEO_OLD";
      if (option == SO_SNDTIMEO) return "SO_SNDTIMEO_OLD";
      return WithUnknown(ValueName(option, kSockOptionTable), "SO_???");
    case SOL_TCP:
      return WithUnknown(ValueName(option, kTcpOptionTable), "TCP_???");
    case SOL_IP:
      return WithUnknown(ValueName(option, kIpOptionTable), "IP_???");
    case SOL_IPV6:
      return WithUnknown(ValueName(option, kIpv6OptionTable), "IPV6_???");
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
  return value == 0 ? "0" : absl::StrCat("0x", absl::Hex(value));
}

std::string WithUnknown(std::string text, const char* unknown) {
  if (text != "0" && !absl::StartsWith(text, "0x")) return text;
  return absl::StrCat(text, " /* ", unknown, " */");
}

}  // namespace emu
