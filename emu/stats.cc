// SPDX-License-Identifier: Apache-2.0

#include "emu/stats.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/syscall.h"

namespace emu {

void Stats::OnEvent(const Event& event, Task& task) {
  Count(event);
  if (next_ != nullptr) next_->OnEvent(event, task);
}

Stats::Row& Stats::RowOf(const Event& event) {
  const SyscallEntry* entry = event.entry;
  Row& row = rows_[entry != nullptr ? std::string(entry->name)
                                    : absl::StrCat("syscall_", event.number)];
  if (row.calls == 0) {
    row.note = entry == nullptr ? "no such call" : entry->note;
  }
  return row;
}

uint64_t Stats::NewStops() {
  const uint64_t now = stops_();
  const uint64_t since = now - stops_seen_;
  stops_seen_ = now;
  return since;
}

void Stats::BeginCall(const Event& event) {
  Row& row = RowOf(event);
  ++row.calls;
  // The last stop was the call's own; those before it came between calls.
  const uint64_t stops = NewStops();
  row.stops += std::min<uint64_t>(stops, 1);
  other_stops_ += stops - std::min<uint64_t>(stops, 1);
  if (event.entry == nullptr ||
      event.entry->kind == SyscallEntry::Kind::kRefused) {
    ++row.refused;
  }
  current_[event.tid] = {&row, clock_()};
}

void Stats::Pause(Pid tid) {
  const auto found = current_.find(tid);
  if (found == current_.end() || found->second.since == 0) return;
  Current& current = found->second;
  current.row->time += clock_() - current.since;
  current.row->stops += NewStops();
  current.since = 0;
}

void Stats::EndCall(const Event& event) {
  Pause(event.tid);
  const auto found = current_.find(event.tid);
  if (found == current_.end()) return;
  if (event.kind == Event::Kind::kExit && event.result < 0 &&
      event.result >= -4095) {
    ++found->second.row->errors;
  }
  current_.erase(found);
}

void Stats::Count(const Event& event) {
  if (event.kind == Event::Kind::kSwitch) {
    Pause(running_);
    running_ = event.tid;
  }
  switch (event.kind) {
    case Event::Kind::kEnter:
      return BeginCall(event);
    case Event::Kind::kExit:
    case Event::Kind::kExec:
    case Event::Kind::kDeath:
      return EndCall(event);
    case Event::Kind::kBlock:
      return Pause(event.tid);
    case Event::Kind::kSwitch: {
      // A call that waited goes on.
      ++switches_;
      other_stops_ += NewStops();
      const auto found = current_.find(event.tid);
      if (found != current_.end() && found->second.since == 0) {
        found->second.since = clock_();
      }
      return;
    }
    case Event::Kind::kSignal:
      ++signals_;
      return;
    case Event::Kind::kSpawn:
      ++tasks_;
      return;
    case Event::Kind::kSpin:
    case Event::Kind::kPreempt:
    case Event::Kind::kWake:
      return;
  }
}

std::string Stats::Table() const {
  constexpr char kLine[] =
      "------ ----------- ----------- --------- --------- --------- --------- "
      "----------------\n";
  std::vector<std::pair<std::string, Row>> rows(rows_.begin(), rows_.end());
  std::stable_sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return a.second.time > b.second.time;
  });
  Row total;
  for (const auto& [name, row] : rows) {
    total.calls += row.calls;
    total.errors += row.errors;
    total.refused += row.refused;
    total.stops += row.stops;
    total.time += row.time;
  }
  const auto line = [&total](const std::string& name, const Row& row) {
    return absl::StrFormat("%6.2f %11.6f %11.3f %9d %9d %9d %9d %s\n",
                           total.time > 0 ? 100.0 * row.time / total.time : 0.0,
                           row.time / 1e9,
                           row.calls > 0 ? row.time / 1e3 / row.calls : 0.0,
                           row.calls, row.stops, row.errors, row.refused, name);
  };
  std::string text = absl::StrCat(
      "% time     seconds  usecs/call     calls     stops    errors   refused "
      "syscall\n",
      kLine);
  for (const auto& [name, row] : rows) absl::StrAppend(&text, line(name, row));
  absl::StrAppend(&text, kLine, line("total", total));
  absl::StrAppend(&text, tasks_, " processes and threads, ", switches_,
                  " switches, ", signals_, " signals, ", other_stops_,
                  " stops between calls\n");
  for (const auto& [name, row] : rows) {
    if (row.refused > 0) {
      absl::StrAppend(&text, "refused: ", name, " (", row.note, ")\n");
    } else if (!row.note.empty()) {
      absl::StrAppend(&text, "partly served: ", name, " (", row.note, ")\n");
    }
  }
  return text;
}

}  // namespace emu
