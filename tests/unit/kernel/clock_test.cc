// SPDX-License-Identifier: Apache-2.0

#include "kernel/clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/util/fake_env.h"

namespace emu {
namespace {

constexpr Nanos kEpoch = Nanos{2'000'000'000} * kNanosPerSecond;

// Does what its test says when the time has come.
class TestTimer : public Timer {
 public:
  explicit TestTimer(std::function<void()> on_time)
      : on_time_(std::move(on_time)) {}

 private:
  void OnTime() override { on_time_(); }
  const std::function<void()> on_time_;
};

class ClockTest : public testing::Test {
 protected:
  std::unique_ptr<TestTimer> Named(char name) {
    return std::make_unique<TestTimer>([this, name] { fired_ += name; });
  }

  Clock clock_{kEpoch};
  std::string fired_;
};

TEST_F(ClockTest, StartsASecondAfterBootAtTheEpoch) {
  EXPECT_EQ(clock_.now(), kNanosPerSecond);
  EXPECT_EQ(clock_.realtime(), kEpoch);
}

TEST_F(ClockTest, ACallCostsAStep) {
  const Nanos start = clock_.now();
  for (int i = 0; i < 10; ++i) clock_.Tick();
  EXPECT_EQ(clock_.now(), start + 10 * Clock::kStep);
  EXPECT_EQ(clock_.realtime(), kEpoch + 10 * Clock::kStep);
}

TEST_F(ClockTest, PollingInARowCostsTwiceAsMuchEachTimeUpToAMillisecond) {
  std::vector<Nanos> costs;
  for (int i = 0; i < 90; ++i) {
    const Nanos before = clock_.now();
    clock_.TickPolling();
    clock_.Tick();  // paid with it
    costs.push_back(clock_.now() - before);
  }
  EXPECT_EQ(costs[0], Clock::kStep);
  EXPECT_EQ(costs[63], Clock::kStep);
  for (int i = 64; i < 90; ++i) {
    EXPECT_EQ(costs[i], std::min<Nanos>(costs[i - 1] * 2, 1'000'000)) << i;
  }
}

// What the vDSO does with its page; false: the read is a call.
bool ReadThrough(VdsoData& data) {
  const int64_t reads = data.reads + 1;
  if (reads >= data.reads_limit) return false;
  if (reads > data.cheap_reads && data.step < data.doubled_below) data.step *= 2;
  data.now += data.step;
  data.reads = reads;
  return true;
}

TEST_F(ClockTest, ReadsThroughThePageCostMoreLessSoon) {
  std::vector<int> calls;
  std::vector<Nanos> costs;
  for (int i = 0; i < 2'100; ++i) {
    const Nanos before = clock_.now();
    VdsoData data = clock_.ForVdso();
    if (ReadThrough(data)) {
      clock_.FromVdso(data);
    } else {
      calls.push_back(i + 1);
      clock_.TickPolling();
      clock_.Tick();
    }
    costs.push_back(clock_.now() - before);
    ASSERT_EQ(clock_.polls_in_row(), i + 1);
  }
  EXPECT_THAT(calls, testing::ElementsAre(16, 1'000, 2'000));
  EXPECT_EQ(costs[0], Clock::kStep);
  EXPECT_EQ(costs[63], Clock::kStep);
  EXPECT_EQ(costs[64], 2 * Clock::kStep);
  EXPECT_EQ(costs[998], 16 * Clock::kStep);
  EXPECT_EQ(costs[1'998], 32 * Clock::kStep);
  EXPECT_EQ(costs[2'099], 64 * Clock::kStep);
}

TEST_F(ClockTest, AnythingElseEndsTheRowOfPolls) {
  for (int i = 0; i < 100; ++i) {
    clock_.TickPolling();
    clock_.Tick();
  }
  clock_.Tick();
  const Nanos before = clock_.now();
  clock_.TickPolling();
  EXPECT_EQ(clock_.now(), before + Clock::kStep);
}

TEST_F(ClockTest, TimersFireByDeadlineAndThenByArming) {
  const auto a = Named('a'), b = Named('b'), c = Named('c'), d = Named('d');
  clock_.Arm(*a, clock_.now() + 300);
  clock_.Arm(*b, clock_.now() + 100);
  clock_.Arm(*c, clock_.now() + 300);
  clock_.Arm(*d, clock_.now() + 500);
  EXPECT_EQ(clock_.next_deadline(), clock_.now() + 100);
  clock_.FireDue();
  EXPECT_EQ(fired_, "");
  clock_.Advance(300);
  clock_.FireDue();
  EXPECT_EQ(fired_, "bac");
  EXPECT_FALSE(a->armed());
  EXPECT_EQ(a->deadline(), kNever);
  EXPECT_TRUE(d->armed());
}

TEST_F(ClockTest, ATimerMayArmItselfAndDisarmOthers) {
  const auto other = Named('x');
  int times = 0;
  std::unique_ptr<TestTimer> timer;
  timer = std::make_unique<TestTimer>([&] {
    fired_ += 't';
    other->Disarm();
    if (++times < 3) clock_.Arm(*timer, clock_.now());
  });
  clock_.Arm(*timer, clock_.now());
  clock_.Arm(*other, clock_.now());
  clock_.FireDue();
  EXPECT_EQ(fired_, "ttt");
  EXPECT_EQ(clock_.next_deadline(), kNever);
}

TEST_F(ClockTest, TheEndOfATimerDisarmsIt) {
  {
    const auto timer = Named('x');
    clock_.Arm(*timer, clock_.now() + 1);
    clock_.Arm(*timer, clock_.now() + 2);  // again: the old deadline is gone
    EXPECT_EQ(clock_.next_deadline(), clock_.now() + 2);
  }
  EXPECT_EQ(clock_.next_deadline(), kNever);
  clock_.Advance(10);
  clock_.FireDue();
  EXPECT_EQ(fired_, "");
}

TEST_F(ClockTest, JumpsForwardsOnly) {
  clock_.AdvanceTo(clock_.now() + 5'000);
  const Nanos now = clock_.now();
  clock_.AdvanceTo(now - 1'000);
  EXPECT_EQ(clock_.now(), now);
}

TEST_F(ClockTest, SettingRealtimeLeavesTheTimeSinceBoot) {
  const Nanos now = clock_.now();
  clock_.set_realtime(5);
  EXPECT_EQ(clock_.realtime(), 5);
  EXPECT_EQ(clock_.now(), now);
  clock_.Advance(10);
  EXPECT_EQ(clock_.realtime(), 15);
}

TEST_F(ClockTest, BelievesTheGuestsPageWithinReason) {
  const auto say = [this](Nanos now, int64_t reads = 1,
                          Nanos step = Clock::kStep) {
    VdsoData data = clock_.ForVdso();
    data.now = now;
    data.reads += reads;
    data.step = step;
    clock_.FromVdso(data);
  };
  const Nanos start = clock_.now();
  say(start + 1'000);
  EXPECT_EQ(clock_.now(), start + 1'000);
  say(start);  // backwards
  say(-1);
  say(start + 2 * 3600 * kNanosPerSecond);
  say(std::numeric_limits<Nanos>::max());
  say(std::numeric_limits<Nanos>::min());
  say(start + 2'000, 0);
  say(start + 2'000, Clock::kFewPolls);
  say(start + 2'000, std::numeric_limits<int64_t>::min());
  say(start + 2'000, 1, 0);
  say(start + 2'000, 1, 2'000'000'000);
  EXPECT_EQ(clock_.now(), start + 1'000);
}

TEST(HostClockTest, FollowsTheHostAndNeverGoesBack) {
  class Host : public FakeEnv {
   public:
    Nanos time = 0;
    Nanos HostTime() override { return time; }
  } host;
  Clock clock(kEpoch, &host);
  EXPECT_EQ(clock.ForVdso().limit, 0);
  host.time = 1'000'000;
  clock.Tick();
  EXPECT_EQ(clock.now(), Clock::kStart + 1'000'000);
  host.time = 500;
  clock.Tick();
  EXPECT_EQ(clock.now(), Clock::kStart + 1'000'000);
  VdsoData said = clock.ForVdso();
  said.now += 1'000;
  clock.FromVdso(said);
  EXPECT_EQ(clock.now(), Clock::kStart + 1'000'000);
}

}  // namespace
}  // namespace emu
