// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/compare.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "emu/trace/call_data.h"
#include "emu/trace/event_text.h"

namespace emu {
namespace {

// Lines for the events of a recording from number `begin` on: those before
// number `middle`, and those up to `end`.
class LineReader {
 public:
  explicit LineReader(const TraceReader& reader)
      : cursor_(reader), data_(reader) {}

  absl::Status Read(uint64_t begin, uint64_t middle, uint64_t end) {
    absl::Status status = cursor_.Skip(begin);
    lines_ = &before;
    while (status.ok() && cursor_.position() < end) {
      const uint64_t number = cursor_.position();
      if (number == middle) {
        Release();
        lines_ = &after;
      }
      const auto event = cursor_.Next();
      if (!event.ok()) return event.status();
      if (!*event) break;
      status = Take(number, **event);
    }
    Release();
    return status;
  }

  std::vector<std::string> before;
  std::vector<std::string> after;

 private:
  absl::Status Take(uint64_t number, const TraceEvent& event) {
    const CallData::Memory memory = data_.MemoryOf(event.tid);
    const bool call = held_ && IsCall(*held_, event);
    if (!call) Release();
    const absl::Status status = data_.Pass(number, event);
    if (call) {
      lines_->push_back(absl::StrCat(
          number - 1, " ", CallText(*held_, event, /*took=*/true, memory)));
      held_.reset();
      return status;
    }
    std::string line = absl::StrCat(number, " ", EventText(event, memory));
    if (event.kind == EventKind::kEnter) {
      held_ = event;
      held_line_ = std::move(line);
    } else {
      lines_->push_back(std::move(line));
    }
    return status;
  }

  // The enter whose exit does not come next.
  void Release() {
    if (held_) lines_->push_back(std::move(held_line_));
    held_.reset();
  }

  EventCursor cursor_;
  CallData data_;
  std::vector<std::string>* lines_ = nullptr;
  std::optional<TraceEvent> held_;
  std::string held_line_;
};

std::string Joined(const std::vector<std::string>& lines, const char* margin) {
  std::string text;
  for (const std::string& line : lines) {
    absl::StrAppend(&text, margin, line, "\n");
  }
  return text;
}

std::string Side(const std::string& name, const std::vector<std::string>& lines,
                 const char* margin) {
  return absl::StrCat(margin, name, ":\n",
                      lines.empty()
                          ? absl::StrCat(margin, "has no further event\n")
                          : Joined(lines, margin));
}

}  // namespace

absl::StatusOr<std::optional<TraceDivergence>> CompareTraces(
    const TraceReader& a, const TraceReader& b, const CompareOptions& options) {
  EventCursor cursor_a(a);
  EventCursor cursor_b(b);
  for (uint64_t position = 0;; ++position) {
    const auto event_a = cursor_a.Next();
    if (!event_a.ok()) return event_a.status();
    const auto event_b = cursor_b.Next();
    if (!event_b.ok()) return event_b.status();
    if (*event_a == *event_b) {
      if (!*event_a) return std::nullopt;
      continue;
    }
    TraceDivergence divergence;
    divergence.position = position;
    divergence.a = *event_a;
    divergence.b = *event_b;
    if (*event_a && *event_b) {
      divergence.fields = DifferingFields(**event_a, **event_b);
    }
    const uint64_t begin = position - std::min(position, options.before);
    const uint64_t end = position + 1 + options.after;
    LineReader lines_a(a);
    LineReader lines_b(b);
    absl::Status status = lines_a.Read(begin, position, end);
    if (status.ok()) status = lines_b.Read(begin, position, end);
    if (!status.ok()) return status;
    divergence.before = std::move(lines_a.before);
    divergence.lines_a = std::move(lines_a.after);
    divergence.lines_b = std::move(lines_b.after);
    return divergence;
  }
}

absl::StatusOr<std::optional<InputDivergence>> CompareInputs(
    const TraceReader& a, const TraceReader& b) {
  InputCursor cursor_a(a);
  InputCursor cursor_b(b);
  for (uint64_t index = 0;; ++index) {
    auto input_a = cursor_a.Next();
    if (!input_a.ok()) return input_a.status();
    auto input_b = cursor_b.Next();
    if (!input_b.ok()) return input_b.status();
    if (*input_a != *input_b) {
      return InputDivergence{index, *std::move(input_a), *std::move(input_b)};
    }
    if (!*input_a) return std::nullopt;
  }
}

std::string DivergenceText(const TraceDivergence& divergence,
                           const std::string& name_a,
                           const std::string& name_b) {
  std::string text = absl::StrCat("event ", divergence.position, " differs");
  if (!divergence.fields.empty()) {
    absl::StrAppend(&text, " in ", absl::StrJoin(divergence.fields, ", "));
  }
  text += "\n";
  if (!divergence.before.empty()) {
    absl::StrAppend(&text, "  before it, in both:\n",
                    Joined(divergence.before, "    "));
  }
  absl::StrAppend(&text, Side(name_a, divergence.lines_a, "- "),
                  Side(name_b, divergence.lines_b, "+ "));
  return text;
}

}  // namespace emu
