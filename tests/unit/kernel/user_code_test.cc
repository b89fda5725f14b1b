// SPDX-License-Identifier: Apache-2.0
//
// What the kernel makes of a thread that computes, told by a machine that has no
// host's clock.

#include "kernel/user_code.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <memory>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/process.h"
#include "kernel/task.h"
#include "tests/util/fake_env.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

using Kind = Stop::Kind;
using Cause = Preemption::Cause;

constexpr Nanos kMillisecond = 1'000'000;

Stop StopOf(Kind kind) {
  Stop stop;
  stop.kind = kind;
  return stop;
}

Stop SliceOf(Nanos spent) {
  Stop stop = StopOf(Kind::kSlice);
  stop.spent = spent;
  return stop;
}

Stop SpinOf(uint32_t cycle, bool unmoved = false) {
  Stop stop = StopOf(Kind::kSpin);
  stop.cycle = cycle;
  stop.unmoved = unmoved;
  return stop;
}

// An outside with news and a recording, when told so.
class TestEnv : public FakeEnv {
 public:
  bool news = false;
  std::vector<Preemption> noted;
  std::vector<Preemption> recorded;
  bool replays = false;

  bool HasNews() override { return news; }
  void NotePreemption(const Preemption& preemption) override {
    noted.push_back(preemption);
  }
  std::optional<Preemption> NextPreemption() override {
    if (!replays) return std::nullopt;
    if (noted.size() < recorded.size()) return recorded[noted.size()];
    Preemption never;
    never.position = kNoPosition;
    return never;
  }
};

class Events : public TraceSink {
 public:
  void OnEvent(const Event& event, Task&) override { events.push_back(event); }
  std::vector<Event> events;
};

class Alarm : public Timer {
 private:
  void OnTime() override {}
};

class UserCodeTest : public testing::Test {
 protected:
  UserCodeTest() {
    Process& process = kernel_.pids().NewProcess(*kernel_.pids().NewId(), nullptr);
    auto cpu = std::make_unique<FakeCpu>(nullptr);
    cpu_ = cpu.get();
    cpu_->entry = kCode;
    process.tasks.push_back(
        std::make_unique<Task>(process, process.pid(), std::move(cpu)));
    task_ = &process.leader();
    task_->mm = std::make_shared<MemoryMap>(
        kernel_, std::make_shared<FakeAddressSpace>(machine_));
    AddArea(kCode, /*shared=*/false);
  }

  void AddArea(GuestAddr start, bool shared) {
    Area area;
    area.start = start;
    area.end = start + kPageSize;
    area.prot = PROT_READ | PROT_WRITE;
    area.shared = shared;
    ASSERT_TRUE(task_->mm->MapAt(std::move(area)).ok());
  }

  void SetTimer() { kernel_.clock().Arm(alarm_, kDeadline); }
  Stop Run() { return user_code_.Run(*task_); }

  static constexpr GuestAddr kCode = 0x4000'0000;
  static constexpr Nanos kDeadline = 50 * kNanosPerSecond;
  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  TestEnv env_;
  Events events_;
  Kernel kernel_{machine_, pages_, env_, &events_, {}};
  UserCode user_code_{kernel_};
  Alarm alarm_;
  FakeCpu* cpu_;
  Task* task_;
};

