// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/event_text.h"

#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emu/strace_format.h"
#include "emu/strace_signals.h"
#include "kernel/clock.h"
#include "kernel/syscall.h"

namespace emu {
namespace {

std::string Hex(uint64_t value) { return absl::StrCat("0x", absl::Hex(value)); }

std::string Head(const TraceEvent& event) {
  return absl::StrCat(TimeText(event.time), " ", event.tid, " ");
}

TracedCall CallOf(const TraceEvent& event) {
  return {FindSyscall(event.number), event.number, event.args};
}

std::string ArgumentsAndResult(const TraceEvent& exit, GuestReader memory) {
  const TracedCall call = CallOf(exit);
  EnterText enter = FormatEnter(call, memory);
  // `memory` is as the call left it: what it stored over is not known.
  if (exit.result >= 0) enter.given = {};
  const ExitText rest = FormatExit(call, enter, exit.result, memory);
  return absl::StrCat(enter.text, rest.arguments, " = ", rest.result);
}

std::string DigestText(const char* name, uint32_t digest) {
  return digest == 0 ? "" : absl::StrFormat(" %s=%08x", name, digest);
}

std::string DeathText(uint64_t wait_status) {
  const int status = static_cast<int>(wait_status);
  if (WIFSIGNALED(status)) {
    return absl::StrCat("ends, killed by ", SignalName(WTERMSIG(status)),
                        WCOREDUMP(status) ? " (core dumped)" : "");
  }
  return absl::StrCat("ends, status ", WEXITSTATUS(status));
}

// What is told of an event that is not a call. `shown` is how many of its
// arguments the text holds.
std::string OtherStory(const TraceEvent& event, size_t* shown) {
  *shown = 0;
  switch (event.kind) {
    case EventKind::kSignal:
      *shown = 1;
      return absl::StrCat("gets ", SignalName(static_cast<int>(event.number)),
                          ", si_code ", static_cast<int64_t>(event.args[0]));
    case EventKind::kSpawn:
      *shown = 1;
      return absl::StrCat("makes ", event.number, ", ",
                          CloneFlagsText(event.args[0]));
    case EventKind::kDeath:
      return DeathText(event.number);
    case EventKind::kSpin:
      return absl::StrCat("spins at ", Hex(event.number));
    case EventKind::kPreempt:
      return absl::StrCat("is preempted at ", Hex(event.number));
    case EventKind::kBlock:
      return "waits";
    case EventKind::kWake:
      return "wakes";
    case EventKind::kSwitch:
      return "runs";
    default:
      return "runs a new program";
  }
}

// What kernels do not tell of such events, should a recording hold it.
std::string Rest(const TraceEvent& event, size_t shown) {
  std::string text;
  const bool numbered =
      event.kind == EventKind::kSignal || event.kind == EventKind::kSpawn ||
      event.kind == EventKind::kDeath || event.kind == EventKind::kSpin ||
      event.kind == EventKind::kPreempt;
  if (!numbered && event.number != 0) {
    absl::StrAppend(&text, " number=", event.number);
  }
  for (size_t i = shown; i < event.args.size(); ++i) {
    if (event.args[i] != 0) {
      absl::StrAppend(&text, " args[", i, "]=", Hex(event.args[i]));
    }
  }
  if (event.result != 0) absl::StrAppend(&text, " result=", event.result);
  return text;
}

}  // namespace

size_t NoMemory(void*, GuestAddr, size_t) { return 0; }

std::string TimeText(int64_t nanoseconds) {
  const bool negative = nanoseconds < 0;
  const auto size = negative ? 0 - static_cast<uint64_t>(nanoseconds)
                             : static_cast<uint64_t>(nanoseconds);
  return absl::StrFormat("%s%d.%09d", negative ? "-" : "", size / 1'000'000'000,
                         size % 1'000'000'000);
}

int64_t Elapsed(int64_t from, int64_t to) {
  return static_cast<int64_t>(static_cast<uint64_t>(to) -
                              static_cast<uint64_t>(from));
}

std::string CallName(uint64_t number) {
  const SyscallEntry* entry = FindSyscall(number);
  return entry != nullptr ? entry->name : absl::StrCat("syscall_", Hex(number));
}

const char* KindName(EventKind kind) {
  constexpr const char* kNames[kEventKinds] = {
      "enter", "exit", "block", "wake", "switch", "signal",
      "spawn", "exec", "death", "spin", "preempt"};
  return kNames[static_cast<int>(kind)];
}

bool IsCall(const TraceEvent& enter, const TraceEvent& exit) {
  return enter.kind == EventKind::kEnter && exit.kind == EventKind::kExit &&
         exit.tid == enter.tid && exit.number == enter.number &&
         exit.args == enter.args && enter.result == 0;
}

std::string Story(const TraceEvent& event, GuestReader memory) {
  if (event.kind == EventKind::kEnter) {
    return FormatEnter(CallOf(event), memory).text;
  }
  if (event.kind == EventKind::kExit) return ArgumentsAndResult(event, memory);
  size_t shown = 0;
  const std::string story = OtherStory(event, &shown);
  return absl::StrCat(story, Rest(event, shown));
}

std::string EventText(const TraceEvent& event, GuestReader memory) {
  std::string text = Story(event, memory);
  if (event.kind == EventKind::kEnter) {
    text += "...";
    if (event.result != 0) absl::StrAppend(&text, " result=", event.result);
  }
  return absl::StrCat(Head(event), event.kind == EventKind::kExit ? "... " : "",
                      text, DigestText("data", event.digest));
}

std::string CallText(const TraceEvent& enter, const TraceEvent& exit, bool took,
                     GuestReader memory) {
  // Most calls take a step of the clock.
  const int64_t time = Elapsed(enter.time, exit.time);
  return absl::StrCat(
      Head(enter), Story(exit, memory), DigestText("before", enter.digest),
      DigestText("data", exit.digest),
      !took || time == Clock::kStep ? "" : absl::StrCat(" took=", time));
}

std::vector<std::string> DifferingFields(const TraceEvent& a,
                                         const TraceEvent& b) {
  std::vector<std::string> fields;
  if (a.kind != b.kind) fields.push_back("kind");
  if (a.tid != b.tid) fields.push_back("tid");
  if (a.number != b.number) fields.push_back("number");
  for (size_t i = 0; i < a.args.size(); ++i) {
    if (a.args[i] != b.args[i]) fields.push_back(absl::StrCat("args[", i, "]"));
  }
  if (a.result != b.result) fields.push_back("result");
  if (a.digest != b.digest) fields.push_back("data");
  if (a.time != b.time) fields.push_back("time");
  return fields;
}

}  // namespace emu
