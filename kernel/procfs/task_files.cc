// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/task_files.h"

#include <linux/capability.h>
#include <linux/sched.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/procfs/memory_usage.h"
#include "kernel/procfs/task_access.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kMostComm = 15;

Result<std::string> Comm(Task&, Task& target) {
  return target.comm + "\n";
}

Result<> StoreComm(Task& writer, Task& target, absl::string_view text) {
  if (&writer.process() != &target.process()) return Errno(EINVAL);
  target.comm = std::string(text.substr(0, kMostComm));
  target.comm.resize(std::min(target.comm.find('\0'), target.comm.size()));
  return {};
}

struct LimitName {
  int resource;
  const char* name;
  const char* unit;
};
constexpr LimitName kLimits[] = {
    {RLIMIT_CPU, "Max cpu time", "seconds"},
    {RLIMIT_FSIZE, "Max file size", "bytes"},
    {RLIMIT_DATA, "Max data size", "bytes"},
    {RLIMIT_STACK, "Max stack size", "bytes"},
    {RLIMIT_CORE, "Max core file size", "bytes"},
    {RLIMIT_RSS, "Max resident set", "bytes"},
    {RLIMIT_NPROC, "Max processes", "processes"},
    {RLIMIT_NOFILE, "Max open files", "files"},
    {RLIMIT_MEMLOCK, "Max locked memory", "bytes"},
    {RLIMIT_AS, "Max address space", "bytes"},
    {RLIMIT_LOCKS, "Max file locks", "locks"},
    {RLIMIT_SIGPENDING, "Max pending signals", "signals"},
    {RLIMIT_MSGQUEUE, "Max msgqueue size", "bytes"},
    {RLIMIT_NICE, "Max nice priority", ""},
    {RLIMIT_RTPRIO, "Max realtime priority", ""},
    {RLIMIT_RTTIME, "Max realtime timeout", "us"},
};

Result<std::string> Limits(Task&, Task& target) {
  std::string text = absl::StrFormat("%-25s %-20s %-20s %-10s\n", "Limit",
                                     "Soft Limit", "Hard Limit", "Units");
  const auto value = [](uint64_t limit) {
    return limit == RLIM64_INFINITY ? "unlimited" : absl::StrCat(limit);
  };
  for (const LimitName& limit : kLimits) {
    const rlimit64& set = target.process().limits[limit.resource];
    absl::StrAppendFormat(&text, "%-25s %-20s %-20s %-10s\n", limit.name,
                          value(set.rlim_cur), value(set.rlim_max),
                          limit.unit);
  }
  return text;
}

// In thousandths of the machine's memory, as the OOM killer would see it.
int64_t OomScore(Task& target) {
  const uint64_t memory = target.kernel().options().memory;
  const int64_t used = static_cast<int64_t>(
      UsageOf(target.mm.get()).resident() * 1000 / std::max<uint64_t>(memory, 1));
  return std::clamp<int64_t>(
      (used + 1000 + target.process().oom_score_adj) * 2 / 3, 0, 2000);
}

Result<std::string> ShowOomScore(Task&, Task& target) {
  return absl::StrCat(OomScore(target), "\n");
}

Result<std::string> OomScoreAdj(Task&, Task& target) {
  return absl::StrCat(target.process().oom_score_adj, "\n");
}

Result<int> ParseInt(absl::string_view text) {
  int value;
  if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &value)) {
    return Errno(EINVAL);
  }
  return value;
}

bool ParseOctal(absl::string_view text, uint32_t* value) {
  uint64_t sum = 0;
  for (const char c : text) {
    if (c < '0' || c > '7') return false;
    sum = sum * 8 + static_cast<uint64_t>(c - '0');
    if (sum > UINT32_MAX) return false;
  }
  *value = static_cast<uint32_t>(sum);
  return true;
}

Result<> StoreOomScoreAdj(Task& writer, Task& target, absl::string_view text) {
  const int value = TRY(ParseInt(text));
  if (value < -1000 || value > 1000) return Errno(EINVAL);
  int& adj = target.process().oom_score_adj;
  if (value < adj && value < 0 && !writer.creds->Has(CAP_SYS_RESOURCE)) {
    return Errno(EACCES);
  }
  adj = value;
  return {};
}

Result<std::string> CoredumpFilter(Task&, Task& target) {
  return absl::StrFormat("%08x\n", target.process().coredump_filter);
}

