// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "emu/trace/block.h"
#include "emu/trace/digester.h"
#include "emu/trace/event_text.h"
#include "emu/trace/summary.h"
#include "emu/values.h"
#include "kernel/syscall.h"
#include "nlohmann/json.hpp"

namespace emu {
namespace {

using Json = nlohmann::ordered_json;

std::string Compact(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}
std::string Pretty(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

double Ratio(uint64_t a, uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

// The reader has checked that it is an object.
Json Options(const TraceReader& reader) {
  return Json::parse(reader.options(), nullptr, /*allow_exceptions=*/false);
}

// "name            value\n".
std::string Row(absl::string_view name, absl::string_view value) {
  return absl::StrFormat("%-14s %s\n", name, value);
}

const char* BlockName(BlockType type) {
  constexpr const char* kNames[kBlockTypes] = {
      "", "options", "events", "inputs", "chunks", "contents", "files", "end",
      "excerpts"};
  return kNames[static_cast<int>(type)];
}

Json BlocksJson(const TraceReader& reader) {
  Json json = Json::object();
  for (int i = 1; i < kBlockTypes; ++i) {
    const auto type = static_cast<BlockType>(i);
    const BlockTotals& totals = reader.block_totals(type);
    if (totals.blocks == 0) continue;
    json[BlockName(type)] = {{"blocks", totals.blocks},
                             {"bytes", totals.stored_bytes},
                             {"unpacked", totals.raw_bytes}};
  }
  return json;
}

Json InfoJson(const TraceReader& reader, const TraceSummary& summary) {
  Json json;
  json["file"] = reader.name();
  json["format"] = kTraceVersion;
  json["bytes"] = reader.totals().bytes;
  json["events"] = summary.events;
  json["calls"] = summary.kinds[static_cast<int>(EventKind::kEnter)];
  json["inputs"] = reader.totals().inputs;
  json["files"] = reader.totals().files;
  json["contents"] = reader.totals().contents;
  json["time"] = summary.time;
  json["digest"] = summary.digest.ToString();
  json["complete"] = reader.end().has_value();
  json["lost_bytes"] = reader.lost_bytes();
  if (reader.end()) {
    json["status"] = reader.end()->status;
    json["message"] = reader.end()->message;
  }
  json["options"] = Options(reader);
  return json;
}

std::string EndText(const TraceReader& reader) {
  if (!reader.end()) {
    return absl::StrCat("cut short",
                        reader.lost_bytes() == 0
                            ? ""
                            : absl::StrCat("; the last ", reader.lost_bytes(),
                                           " bytes are no whole block"));
  }
  return absl::StrCat("exit status ", reader.end()->status);
}

struct CallRow {
  std::string name;
  TraceSummary::Call call;
};

// The most frequent first.
std::vector<CallRow> CallRows(const TraceSummary& summary) {
  std::vector<CallRow> rows;
  for (const auto& [number, call] : summary.calls) {
    rows.push_back(
        {number < kSyscallNumbers ? CallName(number) : "(others)", call});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const CallRow& a, const CallRow& b) {
                     return a.call.calls > b.call.calls;
                   });
  return rows;
}

std::string BlockTable(const TraceReader& reader, uint64_t calls) {
  std::string text = absl::StrFormat("%12s %12s %8s %10s  %s\n", "bytes",
                                     "unpacked", "ratio", "bytes/call", "what");
  for (int i = 1; i < kBlockTypes; ++i) {
    const auto type = static_cast<BlockType>(i);
    const BlockTotals& totals = reader.block_totals(type);
    if (totals.blocks == 0) continue;
    absl::StrAppendFormat(&text, "%12d %12d %8.2f %10.2f  %s\n",
                          totals.stored_bytes, totals.raw_bytes,
                          Ratio(totals.raw_bytes, totals.stored_bytes),
                          Ratio(totals.stored_bytes, calls), BlockName(type));
  }
  return text;
}

}  // namespace

absl::StatusOr<std::string> TraceInfo(const TraceReader& reader, bool json) {
  const auto summary = SummarizeTrace(reader);
  if (!summary.ok()) return summary.status();
  const Json info = InfoJson(reader, *summary);
  if (json) return Pretty(info);
  std::string text = absl::StrCat(
      Row("recording", reader.name()), Row("format", Compact(info["format"])),
      Row("size", absl::StrCat(reader.totals().bytes, " bytes")),
      Row("ended", EndText(reader)));
  if (reader.end()) {
    for (const absl::string_view line :
         absl::StrSplit(reader.end()->message, '\n', absl::SkipEmpty())) {
      text += Row("", line);
    }
  }
  for (const char* key : {"events", "calls", "inputs", "files", "contents"}) {
    text += Row(key, Compact(info[key]));
  }
  absl::StrAppend(&text, Row("virtual time", TimeText(summary->time)),
                  Row("digest", summary->digest.ToString()));
  if (!info["options"].empty()) text += "options\n";
  for (const auto& [key, value] : info["options"].items()) {
    absl::StrAppend(&text, "  ", Row(key, Compact(value)));
  }
  return text;
}

absl::StatusOr<std::string> TraceStats(const TraceReader& reader, bool json) {
  const auto summary = SummarizeTrace(reader);
  if (!summary.ok()) return summary.status();
  const uint64_t calls = summary->kinds[static_cast<int>(EventKind::kEnter)];
  const BlockTotals& events = reader.block_totals(BlockType::kEvents);
  const std::vector<CallRow> rows = CallRows(*summary);
  if (json) {
    Json all;
    all["events"] = summary->events;
    all["calls"] = calls;
    all["bytes_per_call"] = Ratio(events.stored_bytes, calls);
    for (int i = 0; i < kEventKinds; ++i) {
      all["kinds"][KindName(static_cast<EventKind>(i))] = summary->kinds[i];
    }
    all["syscalls"] = Json::object();
    for (const CallRow& row : rows) {
      all["syscalls"][row.name] = {{"calls", row.call.calls},
                                   {"errors", row.call.errors},
                                   {"restarts", row.call.restarts}};
    }
    all["blocks"] = BlocksJson(reader);
    return Pretty(all);
  }
  std::string text = absl::StrFormat("%12s %12s %12s  %s\n", "calls", "errors",
                                     "restarts", "syscall");
  for (const CallRow& row : rows) {
    absl::StrAppendFormat(&text, "%12d %12d %12d  %s\n", row.call.calls,
                          row.call.errors, row.call.restarts, row.name);
  }
  absl::StrAppendFormat(&text, "\n%12s  %s\n", "count", "event");
  for (int i = 0; i < kEventKinds; ++i) {
    if (summary->kinds[i] == 0) continue;
    absl::StrAppendFormat(&text, "%12d  %s\n", summary->kinds[i],
                          KindName(static_cast<EventKind>(i)));
  }
  absl::StrAppend(&text, "\n", BlockTable(reader, calls));
  return text;
}

absl::Status ListFiles(const TraceReader& reader, bool json, TextSink sink) {
  FileCursor cursor(reader);
  while (true) {
    const auto next = cursor.Next();
    if (!next.ok()) return next.status();
    if (!*next) return absl::OkStatus();
    const RecordedFile& file = **next;
    ContentInfo info;
    const bool stored = file.content != kNoContent;
    if (stored) {
      const auto found = reader.Content(file.content);
      if (!found.ok()) return found.status();
      info = *found;
    }
    bool more;
    if (json) {
      Json line;
      line["path"] = file.path;
      line["mode"] = absl::StrFormat("%06o", file.mode);
      line["mtime"] = file.mtime;
      if (stored) {
        line["id"] = file.content;
        line["size"] = info.size;
        line["digest"] = info.digest.ToString();
      }
      more = sink(Compact(line) + "\n");
    } else {
      more = sink(absl::StrFormat(
          "%8s %12s %32s %06o %s\n", stored ? absl::StrCat(file.content) : "-",
          stored ? absl::StrCat(info.size) : "-",
          stored ? info.digest.ToString() : "-", file.mode, Quoted(file.path)));
    }
    if (!more) return absl::OkStatus();
  }
}

absl::Status ExtractFile(const TraceReader& reader, const std::string& what,
                         TextSink sink) {
  ContentId id = kNoContent;
  if (!absl::SimpleAtoi(what, &id)) {
    FileCursor cursor(reader);
    bool found = false;
    while (!found) {
      const auto next = cursor.Next();
      if (!next.ok()) return next.status();
      if (!*next) {
        return absl::NotFoundError(
            absl::StrCat(reader.name(), " holds no file ", Quoted(what),
                         " (emu trace files lists them)"));
      }
      found = (*next)->path == what && (*next)->content != kNoContent;
      id = (*next)->content;
    }
  }
  const auto info = reader.Content(id);
  if (!info.ok()) return info.status();
  TraceDigester digester;
  std::string part(kChunkSize, '\0');
  for (uint64_t offset = 0; offset < info->size;) {
    const auto n = reader.ReadContent(id, offset, absl::MakeSpan(part));
    if (!n.ok()) return n.status();
    const absl::string_view bytes(part.data(), *n);
    digester.Add(bytes);
    offset += *n;
    if (!sink(bytes)) return absl::OkStatus();
  }
  if (digester.Get() != info->digest) {
    return absl::DataLossError(absl::StrCat(reader.name(), ": ", Quoted(what),
                                            " is not what was recorded"));
  }
  return absl::OkStatus();
}

}  // namespace emu