TEST_F(UserCodeTest, OneForWhomNothingWaitsIsLeftAlone) {
  cpu_->stops = {SliceOf(0), SliceOf(0), StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  for (const RunLimit& limit : cpu_->limits) {
    EXPECT_FALSE(limit.slice);
    EXPECT_EQ(limit.watch, 0u);
  }
}

TEST_F(UserCodeTest, OneThatComputesIsWatchedAndGoesOn) {
  SetTimer();
  cpu_->stops = {SliceOf(0), StopOf(Kind::kSlice), StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  ASSERT_EQ(cpu_->limits.size(), 3u);
  EXPECT_TRUE(cpu_->limits[0].slice);
  EXPECT_GT(cpu_->limits[1].watch, 0u);
  EXPECT_TRUE(events_.events.empty());
  EXPECT_EQ(kernel_.clock().now(), Clock::kStart);
}

TEST_F(UserCodeTest, SteppingStaysAFractionOfTheTime) {
  SetTimer();
  constexpr int kSlices = 400;
  // Each look is followed by a slice of 10 ms, watched or not.
  for (int i = 0; i < 2 * kSlices; ++i) {
    cpu_->stops.push_back(SliceOf(10 * kMillisecond));
  }
  cpu_->stops.push_back(StopOf(Kind::kSyscall));
  Run();
  int64_t steps = 0;
  Nanos computed = 0;
  for (const RunLimit& limit : cpu_->limits) {
    if (limit.watch > 2000) break;  // the last, which preempts
    steps += limit.watch;
    if (limit.watch == 0) computed += 10 * kMillisecond;
  }
  const Nanos stepping = (steps - 2000) * 25'000;
  EXPECT_LE(stepping, computed / 40);
}

TEST_F(UserCodeTest, OneThatSpinsIsLookedAtBrieflyTheNextTime) {
  SetTimer();
  cpu_->stops = {SliceOf(0), SpinOf(5), SpinOf(5, true),
                 StopOf(Kind::kSlice), StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSpin);
  EXPECT_EQ(task_->spin_cycle, 5u);
  const Stop still = Run();
  EXPECT_EQ(still.kind, Kind::kSpin);
  EXPECT_TRUE(still.unmoved);
  ASSERT_EQ(cpu_->limits.size(), 3u);
  EXPECT_GE(cpu_->limits[2].watch, 5u);
  EXPECT_LE(cpu_->limits[2].watch, 20u);
  // And once it has moved on, no more.
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  EXPECT_EQ(task_->spin_cycle, 0u);
}

TEST_F(UserCodeTest, OneThatCameBackToItsPlaceHasMoved) {
  SetTimer();
  cpu_->stops = {SliceOf(0), SpinOf(5), StopOf(Kind::kSlice), SliceOf(0),
                 SpinOf(5, true)};
  EXPECT_EQ(Run().kind, Kind::kSpin);
  const Stop again = Run();
  EXPECT_EQ(again.kind, Kind::kSpin);
  EXPECT_FALSE(again.unmoved);
}

TEST_F(UserCodeTest, NewsPreemptWhatComputes) {
  env_.news = true;
  cpu_->stops = {SliceOf(0), StopOf(Kind::kSlice)};
  EXPECT_EQ(Run().kind, Kind::kSlice);
  ASSERT_EQ(env_.noted.size(), 1u);
  EXPECT_EQ(env_.noted[0].cause, Cause::kOutside);
  EXPECT_EQ(env_.noted[0].position, 0u);
  EXPECT_EQ(env_.noted[0].time, Clock::kStart);
  EXPECT_EQ(env_.noted[0].point.ip, kCode);
  ASSERT_EQ(events_.events.size(), 1u);
  EXPECT_EQ(events_.events[0].kind, Event::Kind::kPreempt);
  EXPECT_EQ(events_.events[0].number, kCode);
  EXPECT_TRUE(kernel_.scheduler().TakeYield());
  EXPECT_TRUE(kernel_.impurities().empty());
}

TEST_F(UserCodeTest, NewsPreemptALoopForEver) {
  env_.news = true;
  cpu_->stops = {SliceOf(0), SpinOf(2)};
  EXPECT_EQ(Run().kind, Kind::kSlice);
  EXPECT_EQ(env_.noted.size(), 1u);
  EXPECT_EQ(task_->spin_cycle, 0u);
}

TEST_F(UserCodeTest, AStopInTheWatchComesBeforeNews) {
  env_.news = true;
  cpu_->stops = {SliceOf(0), StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  EXPECT_TRUE(env_.noted.empty());
  // And they come behind it.
  EXPECT_EQ(Run().kind, Kind::kSlice);
  EXPECT_EQ(env_.noted.size(), 1u);
}

TEST_F(UserCodeTest, OneThatComputesForVeryLongIsPreempted) {
  SetTimer();
  cpu_->stops = {SliceOf(UserCode::kPatience), StopOf(Kind::kSlice)};
  EXPECT_EQ(Run().kind, Kind::kSlice);
  ASSERT_EQ(env_.noted.size(), 1u);
  EXPECT_EQ(env_.noted[0].cause, Cause::kUndecided);
  EXPECT_EQ(kernel_.clock().now(), kDeadline);
  EXPECT_EQ(kernel_.impurities().size(), 1u);
  EXPECT_GT(task_->user_time, 40 * kNanosPerSecond);
}

TEST_F(UserCodeTest, OneThatIsFoundToSpinAtLastIsNot) {
  SetTimer();
  cpu_->stops = {SliceOf(UserCode::kPatience), SpinOf(3000)};
  EXPECT_EQ(Run().kind, Kind::kSpin);
  EXPECT_TRUE(env_.noted.empty());
  EXPECT_TRUE(kernel_.impurities().empty());
}

class ReplayTest : public UserCodeTest {
 protected:
  ReplayTest() {
    env_.replays = true;
    SetTimer();
  }
  void Record(uint64_t position, Nanos time, Cause cause,
              bool last_turn = false) {
    Preemption preemption;
    preemption.cause = cause;
    preemption.position = position;
    preemption.time = time;
    preemption.point.ip = kCode;
    preemption.last_turn = last_turn;
    env_.recorded.push_back(preemption);
  }
};

TEST_F(ReplayTest, GoesToWhereItWasPreempted) {
  Record(0, Clock::kStart, Cause::kUndecided);
  cpu_->stops = {StopOf(Kind::kReached), StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSlice);
  ASSERT_NE(cpu_->limits[0].until, nullptr);
  EXPECT_GT(cpu_->limits[0].budget, 0);
  ASSERT_EQ(env_.noted.size(), 1u);
  EXPECT_EQ(kernel_.clock().now(), kDeadline);
  EXPECT_EQ(kernel_.position(), 1u);
  // No more come.
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  EXPECT_EQ(cpu_->limits[1].until, nullptr);
}

TEST_F(ReplayTest, TheGuestMayLookBesideItsCode) {
  AddArea(kCode + 16 * kPageSize, /*shared=*/false);
  Record(0, Clock::kStart, Cause::kOutside);
  cpu_->stops = {StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  EXPECT_EQ(cpu_->limits[0].spare, kCode + kPageSize);
}

TEST_F(ReplayTest, DoesNotLookForTheLastTurn) {
  Record(0, Clock::kStart, Cause::kOutside, /*last_turn=*/true);
  EXPECT_EQ(Run().kind, Kind::kSlice);
  EXPECT_TRUE(cpu_->limits.empty());
  EXPECT_EQ(env_.noted.size(), 1u);
}

TEST_F(ReplayTest, LooksForTheLastTurnThatOthersSaw) {
  AddArea(kCode + 16 * kPageSize, /*shared=*/true);
  Record(0, Clock::kStart, Cause::kOutside, /*last_turn=*/true);
  cpu_->stops = {StopOf(Kind::kReached)};
  EXPECT_EQ(Run().kind, Kind::kSlice);
  EXPECT_EQ(cpu_->limits.size(), 1u);
}

TEST_F(ReplayTest, LooksForTheLastTurnInWhichTimePassed) {
  Record(0, Clock::kStart + 1000, Cause::kOutside, /*last_turn=*/true);
  cpu_->stops = {StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  EXPECT_EQ(cpu_->limits.size(), 1u);
}

TEST_F(ReplayTest, PassesThePlaceAtAnotherTime) {
  Record(0, Clock::kStart + 1000, Cause::kOutside);
  cpu_->stops = {StopOf(Kind::kReached), StopOf(Kind::kStep),
                 StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  EXPECT_TRUE(cpu_->limits[1].step);
  EXPECT_NE(cpu_->limits[2].until, nullptr);
  EXPECT_TRUE(env_.noted.empty());
}

TEST_F(ReplayTest, NeverPreemptsOnItsOwn) {
  env_.news = true;
  cpu_->stops = {SliceOf(UserCode::kPatience), StopOf(Kind::kSlice),
                 StopOf(Kind::kSyscall)};
  EXPECT_EQ(Run().kind, Kind::kSyscall);
  EXPECT_TRUE(env_.noted.empty());
}

TEST_F(UserCodeTest, TheEndOfAProcessIsNoted) {
  user_code_.NoteEnd(*task_);
  ASSERT_EQ(env_.noted.size(), 1u);
  EXPECT_EQ(env_.noted[0].cause, Cause::kEnded);
  EXPECT_EQ(env_.noted[0].point, ExecutionPoint());
  EXPECT_EQ(kernel_.impurities().size(), 1u);
}

TEST_F(ReplayTest, EndsWhatTheHostEnded) {
  Record(0, Clock::kStart + 1000, Cause::kEnded);
  EXPECT_EQ(Run().kind, Kind::kGone);
  EXPECT_TRUE(cpu_->limits.empty());
  EXPECT_EQ(kernel_.clock().now(), Clock::kStart + 1000);
}

TEST_F(ReplayTest, SaysWhenItCannotFindThePlace) {
  Record(0, Clock::kStart, Cause::kUndecided);
  cpu_->stops = {StopOf(Kind::kSlice)};
  EXPECT_EQ(Run().kind, Kind::kSlice);
  EXPECT_TRUE(kernel_.scheduler().TakeYield()) << "the run is to stop";
  EXPECT_TRUE(env_.noted.empty());
}

TEST_F(ReplayTest, SaysWhenThePlaceWasPassed) {
  Record(0, Clock::kStart, Cause::kUndecided);
  kernel_.Emit(Event::Kind::kWake, *task_);
  EXPECT_EQ(Run().kind, Kind::kSlice);
  EXPECT_TRUE(cpu_->limits.empty());
  EXPECT_TRUE(kernel_.scheduler().TakeYield()) << "the run is to stop";
}

TEST(SchedulerTest, ThoseThatSpinWaitUntilAnotherHasRun) {
  HeapPageStore pages;
  FakeMachine machine(pages);
  FakeEnv env;
  Kernel kernel(machine, pages, env, nullptr, {});
  Scheduler& scheduler = kernel.scheduler();
  Process& process = kernel.pids().NewProcess(*kernel.pids().NewId(), nullptr);
  const auto add = [&process](Pid tid) -> Task& {
    process.tasks.push_back(std::make_unique<Task>(process, tid, nullptr));
    return *process.tasks.back();
  };
  Task& first = add(process.pid());
  Task& second = add(100);
  Task& third = add(101);
  scheduler.AddSpinning(first);
  scheduler.AddSpinning(second);
  scheduler.Add(third);
  EXPECT_EQ(scheduler.PickNext(), &third);
  EXPECT_EQ(scheduler.PickNext(), nullptr);
  EXPECT_FALSE(scheduler.empty());
  EXPECT_FALSE(scheduler.others_run());
  second.signal_due = true;
  scheduler.LookAtSignals();
  EXPECT_EQ(scheduler.PickNext(), &second);
  scheduler.AddSpinning(second);
  scheduler.LookAgain();
  EXPECT_EQ(scheduler.PickNext(), &first);
  scheduler.Remove(second);
  EXPECT_TRUE(scheduler.empty());
}

}  // namespace
}  // namespace emu