// In any base, as C writes numbers; the kinds of memory that there are.
Result<> StoreCoredumpFilter(Task&, Task& target, absl::string_view text) {
  constexpr uint32_t kKinds = 0x1ff;
  text = absl::StripAsciiWhitespace(text);
  uint32_t value;
  const bool octal = text.size() > 1 && text[0] == '0' && text[1] != 'x';
  if (absl::StartsWith(text, "0x") ? !absl::SimpleHexAtoi(text, &value)
      : octal                      ? !ParseOctal(text, &value)
                                   : !absl::SimpleAtoi(text, &value)) {
    return Errno(EINVAL);
  }
  target.process().coredump_filter = value & kKinds;
  return {};
}

// The scale of old: -17 to 15.
Result<std::string> OomAdj(Task&, Task& target) {
  const int adj = target.process().oom_score_adj;
  return absl::StrCat(adj == 1000 ? 15 : adj * 17 / 1000, "\n");
}

Result<std::string> Syscall(Task& reader, Task& target) {
  if (!MayInspect(reader, target)) return Errno(EPERM);
  const PendingSyscall& call = target.pending();
  if (target.state() != Task::State::kParked || target.cpu_ref() == nullptr) {
    return std::string("running\n");
  }
  std::string text = absl::StrCat(call.number);
  for (const uint64_t arg : call.args) {
    absl::StrAppendFormat(&text, " %#x", arg);
  }
  absl::StrAppendFormat(&text, " %#x %#x\n", target.cpu().sp(),
                        target.cpu().ip());
  return text;
}

Result<std::string> Personality(Task&, Task& target) {
  return absl::StrFormat("%08x\n", target.personality);
}

Result<std::string> Schedstat(Task&, Task& target) {
  return absl::StrFormat(
      "%d 0 %d\n", target.user_time + target.system_time,
      target.voluntary_switches + target.involuntary_switches);
}

Result<std::string> Sched(Task&, Task& target) {
  std::string text =
      absl::StrFormat("%s (%d, #threads: %d)\n", target.comm, target.tid(),
                      target.process().tasks.size());
  absl::StrAppend(&text, std::string(67, '-'), "\n");
  const Nanos run = target.user_time + target.system_time;
  const auto line = [&](const char* name, int64_t value) {
    absl::StrAppendFormat(&text, "%-45s:%21d\n", name, value);
  };
  absl::StrAppendFormat(&text, "%-45s:%14d.%06d\n", "se.sum_exec_runtime",
                        run / 1'000'000, run % 1'000'000);
  line("nr_switches", target.voluntary_switches + target.involuntary_switches);
  line("nr_voluntary_switches", target.voluntary_switches);
  line("nr_involuntary_switches", target.involuntary_switches);
  line("policy", target.sched_policy);
  line("prio", 120 + target.nice);
  return text;
}

Result<std::string> Children(Task&, Task& target) {
  std::string text;
  for (const Process* child : target.process().children) {
    if (child->parent_task == &target ||
        (child->parent_task == nullptr && target.IsLeader())) {
      absl::StrAppend(&text, child->pid(), " ");
    }
  }
  return text;
}

Result<std::string> TimerSlack(Task&, Task& target) {
  return absl::StrCat(target.timer_slack, "\n");
}

Result<> StoreTimerSlack(Task& writer, Task& target, absl::string_view text) {
  if (&writer.process() != &target.process() &&
      !writer.creds->Has(CAP_SYS_NICE)) {
    return Errno(EPERM);
  }
  uint64_t value;
  if (!absl::SimpleAtoi(absl::StripAsciiWhitespace(text), &value)) {
    return Errno(EINVAL);
  }
  target.timer_slack = value == 0 ? 50'000 : value;
  return {};
}

// Files are in memory: nothing comes from storage or goes there.
std::string IoText(const IoCounts& io) {
  return absl::StrFormat(
      "rchar: %d\nwchar: %d\nsyscr: %d\nsyscw: %d\nread_bytes: 0\n"
      "write_bytes: 0\ncancelled_write_bytes: 0\n",
      io.read, io.written, io.reads, io.writes);
}

Result<std::string> ProcessIo(Task&, Task& target) {
  return IoText(target.process().io());
}

Result<std::string> ThreadIo(Task&, Task& target) { return IoText(target.io); }

// Texts that are the same for every task.
template <const char* kText>
Result<std::string> Constant(Task&, Task&) {
  return std::string(kText);
}

template <int kError>
Result<std::string> Fails(Task&, Task&) {
  return Errno(kError);
}
template <int kError>
Result<> StoreFails(Task&, Task&, absl::string_view) {
  return Errno(kError);
}

// Taken, and of no effect.
Result<> Ignore(Task&, Task&, absl::string_view) { return {}; }

constexpr char kNone[] = "";
constexpr char kRootPath[] = "/\n";
constexpr char kCgroup[] = "0::/\n";
constexpr char kUnset[] = "4294967295";
constexpr char kZero[] = "0";
constexpr char kIdMap[] = "         0          0 4294967295\n";
constexpr char kAllow[] = "allow\n";
constexpr char kTimeOffsets[] =
    "monotonic           0         0\nboottime            0         0\n";
