// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_composed.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emu/strace_names.h"
#include "emu/strace_values.h"

namespace emu {

std::string FutexOpText(uint64_t op) {
  std::string text = ValueName(op & FUTEX_CMD_MASK, kFutexNames);
  if (op & FUTEX_PRIVATE_FLAG) text += "_PRIVATE";
  if (op & FUTEX_CLOCK_REALTIME) text += "|FUTEX_CLOCK_REALTIME";
  return text;
}

std::string FutexWakeOpText(uint64_t op) {
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

std::string IoctlRequestText(uint64_t request) {
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

std::string SockTypeText(uint64_t type) {
  const std::string flags =
      FlagNames(type & ~uint64_t{0xf}, kSockFlagNames, "");
  return absl::StrCat(ValueName(type & 0xf, kSockTypeNames),
                      flags.empty() ? "" : "|", flags);
}

std::string SyslogActionText(uint64_t action) {
  for (const NamedValue& named : kSyslogNames) {
    if (named.value == action) {
      return absl::StrCat(action, " /* ", named.name, " */");
    }
  }
  return absl::StrCat(action, " /* SYSLOG_ACTION_??? */");
}

std::string PersonalityText(uint64_t persona) {
  if (persona == UINT32_MAX) return "0xffffffff";
  const std::string flags =
      FlagNames(persona & ~uint64_t{0xff}, kPersonalityFlagNames, "");
  return absl::StrCat(
      WithUnknown(ValueName(persona & 0xff, kPersonalityNames), "PER_???"),
      flags.empty() ? "" : "|", flags);
}

std::string IoprioText(uint64_t priority) {
  return absl::StrCat("IOPRIO_PRIO_VALUE(",
                      WithUnknown(ValueName(priority >> 13, kIoprioClassNames),
                                  "IOPRIO_CLASS_???"),
                      ", ", priority & 0x1fff, ")");
}

std::string StatxFlagsText(uint64_t flags) {
  const bool as_stat = (flags & AT_STATX_SYNC_TYPE) == 0;
  const std::string names = FlagNames(flags, kStatxFlagNames, "");
  return absl::StrCat(as_stat ? "AT_STATX_SYNC_AS_STAT" : "",
                      as_stat && !names.empty() ? "|" : "", names);
}

std::string IpcFlagsText(uint64_t flags) {
  const std::string names =
      FlagNames(flags & ~uint64_t{0777}, kIpcFlagNames, "");
  return absl::StrCat(names, names.empty() ? "" : "|",
                      absl::StrFormat("%#03o", flags & 0777));
}

}  // namespace emu
