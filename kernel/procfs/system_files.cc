// SPDX-License-Identifier: Apache-2.0
//
// The files at the top of /proc. What a real system would count and this one
// does not is 0.

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "arch/page_store.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/process.h"
#include "kernel/procfs/memory_usage.h"
#include "kernel/procfs/procfs.h"
#include "kernel/procfs/pseudo_fs.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"
#include "kernel/uts.h"

namespace emu {
namespace {

constexpr Nanos kTick = kNanosPerSecond / 100;
constexpr Nanos kHundredth = kNanosPerSecond / 100;

// Of all processes, those that ended among them.
struct Totals {
  Nanos user = 0;
  Nanos system = 0;
  uint64_t switches = 0;
  int tasks = 0;
  int runnable = 0;
  Pid last = 0;
};

Totals TotalsOf(Kernel& kernel) {
  Totals totals;
  for (const auto& [pid, process] : kernel.pids().processes()) {
    totals.user += process->user_time();
    totals.system += process->system_time();
    for (const auto& task : process->tasks) {
      totals.switches += task->voluntary_switches + task->involuntary_switches;
      totals.runnable += task->state() == Task::State::kRunnable;
      totals.last = std::max(totals.last, task->tid());
      ++totals.tasks;
    }
  }
  const Process& init = kernel.pids().init();
  totals.user += init.children_user_time;
  totals.system += init.children_system_time;
  return totals;
}

MemoryUsage TotalMemory(Kernel& kernel) {
  MemoryUsage total;
  std::set<const MemoryMap*> seen;
  for (const auto& [pid, process] : kernel.pids().processes()) {
    const Task* task = process->LiveTask();
    if (task == nullptr || task->mm == nullptr) continue;
    if (!seen.insert(task->mm.get()).second) continue;
    const MemoryUsage usage = UsageOf(task->mm.get());
    total.size += usage.size;
    total.anonymous += usage.anonymous;
    total.file += usage.file;
    total.shared += usage.shared;
    total.locked += usage.locked;
  }
  const uint64_t memory = kernel.options().memory;
  total.anonymous = std::min(total.anonymous, memory / 2);
  total.file = std::min(total.file + total.shared, memory / 4);
  return total;
}

std::string Meminfo(Kernel& kernel) {
  const uint64_t memory = kernel.options().memory;
  const MemoryUsage used = TotalMemory(kernel);
  const uint64_t free = memory - used.anonymous - used.file;
  struct Line {
    const char* name;
    uint64_t bytes;
  };
  const Line lines[] = {
      {"MemTotal", memory},
      {"MemFree", free},
      {"MemAvailable", free + used.file},
      {"Buffers", 0},
      {"Cached", used.file},
      {"SwapCached", 0},
      {"Active", used.anonymous},
      {"Inactive", used.file},
      {"Active(anon)", used.anonymous},
      {"Inactive(anon)", 0},
      {"Active(file)", 0},
      {"Inactive(file)", used.file},
      {"Unevictable", used.locked},
      {"Mlocked", used.locked},
      {"SwapTotal", 0},
      {"SwapFree", 0},
      {"Dirty", 0},
      {"Writeback", 0},
      {"AnonPages", used.anonymous},
      {"Mapped", used.file},
      {"Shmem", used.shared},
      {"KReclaimable", 0},
      {"Slab", 0},
      {"SReclaimable", 0},
      {"SUnreclaim", 0},
      {"KernelStack", 0},
      {"PageTables", 0},
      {"NFS_Unstable", 0},
      {"Bounce", 0},
      {"WritebackTmp", 0},
      {"CommitLimit", memory / 2},
      {"Committed_AS", used.anonymous + used.shared},
      {"VmallocTotal", uint64_t{34359738367} << 10},
      {"VmallocUsed", 0},
      {"VmallocChunk", 0},
      {"Percpu", 0},
      {"AnonHugePages", 0},
      {"ShmemHugePages", 0},
      {"ShmemPmdMapped", 0},
      {"FileHugePages", 0},
      {"FilePmdMapped", 0},
  };
  std::string text;
  for (const Line& line : lines) {
    absl::StrAppendFormat(&text, "%-16s%8d kB\n", absl::StrCat(line.name, ":"),
                          line.bytes / 1024);
  }
  for (const char* name : {"HugePages_Total", "HugePages_Free",
                           "HugePages_Rsvd", "HugePages_Surp"}) {
    absl::StrAppendFormat(&text, "%-16s%8d\n", absl::StrCat(name, ":"), 0);
  }
  absl::StrAppend(&text, "Hugepagesize:       2048 kB\n",
                  "Hugetlb:               0 kB\n");
  return text;
}

std::string Stat(Kernel& kernel) {
  const Totals totals = TotalsOf(kernel);
  const Nanos now = kernel.clock().now();
  const int cpus = kernel.options().cpus;
  const Nanos idle =
      std::max<Nanos>(now * cpus - totals.user - totals.system, 0);
  const auto line = [](Nanos user, Nanos system, Nanos rest) {
    return absl::StrFormat("%d 0 %d %d 0 0 0 0 0 0\n", user / kTick,
                           system / kTick, rest / kTick);
  };
  std::string text =
      absl::StrCat("cpu  ", line(totals.user, totals.system, idle));
  for (int cpu = 0; cpu < cpus; ++cpu) {
    // Everything runs on the first.
    absl::StrAppend(
        &text, "cpu", cpu, " ",
        cpu == 0 ? line(totals.user, totals.system,
                        std::max<Nanos>(now - totals.user - totals.system, 0))
                 : line(0, 0, now));
  }
  absl::StrAppendFormat(
      &text,
      "intr 0\nctxt %d\nbtime %d\nprocesses %d\nprocs_running %d\n"
      "procs_blocked 0\nsoftirq 0 0 0 0 0 0 0 0 0 0 0\n",
      totals.switches, kernel.clock().realtime_offset() / kNanosPerSecond,
      totals.last, totals.runnable);
  return text;
}

std::string Uptime(Kernel& kernel) {
  const Totals totals = TotalsOf(kernel);
  const Nanos now = kernel.clock().now();
  const Nanos idle = std::max<Nanos>(
      now * kernel.options().cpus - totals.user - totals.system, 0);
  const auto seconds = [](Nanos time) {
    return absl::StrFormat("%d.%02d", time / kNanosPerSecond,
                           time % kNanosPerSecond / kHundredth);
  };
  return absl::StrCat(seconds(now), " ", seconds(idle), "\n");
}

std::string Loadavg(Kernel& kernel) {
  const Totals totals = TotalsOf(kernel);
  return absl::StrFormat("0.00 0.00 0.00 %d/%d %d\n", totals.runnable,
                         totals.tasks, totals.last);
}

std::string Cpuinfo(Kernel& kernel) {
  const int cpus = kernel.options().cpus;
  const auto describe = kernel.machine().platform().cpu_info;
  std::string text;
  for (int cpu = 0; cpu < cpus; ++cpu) {
    absl::StrAppend(&text, "processor\t: ", cpu, "\n",
                    describe == nullptr ? "" : describe(cpu, cpus), "\n");
  }
  return text;
}

// A region for each of the kinds that programs look for.
constexpr char kVmstat[] =
    "nr_free_pages 0\nnr_zone_inactive_anon 0\nnr_zone_active_anon 0\n"
    "nr_mlock 0\nnr_anon_pages 0\nnr_mapped 0\nnr_file_pages 0\nnr_dirty 0\n"
    "nr_writeback 0\nnr_shmem 0\npgpgin 0\npgpgout 0\npswpin 0\npswpout 0\n"
    "pgfault 0\npgmajfault 0\noom_kill 0\n";

constexpr char kFilesystems[] =
    "nodev\tsysfs\nnodev\ttmpfs\nnodev\tproc\nnodev\tcgroup2\n"
    "nodev\tdevtmpfs\nnodev\tsockfs\nnodev\tpipefs\nnodev\tdevpts\n"
    "nodev\tmqueue\nnodev\toverlay\n\text4\n";

constexpr char kDevices[] =
    "Character devices:\n  1 mem\n  5 /dev/tty\n  5 /dev/console\n"
    "  5 /dev/ptmx\n128 ptm\n136 pts\n\nBlock devices:\n";

constexpr char kSwaps[] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
constexpr char kPartitions[] = "major minor  #blocks  name\n\n";
constexpr char kCgroups[] = "#subsys_name\thierarchy\tnum_cgroups\tenabled\n";
constexpr char kBuddyinfo[] =
    "Node 0, zone   Normal      0      0      0      0      0      0      0"
    "      0      0      0      0\n";
constexpr char kPressure[] =
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n";

std::string Zoneinfo(Kernel& kernel) {
  const uint64_t pages = kernel.options().memory / kPageSize;
  return absl::StrFormat(
      "Node 0, zone   Normal\n  pages free     %d\n        min      0\n"
      "        low      0\n        high     0\n        spanned  %d\n"
      "        present  %d\n        managed  %d\n",
      pages, pages, pages, pages);
}

}  // namespace

void AddSystemFiles(Kernel& kernel, PseudoDirectory& root) {
  using Source = std::string (*)(Kernel&);
  const auto add = [&](const char* name, Source source) {
    root.AddFile(name, [&kernel, source](Task&) { return source(kernel); });
  };
  add("cpuinfo", Cpuinfo);
  add("loadavg", Loadavg);
  add("locks", [](Kernel& k) { return k.subsystems().locks.Describe(); });
  add("meminfo", Meminfo);
  add("stat", Stat);
  add("uptime", Uptime);
  add("zoneinfo", Zoneinfo);
  root.AddText("buddyinfo", kBuddyinfo);
  root.AddText("cgroups", kCgroups);
  root.AddText("cmdline", "\n");
  root.AddText("consoles", "");
  root.AddText("devices", kDevices);
  root.AddText("diskstats", "");
  root.AddText("filesystems", kFilesystems);
  root.AddText("interrupts", "           CPU0       \n");
  root.AddText("misc", "");
  root.AddText("modules", "");
  root.AddText("partitions", kPartitions);
  root.AddText("softirqs", "                    CPU0       \n");
  root.AddText("swaps", kSwaps);
  root.AddText("version", absl::StrCat(kSysName, " version ", kRelease,
                                       " (emu) ", kVersion, "\n"));
  root.AddText("vmstat", kVmstat);
  root.Directory("pressure").AddText("cpu", kPressure);
  root.Directory("pressure").AddText("io", kPressure);
  root.Directory("pressure").AddText("memory", kPressure);
}

}  // namespace emu
