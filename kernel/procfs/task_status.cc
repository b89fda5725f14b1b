// SPDX-License-Identifier: Apache-2.0
//
// /proc/PID/stat, statm and status.

#include <linux/sched.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "arch/page_store.h"
#include "kernel/dev/terminal.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/procfs/cpu_list.h"
#include "kernel/procfs/memory_usage.h"
#include "kernel/procfs/task_access.h"
#include "kernel/procfs/task_files.h"
#include "kernel/seccomp_filter.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/task.h"

namespace emu {
namespace {

// clock_t counts hundredths of a second.
constexpr Nanos kTick = kNanosPerSecond / 100;

struct State {
  char letter;
  const char* name;
};

State StateOf(const Task& task) {
  switch (task.state()) {
    case Task::State::kRunnable:
      return {'R', "running"};
    case Task::State::kParked:
      // Init waits for ever, and for nothing.
      if (task.WaitsInterruptibly() || task.process().parent == nullptr) {
        return {'S', "sleeping"};
      }
      return {'D', "disk sleep"};
    case Task::State::kStopped:
      return {'T', "stopped"};
    case Task::State::kDead:
      return {'Z', "zombie"};
  }
  return {'X', "dead"};
}

Pid ParentOf(const Process& process) {
  return process.parent == nullptr ? 0 : process.parent->pid();
}

int LiveThreads(const Process& process) {
  return static_cast<int>(std::count_if(
      process.tasks.begin(), process.tasks.end(), [](const auto& task) {
        return task->state() != Task::State::kDead;
      }));
}

struct Dispositions {
  SignalSet ignored = 0;
  SignalSet caught = 0;
};

Dispositions DispositionsOf(const Process& process) {
  Dispositions result;
  if (process.zombie || process.handlers == nullptr) return result;
  for (int signo = 1; signo <= kSignals; ++signo) {
    const GuestAddr handler = process.handlers->of(signo).handler;
    if (handler == kHandlerIgnore) {
      result.ignored |= SignalBit(signo);
    } else if (handler != kHandlerDefault) {
      result.caught |= SignalBit(signo);
    }
  }
  return result;
}

// stat's tty_nr, in the encoding of 32-bit dev_t.
uint32_t TerminalNumber(const Process& process) {
  const Terminal* terminal = process.session->terminal.get();
  if (terminal == nullptr) return 0;
  return static_cast<uint32_t>(makedev(kPtySlaveMajor, terminal->number()));
}

// Signals in the decimal form of old, which has no room for real-time ones.
uint64_t OldSet(SignalSet set) { return set & 0x7fffffff; }

// Behind "pid (comm) ", up to vsize.
std::string FirstStatFields(Task& target, State state) {
  const Process& process = target.process();
  const Terminal* terminal = process.session->terminal.get();
  const bool whole = target.IsLeader();
  const Nanos user = whole ? process.user_time() : target.user_time;
  const Nanos system = whole ? process.system_time() : target.system_time;
  const int priority = target.sched_policy == SCHED_FIFO ||
                               target.sched_policy == SCHED_RR
                           ? -1 - target.sched_priority
                           : 20 + target.nice;
  return absl::StrFormat(
      "%c %d %d %d %d %d %u 0 0 0 0 %d %d %d %d %d %d %d 0 %d", state.letter,
      ParentOf(process), process.pgid, process.session->sid,
      TerminalNumber(process),
      terminal == nullptr ? -1 : terminal->foreground, 0x400000u,
      user / kTick, system / kTick, process.children_user_time / kTick,
      process.children_system_time / kTick, priority, target.nice,
      LiveThreads(process), target.start_time / kTick);
}

std::string StatusIds(const Task& target) {
  const Credentials& creds = *target.creds;
  return absl::StrFormat(
      "Uid:\t%d\t%d\t%d\t%d\nGid:\t%d\t%d\t%d\t%d\n", creds.uid, creds.euid,
      creds.suid, creds.fsuid, creds.gid, creds.egid, creds.sgid,
      creds.fsgid);
}

std::string StatusMemory(const Task& target) {
  if (target.mm == nullptr) return "";
  const MemoryUsage usage = UsageOf(target.mm.get());
  std::string text;
  const auto line = [&](const char* name, uint64_t bytes) {
    absl::StrAppendFormat(&text, "%s:\t%8d kB\n", name, bytes / 1024);
  };
  line("VmPeak", usage.size);
  line("VmSize", usage.size);
  line("VmLck", usage.locked);
  line("VmPin", 0);
  line("VmHWM", usage.resident());
  line("VmRSS", usage.resident());
  line("RssAnon", usage.anonymous);
  line("RssFile", usage.file);
  line("RssShmem", usage.shared);
  line("VmData", usage.data);
  line("VmStk", usage.stack);
  line("VmExe", usage.code);
  line("VmLib", usage.libraries);
  line("VmPTE", PageUp(usage.size / 512));
  line("VmSwap", 0);
  line("HugetlbPages", 0);
  text += "CoreDumping:\t0\nTHP_enabled:\t0\n";
  return text;
}

std::string StatusSignals(const Task& target) {
  const Process& process = target.process();
  const Dispositions dispositions = DispositionsOf(process);
  return absl::StrFormat(
      "Threads:\t%d\nSigQ:\t%d/%d\nSigPnd:\t%016x\nShdPnd:\t%016x\n"
      "SigBlk:\t%016x\nSigIgn:\t%016x\nSigCgt:\t%016x\n",
      LiveThreads(process),
      target.pending_signals.size() + process.pending_signals.size(),
      process.limit(RLIMIT_SIGPENDING), target.pending_signals.set(),
      process.pending_signals.set(), target.signal_mask(),
      dispositions.ignored, dispositions.caught);
}

std::string StatusCapabilities(const Task& target) {
  const Credentials& creds = *target.creds;
  return absl::StrFormat(
      "CapInh:\t%016x\nCapPrm:\t%016x\nCapEff:\t%016x\nCapBnd:\t%016x\n"
      "CapAmb:\t%016x\nNoNewPrivs:\t%d\n",
      creds.inheritable, creds.permitted, creds.effective, creds.bounding,
      creds.ambient, creds.no_new_privs);
}

}  // namespace

Result<std::string> TaskStat(Task& reader, Task& target) {
  const Process& process = target.process();
  const bool inspect = MayInspect(reader, target);
  const MemoryUsage usage = UsageOf(target.mm.get());
  const Dispositions dispositions = DispositionsOf(process);
  MemoryMap::Layout layout;
  if (inspect && target.mm != nullptr) layout = target.mm->layout;
  std::string text =
      absl::StrFormat("%d (%s) %s %d %d %d", target.tid(), target.comm,
                      FirstStatFields(target, StateOf(target)), usage.size,
                      usage.resident() / kPageSize,
                      process.limit(RLIMIT_RSS));
  absl::StrAppendFormat(&text, " %d %d %d 0 0 %d %d %d %d 0 0 0 %d 0",
                        layout.code_start, layout.code_end,
                        layout.stack_start,
                        OldSet(target.pending_signals.set()),
                        OldSet(target.signal_mask()),
                        OldSet(dispositions.ignored),
                        OldSet(dispositions.caught), process.exit_signal);
  absl::StrAppendFormat(&text, " %d %d 0 0 0 %d %d %d %d %d %d %d %d\n",
                        target.sched_priority, target.sched_policy,
                        layout.data_start, layout.data_end, layout.brk_start,
                        layout.args_start, layout.args_end, layout.env_start,
                        layout.env_end, inspect ? process.exit_status : 0);
  return text;
}

Result<std::string> TaskStatm(Task&, Task& target) {
  const MemoryUsage usage = UsageOf(target.mm.get());
  return absl::StrFormat("%d %d %d %d 0 %d 0\n", usage.size / kPageSize,
                         usage.resident() / kPageSize,
                         (usage.file + usage.shared) / kPageSize,
                         usage.code / kPageSize,
                         (usage.data + usage.stack) / kPageSize);
}

Result<std::string> TaskStatus(Task&, Task& target) {
  Process& process = target.process();
  const State state = StateOf(target);
  const Pid tid = target.tid();
  std::string text = absl::StrFormat(
      "Name:\t%s\n", absl::StrReplaceAll(target.comm, {{"\\", "\\\\"},
                                                       {"\n", "\\n"}}));
  if (target.fs != nullptr) {
    absl::StrAppendFormat(&text, "Umask:\t%04o\n", target.fs->umask);
  }
  absl::StrAppendFormat(&text,
                        "State:\t%c (%s)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\n"
                        "PPid:\t%d\nTracerPid:\t0\n",
                        state.letter, state.name, process.pid(), tid,
                        ParentOf(process));
  text += StatusIds(target);
  const int slots = target.files == nullptr ? 0 : target.files->size();
  absl::StrAppendFormat(
      &text, "FDSize:\t%d\nGroups:\t%s \n", std::max(slots, 64),
      absl::StrJoin(target.creds->groups, " "));
  absl::StrAppendFormat(&text,
                        "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\n"
                        "Kthread:\t0\n",
                        process.pid(), tid, process.pgid,
                        process.session->sid);
  absl::StrAppend(&text, StatusMemory(target), StatusSignals(target),
                  StatusCapabilities(target));
  absl::StrAppendFormat(
      &text,
      "Seccomp:\t%d\nSeccomp_filters:\t%d\n"
      "Cpus_allowed:\t%s\nCpus_allowed_list:\t%s\n"
      "Mems_allowed:\t1\nMems_allowed_list:\t0\n"
      "voluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t%d\n",
      target.seccomp_mode,
      target.seccomp_filters == nullptr ? 0 : target.seccomp_filters->count(),
      CpuMask(target.affinity), CpuList(target.affinity),
      target.voluntary_switches, target.involuntary_switches);
  return text;
}

}  // namespace emu
