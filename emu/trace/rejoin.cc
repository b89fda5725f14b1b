// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/rejoin.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arch/base/digest.h"

namespace emu {
namespace {

struct Entry {
  uint64_t number = 0;  // the event's
  int32_t tid = 0;
  bool of_order = false;  // tells of the order of threads
  uint64_t digest = 0;    // of all but its time
};

// What follows `position` in one trace.
struct Side {
  std::vector<Entry> entries;
  bool complete = false;  // the trace ends with them
};

uint64_t DigestOf(const TraceEvent& event) {
  const uint64_t words[] = {static_cast<uint64_t>(event.kind),
                            static_cast<uint64_t>(event.tid),
                            event.number,
                            event.args[0],
                            event.args[1],
                            event.args[2],
                            event.args[3],
                            event.args[4],
                            event.args[5],
                            static_cast<uint64_t>(event.result),
                            event.digest};
  return Digest(words, sizeof(words));
}

bool IsOfOrder(EventKind kind) {
  return kind == EventKind::kBlock || kind == EventKind::kWake ||
         kind == EventKind::kSwitch || kind == EventKind::kSpin ||
         kind == EventKind::kPreempt;
}

absl::StatusOr<Side> ReadSide(const TraceReader& reader, uint64_t position,
                              size_t window) {
  EventCursor cursor(reader);
  const absl::Status skipped = cursor.Skip(position);
  if (!skipped.ok()) return skipped;
  Side side;
  while (side.entries.size() < window) {
    const uint64_t number = cursor.position();
    const auto event = cursor.Next();
    if (!event.ok()) return event.status();
    side.complete = !*event;
    if (side.complete) break;
    side.entries.push_back({number, (*event)->tid, IsOfOrder((*event)->kind),
                            DigestOf(**event)});
  }
  return side;
}

Side OfThread(const Side& all, int32_t tid) {
  Side side{.entries = {}, .complete = all.complete};
  for (const Entry& entry : all.entries) {
    if (entry.tid == tid && !entry.of_order) side.entries.push_back(entry);
  }
  return side;
}

// Where each run of so many events is first: its digest, and the index of its
// first event. Those at the end of a trace are shorter.
std::map<uint64_t, size_t> Runs(const Side& side, size_t run) {
  std::vector<uint64_t> digests;
  for (const Entry& entry : side.entries) digests.push_back(entry.digest);
  std::map<uint64_t, size_t> runs;
  for (size_t i = 0; i < digests.size(); ++i) {
    const size_t n = std::min(run, digests.size() - i);
    if (n < run && !side.complete) break;
    runs.emplace(Digest(&digests[i], n * sizeof(digests[i]), n < run), i);
  }
  return runs;
}

std::optional<Rejoin> FirstCommon(const Side& a, const Side& b, size_t run) {
  const std::map<uint64_t, size_t> runs_b = Runs(b, run);
  std::optional<Rejoin> first;
  size_t best = 0;
  for (const auto& [digest, i] : Runs(a, run)) {
    const auto found = runs_b.find(digest);
    if (found == runs_b.end()) continue;
    const size_t distance = i + found->second;
    const Rejoin here = {.tid = std::nullopt,
                         .a = a.entries[i].number,
                         .b = b.entries[found->second].number};
    if (first && (distance > best || (distance == best && here.a > first->a))) {
      continue;
    }
    best = distance;
    first = here;
  }
  return first;
}

}  // namespace

absl::StatusOr<std::optional<Rejoin>> FindRejoin(const TraceReader& a,
                                                 const TraceReader& b,
                                                 uint64_t position,
                                                 const RejoinOptions& options) {
  const auto side_a = ReadSide(a, position, options.window);
  if (!side_a.ok()) return side_a.status();
  const auto side_b = ReadSide(b, position, options.window);
  if (!side_b.ok()) return side_b.status();
  if (auto all = FirstCommon(*side_a, *side_b, options.run)) return all;
  std::set<int32_t> tids;
  for (const Entry& entry : side_a->entries) tids.insert(entry.tid);
  std::optional<Rejoin> first;
  // Whoever wrote the files may have put a thread behind every event.
  constexpr size_t kMostThreads = 64;
  if (tids.size() > kMostThreads) return first;
  for (const int32_t tid : tids) {
    auto found = FirstCommon(OfThread(*side_a, tid), OfThread(*side_b, tid),
                             options.run);
    if (!found || (first && found->a + found->b >= first->a + first->b)) {
      continue;
    }
    first = found;
    first->tid = tid;
  }
  return first;
}

std::string RejoinText(const std::optional<Rejoin>& rejoin,
                       const std::string& name_a, const std::string& name_b) {
  if (!rejoin) {
    return "  they do not do the same again in what was looked at\n";
  }
  const std::string who = rejoin->tid
                              ? absl::StrCat("thread ", *rejoin->tid, " does")
                              : "they do";
  return absl::StrCat("  ", who, " the same again, but for times, from event ",
                      rejoin->a, " of ", name_a, " and event ", rejoin->b,
                      " of ", name_b, " on\n");
}

}  // namespace emu
