// SPDX-License-Identifier: Apache-2.0

#include "emu/strace_writer.h"

#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace emu {
namespace {

std::string DeathText(uint64_t wait_status) {
  const int status = static_cast<int>(wait_status);
  if (WIFSIGNALED(status)) {
    return absl::StrCat("+++ killed by ", SignalName(WTERMSIG(status)),
                        WCOREDUMP(status) ? " (core dumped) +++" : " +++");
  }
  return absl::StrCat("+++ exited with ", WEXITSTATUS(status), " +++");
}

}  // namespace

void StraceWriter::OnEvent(const Event& event, GuestReader memory) {
  switch (event.kind) {
    case Event::Kind::kEnter:
      return OnEnter(event, memory);
    case Event::Kind::kExit:
      return OnExit(event, memory);
    case Event::Kind::kExec:
      // The only end of execve that is told: the first program has none.
      return EndCall(event.tid, event.time, ") = 0");
    case Event::Kind::kSignal:
      EndCall(event.tid, event.time, ") = ?");
      FlushOthers(event.tid);
      return Line(event.tid, event.time,
                  absl::StrCat("--- ", SignalName(event.number),
                               " {si_signo=", SignalName(event.number),
                               ", si_code=", static_cast<int64_t>(event.args[0]),
                               "} ---"));
    case Event::Kind::kDeath:
      EndCall(event.tid, event.time, ") = ?");
      FlushOthers(event.tid);
      return Line(event.tid, event.time, DeathText(event.number));
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

void StraceWriter::OnEnter(const Event& event, GuestReader memory) {
  // What never returned (rt_sigreturn) ends with the next call.
  EndCall(event.tid, event.time, ") = ?");
  FlushOthers(event.tid);
  Pending& pending = pending_[event.tid];
  pending.call = {event.entry, event.number, event.args};
  pending.time = event.time;
  pending.text = FormatEnter(pending.call, memory, &pending.printed);
  held_ = event.tid;
}

void StraceWriter::OnExit(const Event& event, GuestReader memory) {
  const auto found = pending_.find(event.tid);
  if (found == pending_.end()) return;
  EndCall(event.tid, event.time,
          FormatExit(found->second.call, found->second.printed, event.result,
                     memory));
}

void StraceWriter::EndCall(Pid tid, Nanos time, const std::string& rest) {
  const auto found = pending_.find(tid);
  if (found == pending_.end()) return;
  const Pending pending = std::move(found->second);
  pending_.erase(found);
  if (held_ == tid) {
    held_ = 0;
    return Line(tid, pending.time, absl::StrCat(pending.text, rest));
  }
  FlushOthers(tid);
  const std::string name =
      pending.call.entry != nullptr
          ? pending.call.entry->name
          : absl::StrCat("syscall_0x", absl::Hex(pending.call.number));
  Line(tid, time, absl::StrCat("<... ", name, " resumed>", rest));
}

void StraceWriter::FlushOthers(Pid tid) {
  if (held_ == 0 || held_ == tid) return;
  const Pending& pending = pending_[held_];
  Line(held_, pending.time, absl::StrCat(pending.text, " <unfinished ...>"));
  held_ = 0;
}

void StraceWriter::Finish() {
  // No task has this id.
  FlushOthers(-1);
}

void StraceWriter::Line(Pid tid, Nanos time, absl::string_view text) {
  write_(absl::StrFormat("[pid %d] %d.%06d %s\n", tid, time / 1'000'000'000,
                         time % 1'000'000'000 / 1000, text));
}

}  // namespace emu
