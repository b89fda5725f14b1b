// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_result.h"

#include <fcntl.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/prctl.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "arch/result.h"
#include "emu/strace_arguments.h"
#include "emu/strace_composed.h"
#include "emu/strace_names.h"
#include "emu/strace_signals.h"

namespace emu {
namespace {

bool IsCall(const TracedCall& call, absl::string_view name) {
  return call.entry != nullptr && call.entry->name == name;
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

// What select(2) and poll(2) say of descriptors, and of the time that is left.
std::string ReadyText(const TracedCall& call, GuestReader memory) {
  GuestValues values(memory);
  std::vector<std::string> parts;
  const bool selects = IsCall(call, "pselect6") || IsCall(call, "select");
  if (selects) {
    static constexpr const char* kSets[] = {"in", "out", "except"};
    for (size_t i = 0; i < 3; ++i) {
      const std::string set =
          values.FdSet(call.args[i + 1], static_cast<uint32_t>(call.args[0]));
      if (set != "NULL" && set != "[]") {
        parts.push_back(absl::StrCat(kSets[i], " ", set));
      }
    }
  } else {
    parts.push_back(values.PolledFds(call.args[0], call.args[1]));
  }
  if (IsCall(call, "pselect6") && call.args[4] != 0) {
    parts.push_back(absl::StrCat("left ", values.Timespecs(call.args[4], 1)));
  }
  if (IsCall(call, "select") && call.args[4] != 0) {
    parts.push_back(absl::StrCat("left ", values.Timeval(call.args[4])));
  }
  if (IsCall(call, "ppoll") && call.args[2] != 0) {
    parts.push_back(absl::StrCat("left ", values.Timespecs(call.args[2], 1)));
  }
  return absl::StrCat(" (", absl::StrJoin(parts, ", "), ")");
}

// The name of a result that is one of several.
std::string NamedResult(const TracedCall& call, uint64_t value) {
  if (IsCall(call, "adjtimex") || IsCall(call, "clock_adjtime")) {
    return WithUnknown(ValueName(value, kTimexStateNames), "TIME_???");
  }
  if (IsCall(call, "prctl") && call.args[0] == PR_GET_DUMPABLE) {
    return NamedArgument(ArgumentKind::kDumpMode, value);
  }
  if (IsCall(call, "sched_getscheduler")) {
    return WithUnknown(ValueName(value, kSchedPolicyNames), "SCHED_???");
  }
  return "";
}

// Likewise of results that are printed as hexadecimal numbers.
std::string FlagsResult(const TracedCall& call, uint64_t value) {
  if (IsCall(call, "membarrier") && call.args[0] == MEMBARRIER_CMD_QUERY) {
    return FlagNames(value, kMembarrierNames);
  }
  if (IsCall(call, "ioprio_get")) return IoprioText(value);
  if (IsCall(call, "personality")) return PersonalityText(value);
  if (IsCall(call, "fcntl") && call.args[1] == F_GETLEASE) {
    return NamedArgument(ArgumentKind::kLeaseType, value);
  }
  return "";
}

// What a result that is no error means; empty: the number itself.
std::string MeaningText(const TracedCall& call, int64_t result,
                        GuestReader memory) {
  const auto value = static_cast<uint64_t>(result);
  if (IsCall(call, "umask")) return ModeText(value);
  if (IsCall(call, "fcntl")) {
    const std::string hex = absl::StrCat("0x", absl::Hex(value));
    if (call.args[1] == F_GETFL) {
      return absl::StrCat(hex, " (flags ", OpenFlagsText(value, true), ")");
    }
    if (call.args[1] == F_GETFD && value != 0) {
      return absl::StrCat(hex, " (flags ",
                          NamedArgument(ArgumentKind::kFdFlags, value), ")");
    }
  }
  if (IsCall(call, "poll") || IsCall(call, "ppoll") ||
      IsCall(call, "select") || IsCall(call, "pselect6")) {
    return result == 0 ? "0 (Timeout)"
                       : absl::StrCat(result, ReadyText(call, memory));
  }
  if (IsCall(call, "recvmmsg") && call.args[4] != 0) {
    GuestValues values(memory);
    return absl::StrCat(result, " (left ", values.Timespecs(call.args[4], 1),
                        ")");
  }
  if (const std::string name = NamedResult(call, value); !name.empty()) {
    return absl::StrCat(value, " (", name, ")");
  }
  if (const std::string names = FlagsResult(call, value); !names.empty()) {
    return absl::StrCat(value == 0 ? "0" : absl::StrCat("0x", absl::Hex(value)),
                        " (", names, ")");
  }
  if (IsCall(call, "rt_sigtimedwait")) {
    return absl::StrCat(result, " (", SignalName(static_cast<int>(result)),
                        ")");
  }
  if (IsCall(call, "time")) {
    return absl::StrCat(result, " (",
                        absl::FormatTime("%Y-%m-%dT%H:%M:%S%z",
                                         absl::FromUnixSeconds(result),
                                         absl::UTCTimeZone()),
                        ")");
  }
  return "";
}

}  // namespace

std::string ResultText(const TracedCall& call, int64_t result,
                       GuestReader memory) {
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
  if (std::string meaning = MeaningText(call, result, memory);
      !meaning.empty()) {
    return meaning;
  }
  const bool address = call.entry != nullptr &&
                       absl::string_view(call.entry->result) == "GuestAddr";
  return address ? absl::StrCat("0x", absl::Hex(result)) : absl::StrCat(result);
}

}  // namespace emu
