// SPDX-License-Identifier: Apache-2.0

#include "emu/trace/work_queue.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using testing::ElementsAre;

TEST(WorkQueueTest, DoesWorkAtOnceWithoutAThread) {
  WorkQueue queue(0);
  int done = 0;
  queue.Add(1000, [&] { done = 1; });
  EXPECT_EQ(done, 1);
  queue.Drain();
  queue.UseAllCpus();
}

TEST(WorkQueueTest, KeepsTheOrder) {
  std::vector<int> order;
  WorkQueue queue(1 << 20);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  for (int i = 0; i < 1000; ++i) {
    queue.Add(1, [&order, i] { order.push_back(i); });
  }
  queue.Drain();
  ASSERT_EQ(order.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(order[i], i);
}

TEST(WorkQueueTest, IsEmptyWhenDrained) {
  WorkQueue queue(100);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  queue.Drain();
  std::atomic<int> done = 0;
  for (int round = 1; round < 100; ++round) {
    queue.Add(1, [&] { ++done; });
    queue.Drain();
    EXPECT_EQ(done, round);
  }
}

TEST(WorkQueueTest, MakesTheGiverWaitBeyondTheBound) {
  std::promise<void> gate;
  std::atomic<int> done = 0;
  std::atomic<bool> given = false;
  WorkQueue queue(10);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  queue.Add(11, [&, open = gate.get_future().share()] {
    open.wait();
    ++done;
  });
  // Another thread opens the gate; that this one waited for it shows in `done`.
  std::thread opener([&] {
    EXPECT_FALSE(given);
    gate.set_value();
  });
  queue.Add(1, [&] { ++done; });
  EXPECT_GE(done, 1);
  given = true;
  opener.join();
}

TEST(WorkQueueTest, TakesOneThatIsLargerThanTheBound) {
  WorkQueue queue(1);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  std::atomic<int> done = 0;
  for (int i = 0; i < 10; ++i) queue.Add(1000, [&] { ++done; });
  queue.Drain();
  EXPECT_EQ(done, 10);
}

TEST(WorkQueueTest, BeginsWhenItIsAsked) {
  WorkQueue queue(100 << 20);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  std::promise<void> done;
  queue.Add(1, [&] { done.set_value(); });
  queue.Kick();
  done.get_future().wait();
}

TEST(WorkQueueTest, BeginsByItselfWithABatch) {
  WorkQueue queue(100 << 20);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  std::promise<void> done;
  for (int i = 0; i < 300; ++i) queue.Add(1000, [] {});
  queue.Add(1, [&] { done.set_value(); });
  for (int i = 0; i < 300; ++i) queue.Add(1000, [] {});
  done.get_future().wait();
}

TEST(WorkQueueTest, IsHelpedByWhoWaits) {
  for (const bool to_add : {false, true}) {
    WorkQueue queue(10);
    ASSERT_TRUE(queue.StartThread(-1).ok());
    std::atomic<std::thread::id> helper;
    for (int i = 0; i < 3; ++i) {
      std::atomic<bool> helped = false;
      queue.Add(11, [&] {
        while (!queue.HasHelp()) std::this_thread::yield();
        queue.Together([&](int who) {
          if (who == 1) {
            helper = std::this_thread::get_id();
            helped = true;
          }
          while (!helped) std::this_thread::yield();
        });
      });
      to_add ? queue.Add(0, [] {}) : queue.Drain();
      EXPECT_TRUE(helped);
      EXPECT_EQ(helper.load(), std::this_thread::get_id());
    }
  }
}

TEST(WorkQueueTest, DoesAllOfItAloneWhenNobodyWaits) {
  std::vector<int> parts;
  WorkQueue queue(100);
  EXPECT_FALSE(queue.HasHelp());
  queue.Together([&](int who) { parts.push_back(who); });
  ASSERT_TRUE(queue.StartThread(-1).ok());
  std::promise<void> done;
  queue.Add(1, [&] {
    EXPECT_FALSE(queue.HasHelp());
    queue.Together([&](int who) { parts.push_back(who); });
    done.set_value();
  });
  queue.Kick();
  done.get_future().wait();
  EXPECT_THAT(parts, ElementsAre(0, 0));
}

TEST(WorkQueueTest, DoesWhatIsLeftAtItsEnd) {
  std::vector<int> order;
  {
    WorkQueue queue(100);
    ASSERT_TRUE(queue.StartThread(-1).ok());
    for (int i = 0; i < 3; ++i) queue.Add(1, [&order, i] { order.push_back(i); });
  }
  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST(WorkQueueTest, LetsGoOfWhatWorkHeld) {
  const auto held = std::make_shared<int>(1);
  WorkQueue queue(100);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  queue.Add(1, [copy = held] { EXPECT_EQ(*copy, 1); });
  queue.Drain();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(WorkQueueTest, TakesNoSignals) {
  WorkQueue queue(100);
  ASSERT_TRUE(queue.StartThread(-1).ok());
  sigset_t blocked;
  sigemptyset(&blocked);
  queue.Add(1, [&] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); });
  queue.Drain();
  for (const int signo : {SIGINT, SIGTERM, SIGIO, SIGALRM, SIGWINCH}) {
    EXPECT_TRUE(sigismember(&blocked, signo)) << signo;
  }
}

TEST(WorkQueueTest, LeavesTheCpuOfTheGuestsWhereThereIsAnother) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  int first = 0;
  while (!CPU_ISSET(first, &allowed)) ++first;
  WorkQueue queue(100);
  ASSERT_TRUE(queue.StartThread(first).ok());
  cpu_set_t worker;
  queue.Add(1, [&] { sched_getaffinity(0, sizeof(worker), &worker); });
  queue.Drain();
  cpu_set_t again;
  queue.UseAllCpus();
  queue.Add(1, [&] { sched_getaffinity(0, sizeof(again), &again); });
  queue.Drain();
  const int others = CPU_COUNT(&allowed) - 1;
  EXPECT_EQ(CPU_COUNT(&worker), others == 0 ? 1 : others);
  EXPECT_EQ(CPU_ISSET(first, &worker) != 0, others == 0);
  EXPECT_TRUE(CPU_EQUAL(&again, &allowed));
}

}  // namespace
}  // namespace emu
