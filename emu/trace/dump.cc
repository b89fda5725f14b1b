// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/dump.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emu/trace/call_data.h"
#include "emu/trace/event_text.h"
#include "emu/trace/input_codec.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

bool IsOfCall(const TraceEvent& event) {
  return event.kind == EventKind::kEnter || event.kind == EventKind::kExit;
}

class Dumper {
 public:
  Dumper(const TraceReader& reader, const DumpOptions& options, TextSink sink)
      : options_(options),
        sink_(sink),
        events_(reader),
        inputs_(reader),
        data_(reader),
        more_inputs_(options.inputs) {}

  absl::Status Run() {
    absl::Status status = events_.Skip(options_.from);
    if (status.ok()) status = PassInputs(options_.from, /*print=*/false);
    while (status.ok() && wanted_ && events_.position() < options_.to) {
      const uint64_t number = events_.position();
      const auto event = events_.Next();
      if (!event.ok()) return event.status();
      if (!*event) break;
      status = Take(number, **event);
    }
    PrintHeld();
    // What was taken behind the last event.
    if (status.ok()) status = PassInputs(options_.to, /*print=*/true);
    return status;
  }

 private:
  absl::Status Take(uint64_t number, const TraceEvent& event) {
    if (held_ && IsCall(held_->second, event)) {
      const absl::Status known = data_.Pass(number, event);
      PrintCall(*std::exchange(held_, std::nullopt), event);
      return known;
    }
    PrintHeld();
    absl::Status status = PassInputs(number, /*print=*/true);
    if (status.ok()) status = data_.Pass(number, event);
    if (event.kind == EventKind::kEnter) {
      held_.emplace(number, event);
    } else {
      Print(number, event);
    }
    return status;
  }

  bool Wants(const TraceEvent& event) const {
    if (!options_.tids.empty() && !options_.tids.contains(event.tid)) {
      return false;
    }
    return options_.calls.empty() ||
           (IsOfCall(event) && options_.calls.contains(CallName(event.number)));
  }

  void PrintHeld() {
    if (held_) Print(held_->first, held_->second);
    held_.reset();
  }

  void Print(uint64_t number, const TraceEvent& event) {
    if (!Wants(event)) return;
    if (options_.json) return Write(EventJson(number, event));
    Line(number, event, EventText(event, data_.MemoryOf(event.tid)));
  }

  void PrintCall(const std::pair<uint64_t, TraceEvent>& enter,
                 const TraceEvent& exit) {
    if (!Wants(exit)) return;
    if (!options_.json) {
      return Line(
          enter.first, enter.second,
          CallText(enter.second, exit, options_.times, data_.MemoryOf(exit.tid)));
    }
    Json json = EventJson(enter.first, enter.second);
    json["kind"] = "call";
    json["text"] = Story(exit, data_.MemoryOf(exit.tid));
    json["result"] = exit.result;
    if (exit.digest != 0) json["data"] = absl::StrFormat("%08x", exit.digest);
    if (enter.second.digest != 0) {
      json["before"] = absl::StrFormat("%08x", enter.second.digest);
    }
    if (exit.time != enter.second.time) json["end"] = exit.time;
    Write(json);
  }

  // Inputs that were taken before event `number`.
  absl::Status PassInputs(uint64_t number, bool print) {
    while (wanted_ && more_inputs_) {
      if (!input_) {
        auto next = inputs_.Next();
        if (!next.ok()) return next.status();
        input_ = *std::move(next);
        more_inputs_ = input_.has_value();
      } else if (input_->position > number) {
        break;
      } else {
        if (print) PrintInput(*input_);
        input_.reset();
      }
    }
    return absl::OkStatus();
  }

  void PrintInput(const InputRecord& input) {
    if (options_.json) {
      Json json;
      json["event"] = input.position;
      json["kind"] = "input";
      json["input"] = InputKindName(input.kind);
      json["skipped"] = input.skipped;
      json["size"] = input.payload.size();
      json["text"] = DescribeInput(input.kind, input.payload);
      return Write(json);
    }
    wanted_ = sink_(absl::StrCat(
        options_.numbers ? absl::StrCat(input.position, " ") : "", "< ",
        DescribeInput(input.kind, input.payload), "\n"));
  }

  using Json = nlohmann::ordered_json;

  Json EventJson(uint64_t number, const TraceEvent& event) const {
    Json json;
    json["event"] = number;
    json["time"] = event.time;
    json["tid"] = event.tid;
    json["kind"] = KindName(event.kind);
    if (IsOfCall(event)) {
      json["call"] = CallName(event.number);
    } else {
      json["number"] = event.number;
    }
    Json args = Json::array();
    for (const uint64_t arg : event.args) {
      args.push_back(absl::StrCat("0x", absl::Hex(arg)));
    }
    json["args"] = std::move(args);
    if (event.kind == EventKind::kExit) json["result"] = event.result;
    if (event.digest != 0) json["data"] = absl::StrFormat("%08x", event.digest);
    json["text"] = Story(event, data_.MemoryOf(event.tid));
    return json;
  }

  void Write(const Json& json) {
    wanted_ =
        sink_(json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  }

  void Line(uint64_t number, const TraceEvent& event, absl::string_view text) {
    if (!options_.times) text.remove_prefix(TimeText(event.time).size() + 1);
    wanted_ = sink_(absl::StrCat(
        options_.numbers ? absl::StrCat(number, " ") : "", text, "\n"));
  }

  const DumpOptions& options_;
  TextSink sink_;
  EventCursor events_;
  InputCursor inputs_;
  CallData data_;
  std::optional<InputRecord> input_;  // the next one, if it was read
  // An enter whose exit may come next.
  std::optional<std::pair<uint64_t, TraceEvent>> held_;
  bool more_inputs_;
  bool wanted_ = true;
};

}  // namespace

absl::Status DumpTrace(const TraceReader& reader, const DumpOptions& options,
                       TextSink sink) {
  return Dumper(reader, options, sink).Run();
}

}  // namespace emu
