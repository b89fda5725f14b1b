// SPDX-License-Identifier: Apache-2.0
//
// Names of the constants that arguments of system calls are made of.

#ifndef EMU_STRACE_NAMES_H_
#define EMU_STRACE_NAMES_H_

#include <cstdint>
#include <string>

#include "absl/types/span.h"

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

extern const NamedValues kOpenFlagNames;
extern const NamedValues kProtNames;
extern const NamedValues kMapFlagNames;
extern const NamedValues kCloneFlagNames;
extern const NamedValues kAtFlagNames;
extern const NamedValues kMsgFlagNames;
extern const NamedValues kPollNames;
extern const NamedValues kWaitOptionNames;
extern const NamedValues kSigactionFlagNames;
extern const NamedValues kAccessNames;
extern const NamedValues kWhenceNames;
extern const NamedValues kFcntlNames;
extern const NamedValues kIoctlNames;
extern const NamedValues kFutexNames;
extern const NamedValues kEpollOpNames;
extern const NamedValues kClockNames;
extern const NamedValues kDomainNames;
extern const NamedValues kSockTypeNames;
extern const NamedValues kSockFlagNames;
extern const NamedValues kResourceNames;
extern const NamedValues kMadviceNames;
extern const NamedValues kSigHowNames;
extern const NamedValues kFileTypeNames;

}  // namespace emu

#endif  // EMU_STRACE_NAMES_H_
