// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/rejoin.h"

#include <memory>
#include <string>
#include <vector>

#include "emu/trace/trace_writer.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

constexpr RejoinOptions kShort = {.window = 100, .run = 4};

class Trace {
 public:
  explicit Trace(const std::vector<TraceEvent>& events) {
    auto writer =
        TraceWriter::Create(std::make_unique<MemorySink>(&bytes_), {});
    for (const TraceEvent& event : events) (*writer)->AddEvent(event);
    EXPECT_TRUE((*writer)->Finish({}).ok());
    auto reader = TraceReader::Open(std::make_unique<MemorySource>(bytes_), "");
    EXPECT_TRUE(reader.ok()) << reader.status();
    reader_ = *std::move(reader);
  }
  const TraceReader& operator*() const { return *reader_; }

 private:
  std::string bytes_;
  std::unique_ptr<TraceReader> reader_;
};

TraceEvent Event(int32_t tid, uint64_t number, int64_t time = 0) {
  return {.kind = EventKind::kEnter, .tid = tid, .time = time, .number = number};
}

std::vector<TraceEvent> Calls(int32_t tid, uint64_t from, uint64_t to) {
  std::vector<TraceEvent> events;
  for (uint64_t n = from; n < to; ++n) events.push_back(Event(tid, n));
  return events;
}

void Append(std::vector<TraceEvent>& to, const std::vector<TraceEvent>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

std::optional<Rejoin> Find(const std::vector<TraceEvent>& a,
                           const std::vector<TraceEvent>& b, uint64_t position,
                           const RejoinOptions& options = kShort) {
  const auto found = FindRejoin(*Trace(a), *Trace(b), position, options);
  EXPECT_TRUE(found.ok()) << found.status();
  return *found;
}

TEST(RejoinTest, FindsWhereOneHadSomethingMoreToDo) {
  const std::vector<TraceEvent> a = Calls(2, 0, 50);
  std::vector<TraceEvent> b = Calls(2, 0, 10);
  Append(b, Calls(2, 100, 107));
  Append(b, Calls(2, 10, 50));
  // Later, for what it did more.
  for (size_t i = 10; i < b.size(); ++i) b[i].time = 1000;
  const auto found = Find(a, b, 10);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->tid);
  EXPECT_EQ(found->a, 10);
  EXPECT_EQ(found->b, 17);
  EXPECT_EQ(RejoinText(found, "x", "y"),
            "  they do the same again, but for times, from event 10 of x and "
            "event 17 of y on\n");
}

TEST(RejoinTest, ShortRunsCountAtTheEndOnly) {
  std::vector<TraceEvent> a = Calls(2, 0, 3);
  std::vector<TraceEvent> b = Calls(2, 50, 52);
  Append(b, Calls(2, 0, 3));
  auto found = Find(a, b, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->a, 0);
  EXPECT_EQ(found->b, 2);
  Append(a, Calls(2, 70, 75));
  Append(b, Calls(2, 80, 85));
  EXPECT_FALSE(Find(a, b, 0));
}

TEST(RejoinTest, FollowsThreadsWhoseOrderHasChanged) {
  std::vector<TraceEvent> a, b;
  for (uint64_t n = 0; n < 20; ++n) {
    a.push_back(Event(2, n));
    a.push_back(Event(3, n + 100));
    if (n % 3 == 0) a.push_back({.kind = EventKind::kSwitch, .tid = 3});
  }
  Append(b, Calls(3, 500, 520));
  Append(b, Calls(2, 5, 20));
  const auto found = Find(a, b, 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tid, 2);
  EXPECT_EQ(a[found->a].number, 5);
  EXPECT_EQ(found->b, 20);
  EXPECT_EQ(RejoinText(found, "x", "y").find("  thread 2 does the same"), 0);
}

TEST(RejoinTest, LooksNoFurtherThanItsWindow) {
  std::vector<TraceEvent> a = Calls(2, 0, 50);
  std::vector<TraceEvent> b = Calls(2, 1000, 1200);
  Append(b, Calls(2, 0, 50));
  EXPECT_FALSE(Find(a, b, 0));
  EXPECT_TRUE(Find(a, b, 0, {.window = 1000, .run = 4}));
  EXPECT_EQ(RejoinText(std::nullopt, "x", "y"),
            "  they do not do the same again in what was looked at\n");
}

TEST(RejoinTest, NeverWhereNothingIsAlike) {
  EXPECT_FALSE(Find(Calls(2, 0, 30), Calls(2, 100, 130), 0));
  EXPECT_FALSE(Find(Calls(2, 0, 30), {}, 0));
}

}  // namespace
}  // namespace emu