constexpr char kAutogroup[] = "/autogroup-1 nice 0\n";

constexpr auto kBoth = TaskFile::Where::kBoth;
constexpr auto kProcess = TaskFile::Where::kProcess;
constexpr auto kThread = TaskFile::Where::kThread;
constexpr auto kPermitted = TaskFile::Who::kPermitted;
constexpr auto kInspector = TaskFile::Who::kInspector;

constexpr TaskFile kFiles[] = {
    {"autogroup", 0644, kProcess, kPermitted, Constant<kAutogroup>, Ignore},
    {"auxv", 0400, kProcess, kInspector, TaskAuxv, nullptr},
    {"cgroup", 0444, kBoth, kPermitted, Constant<kCgroup>, nullptr},
    {"children", 0444, kThread, kPermitted, Children, nullptr},
    {"clear_refs", 0200, kBoth, kPermitted, Fails<EINVAL>, Ignore},
    {"cmdline", 0444, kBoth, kPermitted, TaskCmdline, nullptr},
    {"comm", 0644, kBoth, kPermitted, Comm, StoreComm},
    {"coredump_filter", 0644, kProcess, kPermitted, CoredumpFilter,
     StoreCoredumpFilter},
    {"cpuset", 0444, kBoth, kPermitted, Constant<kRootPath>, nullptr},
    {"environ", 0400, kBoth, kInspector, TaskEnviron, nullptr},
    {"gid_map", 0644, kBoth, kPermitted, Constant<kIdMap>, StoreFails<EPERM>},
    {"io", 0400, kProcess, kInspector, ProcessIo, nullptr},
    {"io", 0400, kThread, kInspector, ThreadIo, nullptr},
    {"limits", 0444, kBoth, kPermitted, Limits, nullptr},
    {"loginuid", 0644, kBoth, kPermitted, Constant<kUnset>,
     StoreFails<EPERM>},
    {"maps", 0444, kBoth, kInspector, TaskMaps, nullptr},
    {"mountinfo", 0444, kBoth, kPermitted, TaskMountinfo, nullptr},
    {"mounts", 0444, kBoth, kPermitted, TaskMounts, nullptr},
    {"mountstats", 0400, kProcess, kPermitted, TaskMountstats, nullptr},
    {"numa_maps", 0444, kBoth, kInspector, TaskNumaMaps, nullptr},
    {"oom_adj", 0644, kBoth, kPermitted, OomAdj, StoreFails<EINVAL>},
    {"oom_score", 0444, kBoth, kPermitted, ShowOomScore, nullptr},
    {"oom_score_adj", 0644, kBoth, kPermitted, OomScoreAdj, StoreOomScoreAdj},
    {"personality", 0400, kBoth, kPermitted, Personality, nullptr},
    {"projid_map", 0644, kBoth, kPermitted, Constant<kIdMap>,
     StoreFails<EPERM>},
    {"sched", 0644, kBoth, kPermitted, Sched, Ignore},
    {"schedstat", 0444, kBoth, kPermitted, Schedstat, nullptr},
    {"sessionid", 0444, kBoth, kPermitted, Constant<kUnset>, nullptr},
    {"setgroups", 0644, kProcess, kPermitted, Constant<kAllow>,
     StoreFails<EPERM>},
    {"smaps", 0444, kBoth, kInspector, TaskSmaps, nullptr},
    {"smaps_rollup", 0444, kBoth, kInspector, TaskSmapsRollup, nullptr},
    {"stack", 0400, kBoth, kPermitted, Fails<EPERM>, nullptr},
    {"stat", 0444, kBoth, kPermitted, TaskStat, nullptr},
    {"statm", 0444, kBoth, kPermitted, TaskStatm, nullptr},
    {"status", 0444, kBoth, kPermitted, TaskStatus, nullptr},
    {"syscall", 0400, kBoth, kPermitted, Syscall, nullptr},
    {"timens_offsets", 0644, kProcess, kPermitted, Constant<kTimeOffsets>,
     StoreFails<EACCES>},
    {"timers", 0444, kProcess, kPermitted, Constant<kNone>, nullptr},
    {"timerslack_ns", 0666, kProcess, kPermitted, TimerSlack,
     StoreTimerSlack},
    {"uid_map", 0644, kBoth, kPermitted, Constant<kIdMap>, StoreFails<EPERM>},
    {"wchan", 0444, kBoth, kPermitted, Constant<kZero>, nullptr},
};

}  // namespace

absl::Span<const TaskFile> TaskFiles() { return kFiles; }

}  // namespace emu
