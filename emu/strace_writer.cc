// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_writer.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emu/strace_signals.h"

namespace emu {
namespace {

// Where results stand.
constexpr size_t kResultColumn = 40;

// No task has this id.
constexpr Pid kNobody = -1;

std::string DeathText(uint64_t wait_status) {
  const int status = static_cast<int>(wait_status);
  if (WIFSIGNALED(status)) {
    return absl::StrCat("+++ killed by ", SignalName(WTERMSIG(status)),
                        WCOREDUMP(status) ? " (core dumped) +++" : " +++");
  }
  return absl::StrCat("+++ exited with ", WEXITSTATUS(status), " +++");
}

// Of an Event::Kind::kSignal.
siginfo_t SiginfoOf(const Event& event) {
  siginfo_t info = {};
  info.si_signo = static_cast<int>(event.number);
  info.si_code = static_cast<int>(event.args[0]);
  static_assert(sizeof(event.args) - 8 <= sizeof(siginfo_t) - 16);
  memcpy(reinterpret_cast<char*>(&info) + 16, &event.args[1],
         sizeof(event.args) - 8);
  return info;
}

}  // namespace

void StraceWriter::OnEvent(const Event& event, GuestReader memory) {
  if (event.kind != Event::Kind::kDeath) tasks_.insert(event.tid);
  switch (event.kind) {
    case Event::Kind::kEnter:
      return OnEnter(event, memory);
    case Event::Kind::kExit:
      return OnExit(event, memory);
    case Event::Kind::kExec:
      // The only end of execve that is told: the first program has none.
      return EndCall(event.tid, event.time, ")", "0");
    case Event::Kind::kSpawn:
      return OnSpawn(static_cast<Pid>(event.number));
    case Event::Kind::kSignal:
      EndWithoutResult(event.tid, event.time);
      FlushOthers(event.tid);
      return Line(event.tid, event.time,
                  absl::StrCat("--- ", SignalName(event.number), " ",
                               SiginfoText(SiginfoOf(event)), " ---"));
    case Event::Kind::kDeath:
      return OnDeath(event);
    case Event::Kind::kBlock:
      return OnBlock(event.tid);
    case Event::Kind::kSpin:
    case Event::Kind::kPreempt: {
      FlushOthers(event.tid);
      const bool spins = event.kind == Event::Kind::kSpin;
      return Line(event.tid, event.time,
                  absl::StrFormat("--- %s at 0x%x ---",
                                  spins ? "spins" : "preempted",
                                  event.number));
    }
    default:
      return;
  }
}

void StraceWriter::OnFirstExec(const Event& event, absl::string_view call) {
  tasks_.insert(event.tid);
  Pending& pending = pending_[event.tid];
  pending.time = event.time;
  pending.text = {std::string(call), 0, true};
  held_ = event.tid;
  EndCall(event.tid, event.time, ")", "0");
}

void StraceWriter::OnSpawn(Pid tid) {
  tasks_.insert(tid);
  if (to_ == To::kFile) return;
  // A call's line that is not written yet comes behind it.
  if (shown_ > 0) FlushOthers(kNobody);
  write_(absl::StrCat("strace: Process ", tid, " attached\n"));
}

void StraceWriter::OnStop(Pid tid, Nanos time, int signo) {
  FlushOthers(kNobody);
  Line(tid, time, absl::StrCat("--- stopped by ", SignalName(signo), " ---"));
}

void StraceWriter::OnMask(Pid tid, uint64_t mask) {
  const auto found = pending_.find(tid);
  if (found == pending_.end()) return;
  Pending& pending = found->second;
  if (CallName(pending.call) != "rt_sigreturn" || pending.masked) return;
  pending.masked = true;
  absl::StrAppend(&pending.text.text, "{mask=", SignalSetText(mask), "}");
}

void StraceWriter::Rename(Pid from, Pid to, Nanos time) {
  if (tasks_.count(to) > 0) {
    EndWithoutResult(to, time);
    FlushOthers(to);
    Line(to, time,
         absl::StrCat("+++ superseded by execve in pid ", from, " +++"));
  }
  tasks_.erase(from);
  tasks_.insert(to);
  auto found = pending_.extract(from);
  if (!found) return;
  found.key() = to;
  pending_.insert(std::move(found));
  if (held_ == from) held_ = to;
}

void StraceWriter::OnEnter(const Event& event, GuestReader memory) {
  // What never returned (rt_sigreturn) ends with the next call.
  EndWithoutResult(event.tid, event.time);
  FlushOthers(event.tid);
  Pending& pending = pending_[event.tid];
  pending.call = {event.entry, event.number, event.args};
  pending.time = event.time;
  pending.text = FormatEnter(pending.call, memory);
  held_ = event.tid;
}

void StraceWriter::OnExit(const Event& event, GuestReader memory) {
  const auto found = pending_.find(event.tid);
  if (found == pending_.end()) return;
  const Pending& pending = found->second;
  const ExitText exit =
      FormatExit(pending.call, pending.text, event.result, memory);
  EndCall(event.tid, event.time, exit.arguments, exit.result);
}

void StraceWriter::OnBlock(Pid tid) {
  if (held_ != tid || shown_ > 0) return;
  const Pending& pending = pending_[tid];
  const std::string line =
      absl::StrCat(Leader(tid, pending.time), pending.text.text);
  shown_ = line.size();
  write_(line);
}

void StraceWriter::OnDeath(const Event& event) {
  EndWithoutResult(event.tid, event.time);
  FlushOthers(event.tid);
  if (tasks_.count(event.tid) == 0) return;
  Line(event.tid, event.time, DeathText(event.number));
  tasks_.erase(event.tid);
}

void StraceWriter::EndCall(Pid tid, Nanos time, absl::string_view arguments,
                           absl::string_view result) {
  const auto found = pending_.find(tid);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  std::string line;
  size_t shown = 0;
  if (held_ == tid) {
    held_ = 0;
    shown = std::exchange(shown_, 0);
    // If it was written, as it was then.
    line = shown > 0 ? std::string(shown, ' ')
                     : absl::StrCat(Leader(tid, pending.time),
                                    pending.text.text);
  } else {
    FlushOthers(tid);
    line = absl::StrCat(Leader(tid, time), "<... ", CallName(pending.call),
                        " resumed>");
  }
  absl::StrAppend(&line, arguments, " ");
  line.resize(std::max(line.size(), kResultColumn), ' ');
  write_(absl::StrCat(line.substr(shown), "= ", result, "\n"));
}

void StraceWriter::EndWithoutResult(Pid tid, Nanos time) {
  const auto found = pending_.find(tid);
  if (found == pending_.end()) return;
  EndCall(tid, time, found->second.text.complete ? ")" : " <unfinished ...>)",
          "?");
}

void StraceWriter::FlushOthers(Pid tid) {
  if (held_ == 0 || held_ == tid) return;
  constexpr char kUnfinished[] = " <unfinished ...>";
  if (std::exchange(shown_, 0) > 0) {
    write_(absl::StrCat(kUnfinished, "\n"));
  } else {
    const Pending& pending = pending_[held_];
    Line(held_, pending.time, absl::StrCat(pending.text.text, kUnfinished));
  }
  held_ = 0;
}

void StraceWriter::Finish() {
  FlushOthers(kNobody);
}

std::string StraceWriter::Leader(Pid tid, Nanos time) const {
  std::string name;
  if (to_ == To::kFile) {
    name = absl::StrFormat("%-5d ", tid);
  } else if (tasks_.size() > 1) {
    name = absl::StrFormat("[pid %5d] ", tid);
  }
  return absl::StrFormat("%s%d.%06d ", name, time / 1'000'000'000,
                         time % 1'000'000'000 / 1000);
}

void StraceWriter::Line(Pid tid, Nanos time, absl::string_view text) {
  write_(absl::StrCat(Leader(tid, time), text, "\n"));
}

}  // namespace emu
