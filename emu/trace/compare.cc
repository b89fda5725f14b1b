// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/compare.h"

#include <deque>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "emu/trace/event_text.h"

namespace emu {
namespace {

absl::Status Take(EventCursor& cursor, size_t n,
                  std::vector<TraceEvent>* events) {
  while (events->size() < n) {
    const auto event = cursor.Next();
    if (!event.ok()) return event.status();
    if (!*event) break;
    events->push_back(**event);
  }
  return absl::OkStatus();
}

// Lines for `events`, the first of which has number `position`.
std::string Lines(const std::vector<TraceEvent>& events, uint64_t position,
                  const char* margin) {
  std::string text;
  for (size_t i = 0; i < events.size(); ++i) {
    const bool call = i + 1 < events.size() && IsCall(events[i], events[i + 1]);
    absl::StrAppend(
        &text, margin, position + i, " ",
        call ? CallText(events[i], events[i + 1]) : EventText(events[i]), "\n");
    i += call;
  }
  return text;
}

std::string Side(const std::string& name,
                 const std::optional<TraceEvent>& event,
                 const std::vector<TraceEvent>& after, uint64_t position,
                 const char* margin) {
  std::string text = absl::StrCat(margin, name, ":\n");
  if (!event) return absl::StrCat(text, margin, "has no further event\n");
  return absl::StrCat(text, Lines({*event}, position, margin),
                      Lines(after, position + 1, margin));
}

}  // namespace

absl::StatusOr<std::optional<TraceDivergence>> CompareTraces(
    const TraceReader& a, const TraceReader& b, const CompareOptions& options) {
  EventCursor cursor_a(a);
  EventCursor cursor_b(b);
  std::deque<TraceEvent> before;
  for (uint64_t position = 0;; ++position) {
    const auto event_a = cursor_a.Next();
    if (!event_a.ok()) return event_a.status();
    const auto event_b = cursor_b.Next();
    if (!event_b.ok()) return event_b.status();
    if (*event_a == *event_b) {
      if (!*event_a) return std::nullopt;
      before.push_back(**event_a);
      if (before.size() > options.before) before.pop_front();
      continue;
    }
    TraceDivergence divergence;
    divergence.position = position;
    divergence.a = *event_a;
    divergence.b = *event_b;
    if (*event_a && *event_b) {
      divergence.fields = DifferingFields(**event_a, **event_b);
    }
    divergence.before.assign(before.begin(), before.end());
    absl::Status status = Take(cursor_a, options.after, &divergence.after_a);
    if (status.ok()) {
      status = Take(cursor_b, options.after, &divergence.after_b);
    }
    if (!status.ok()) return status;
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
    absl::StrAppend(
        &text, "  before it, in both:\n",
        Lines(divergence.before, divergence.position - divergence.before.size(),
              "    "));
  }
  absl::StrAppend(
      &text,
      Side(name_a, divergence.a, divergence.after_a, divergence.position, "- "),
      Side(name_b, divergence.b, divergence.after_b, divergence.position,
           "+ "));
  return text;
}

}  // namespace emu
