// SPDX-License-Identifier: Apache-2.0
//
// Names of the constants that arguments of system calls are made of.

#ifndef EMU_STRACE_NAMES_H_
#define EMU_STRACE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"
#include "emu/strace_arguments.h"

namespace emu {

struct NamedValue {
  uint64_t value;
  const char* name;
};
using NamedValues = absl::Span<const NamedValue>;

// "O_RDWR|O_CLOEXEC|0x8"; `zero` where no bit is set.
std::string FlagNames(uint64_t flags, NamedValues names,
                      const char* zero = "0");
// The name of the one that `value` is, else the number.
std::string ValueName(uint64_t value, NamedValues names);

// One of these texts, with strace(1)'s remark where it is a number alone:
// "0x63 /* AF_??? */".
std::string WithUnknown(std::string text, const char* unknown);

// A number as an argument of that kind, which is one of the named ones.
std::string NamedArgument(ArgumentKind kind, uint64_t value);
// Of setsockopt and getsockopt; of socket, by its domain.
std::string SockOptionName(uint64_t level, uint64_t option);
std::string ProtocolName(uint64_t domain, uint64_t protocol);

extern const NamedValues kOpenFlagNames;
extern const NamedValues kCloneFlagNames;
extern const NamedValues kMsgFlagNames;
extern const NamedValues kPollNames;
extern const NamedValues kEpollNames;
extern const NamedValues kSigactionFlagNames;
extern const NamedValues kWhenceNames;
extern const NamedValues kIoctlNames;
extern const NamedValues kFutexNames;
extern const NamedValues kDomainNames;
extern const NamedValues kSockTypeNames;
extern const NamedValues kSockFlagNames;
extern const NamedValues kSockLevelNames;
extern const NamedValues kIpcFlagNames;
extern const NamedValues kFileTypeNames;
extern const NamedValues kSchedPolicyNames;
extern const NamedValues kLockTypeNames;
extern const NamedValues kSemFlagNames;
extern const NamedValues kStackFlagNames;
extern const NamedValues kSigeventNames;
extern const NamedValues kResolveNames;
extern const NamedValues kStatxMaskNames;
extern const NamedValues kInputFlagNames;
extern const NamedValues kOutputFlagNames;
extern const NamedValues kControlFlagNames;
extern const NamedValues kCharacterSizeNames;
extern const NamedValues kSpeedNames;
extern const NamedValues kLocalFlagNames;

extern const NamedValues kCapabilityNames;
extern const NamedValues kCapabilityVersionNames;
extern const NamedValues kFsMagicNames;
extern const NamedValues kFutexWaitvNames;
extern const NamedValues kIoprioClassNames;
extern const NamedValues kMembarrierNames;
extern const NamedValues kMempolicyNames;
extern const NamedValues kMountStateNames;
extern const NamedValues kOwnerTypeNames;
extern const NamedValues kPersonalityNames;
extern const NamedValues kPersonalityFlagNames;
extern const NamedValues kSchedFlagNames;
extern const NamedValues kSeccompActionNames;
extern const NamedValues kStatxFlagNames;
extern const NamedValues kSyslogNames;
extern const NamedValues kTimexModeNames;
extern const NamedValues kTimexStateNames;
extern const NamedValues kTimexStatusNames;
extern const NamedValues kTscNames;

}  // namespace emu

#endif  // EMU_STRACE_NAMES_H_
