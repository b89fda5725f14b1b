// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/chrome_export.h"

#include <sched.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "emu/strace_format.h"
#include "emu/strace_signals.h"
#include "emu/trace/event_text.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

class Exporter {
 public:
  Exporter(const TraceReader& reader, TextSink sink)
      : events_(reader), sink_(sink) {}

  absl::Status Run() {
    Text("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
    while (wanted_) {
      const auto event = events_.Next();
      if (!event.ok()) return event.status();
      if (!*event) break;
      Take(**event);
      last_ = (*event)->time;
    }
    // Calls that never came back.
    for (auto& [tid, thread] : threads_) EndCall(tid, thread, last_, Json());
    Text("\n]}\n");
    return absl::OkStatus();
  }

 private:
  using Json = nlohmann::ordered_json;
  static constexpr size_t kMostThreads = 1 << 16;

  struct Thread {
    int32_t pid = 0;
    std::optional<TraceEvent> call;
    std::optional<uint64_t> born_at;  // the number of its birth, not told yet
  };

  void Take(const TraceEvent& event) {
    Thread& thread = Find(event.tid);
    TellBirth(event, thread);
    switch (event.kind) {
      case EventKind::kEnter:
        EndCall(event.tid, thread, event.time, Json());
        thread.call = event;
        break;
      case EventKind::kExit: {
        Json result;
        result["result"] = event.result;
        EndCall(event.tid, thread, event.time, std::move(result));
        break;
      }
      case EventKind::kSignal:
        Instant(event, SignalName(static_cast<int>(event.number)));
        break;
      case EventKind::kSpawn:
        Spawn(event, thread.pid);
        break;
      case EventKind::kExec:
        EndCall(event.tid, thread, event.time, Json());
        Instant(event, "exec");
        break;
      case EventKind::kDeath:
        EndCall(event.tid, thread, event.time, Json());
        Instant(event, "end");
        threads_.erase(event.tid);
        break;
      case EventKind::kSpin:
      case EventKind::kPreempt:
        Instant(event, KindName(event.kind));
        break;
      default:
        break;
    }
  }

  Thread& Find(int32_t tid) {
    // More than ever live at a time; whoever wrote the file may disagree.
    if (threads_.size() > kMostThreads) threads_.clear();
    const auto [found, added] = threads_.try_emplace(tid);
    if (added) {
      found->second.pid = tid;
      NameProcess(tid);
    }
    return found->second;
  }

  void NameProcess(int32_t pid) {
    Json json = Head("M", "process_name", pid, pid, 0);
    json["args"]["name"] = absl::StrCat("process ", pid);
    Write(json);
  }

  void Spawn(const TraceEvent& event, int32_t pid) {
    const auto tid = static_cast<int32_t>(event.number);
    Thread child;
    child.pid = event.args[0] & CLONE_THREAD ? pid : tid;
    child.born_at = births_++;
    if (child.pid == tid) NameProcess(tid);
    Json json = Head("s", "spawn", pid, event.tid, event.time);
    json["cat"] = "spawn";
    json["id"] = *child.born_at;
    Write(json);
    threads_[tid] = std::move(child);
  }

  // The arrow's head is where the new thread does something first.
  void TellBirth(const TraceEvent& event, Thread& thread) {
    if (!thread.born_at) return;
    Json json = Head("f", "spawn", thread.pid, event.tid, event.time);
    json["cat"] = "spawn";
    json["id"] = *thread.born_at;
    json["bp"] = "e";
    Write(json);
    thread.born_at.reset();
  }

  void EndCall(int32_t tid, Thread& thread, int64_t time, Json args) {
    if (!thread.call) return;
    Json json = Head("X", CallName(thread.call->number), thread.pid, tid,
                     thread.call->time);
    json["dur"] = Microseconds(Elapsed(thread.call->time, time));
    for (size_t i = 0; i < thread.call->args.size(); ++i) {
      args[absl::StrCat("arg", i)] =
          absl::StrCat("0x", absl::Hex(thread.call->args[i]));
    }
    json["args"] = std::move(args);
    Write(json);
    thread.call.reset();
  }

  void Instant(const TraceEvent& event, const std::string& name) {
    Json json = Head("i", name, Find(event.tid).pid, event.tid, event.time);
    json["s"] = "t";
    Write(json);
  }

  static double Microseconds(int64_t nanoseconds) {
    return static_cast<double>(nanoseconds) / 1000;
  }

  static Json Head(const char* phase, const std::string& name, int32_t pid,
                   int32_t tid, int64_t time) {
    Json json;
    json["ph"] = phase;
    json["name"] = name;
    json["pid"] = pid;
    json["tid"] = tid;
    json["ts"] = Microseconds(time);
    return json;
  }

  void Write(const Json& json) {
    Text(absl::StrCat(first_ ? "" : ",\n", json.dump()));
    first_ = false;
  }
  void Text(absl::string_view text) { wanted_ = wanted_ && sink_(text); }

  EventCursor events_;
  TextSink sink_;
  // Those that live.
  std::map<int32_t, Thread> threads_;
  uint64_t births_ = 0;
  int64_t last_ = 0;
  bool first_ = true;
  bool wanted_ = true;
};

}  // namespace

absl::Status ExportChrome(const TraceReader& reader, TextSink sink) {
  return Exporter(reader, sink).Run();
}

}  // namespace emu
