// SPDX-License-Identifier: Apache-2.0

#include "kernel/scheduler.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/task.h"
#include "tests/util/fake_env.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

// Chooses as its test says, and notes among how many.
class ChoosingEnv : public FakeEnv {
 public:
  size_t PickNext(size_t runnable) override {
    asked.push_back(runnable);
    return choice % runnable;
  }
  size_t choice = 0;
  std::vector<size_t> asked;
};

class SchedulerTest : public testing::Test {
 protected:
  Task& NewTask() {
    Process& process = kernel_.pids().NewProcess(*kernel_.pids().NewId(),
                                                 nullptr);
    process.tasks.push_back(
        std::make_unique<Task>(process, process.pid(), nullptr));
    kernel_.pids().AddTask(process.leader());
    return process.leader();
  }
  // The order in which the queue empties.
  std::vector<Task*> All() {
    std::vector<Task*> order;
    while (Task* task = scheduler_.PickNext()) order.push_back(task);
    return order;
  }

  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  ChoosingEnv env_;
  Kernel kernel_{machine_, pages_, env_, nullptr, {}};
  Scheduler scheduler_{env_};
  Task& a_ = NewTask();
  Task& b_ = NewTask();
  Task& c_ = NewTask();
};

TEST_F(SchedulerTest, IsFirstInFirstOut) {
  scheduler_.Add(b_);
  scheduler_.Add(a_);
  scheduler_.Add(c_);
  EXPECT_EQ(All(), (std::vector<Task*>{&b_, &a_, &c_}));
  EXPECT_EQ(scheduler_.PickNext(), nullptr);
}

TEST_F(SchedulerTest, ATaskIsQueuedOnce) {
  scheduler_.Add(a_);
  scheduler_.Add(b_);
  scheduler_.Add(a_);
  EXPECT_EQ(All(), (std::vector<Task*>{&a_, &b_}));
  scheduler_.Add(a_);
  EXPECT_EQ(All(), (std::vector<Task*>{&a_}));
}

TEST_F(SchedulerTest, ARemovedTaskIsGoneAndMayComeBack) {
  scheduler_.Add(a_);
  scheduler_.Add(b_);
  scheduler_.Remove(a_);
  scheduler_.Remove(a_);
  scheduler_.Remove(c_);
  scheduler_.Add(a_);
  EXPECT_EQ(All(), (std::vector<Task*>{&b_, &a_}));
}

TEST_F(SchedulerTest, TheOutsideIsAskedWhereThereIsAChoice) {
  env_.choice = 2;
  scheduler_.Add(a_);
  scheduler_.Add(b_);
  scheduler_.Add(c_);
  // 2 of 3, 2 mod 2 of 2, and no question about the last.
  EXPECT_EQ(All(), (std::vector<Task*>{&c_, &a_, &b_}));
  EXPECT_EQ(env_.asked, (std::vector<size_t>{3, 2}));
}

TEST_F(SchedulerTest, AYieldIsTakenOnce) {
  EXPECT_FALSE(scheduler_.TakeYield());
  scheduler_.RequestYield();
  scheduler_.RequestYield();
  EXPECT_TRUE(scheduler_.TakeYield());
  EXPECT_FALSE(scheduler_.TakeYield());
}

}  // namespace
}  // namespace emu
