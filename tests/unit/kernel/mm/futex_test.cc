// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/futex.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/mm/futex_waiter.h"
#include "kernel/process.h"
#include "kernel/task.h"
#include "tests/util/fake_env.h"
#include "tests/util/fake_machine.h"

namespace emu {
namespace {

constexpr uint32_t kAnyBit = ~0u;

class FutexTest : public testing::Test {
 protected:
  FutexTest() : task_(NewTask()) {}

  Task& NewTask() {
    Process& process =
        kernel_.pids().NewProcess(*kernel_.pids().NewId(), nullptr);
    process.tasks.push_back(
        std::make_unique<Task>(process, process.pid(), nullptr));
    kernel_.pids().AddTask(process.leader());
    return process.leader();
  }
  FutexKey KeyAt(uint64_t at) {
    return {.queues = &queues_, .at = at, .object = nullptr};
  }
  // One that waits, as the last, for the word of `key`.
  std::unique_ptr<FutexWait> WaitFor(const FutexKey& key,
                                     uint32_t bitset = kAnyBit) {
    auto wait = std::make_unique<FutexWait>(task_, FutexDeadline{});
    wait->Add(key).bitset = bitset;
    return wait;
  }
  static size_t Count(const FutexKey& key) {
    const FutexQueues::Queue* queue = key.waiters();
    return queue == nullptr ? 0 : queue->size();
  }

  HeapPageStore pages_;
  FakeMachine machine_{pages_};
  FakeEnv env_;
  Kernel kernel_{machine_, pages_, env_, nullptr, {}};
  Task& task_;
  FutexQueues queues_;
  const FutexKey a_ = KeyAt(0x1000), b_ = KeyAt(0x2000);
};

TEST_F(FutexTest, NobodyWaitsAtFirst) {
  EXPECT_EQ(a_.waiters(), nullptr);
  EXPECT_EQ(*WakeFutex(a_, 1, kAnyBit), 0);
  EXPECT_EQ(*RequeueFutex(a_, b_, 1, 1), 0);
}

TEST_F(FutexTest, WakesInOrderOfArrival) {
  const auto first = WaitFor(a_), second = WaitFor(a_), third = WaitFor(a_);
  EXPECT_EQ(*WakeFutex(a_, 2, kAnyBit), 2);
  EXPECT_EQ(first->woken, 0);
  EXPECT_EQ(second->woken, 0);
  EXPECT_EQ(third->woken, -1);
  EXPECT_EQ(*WakeFutex(a_, 0, kAnyBit), 1);  // one at least
  EXPECT_EQ(a_.waiters(), nullptr);
}

TEST_F(FutexTest, WakesThoseOfTheBitsAlone) {
  const auto other = WaitFor(a_, 2), wanted = WaitFor(a_, 5);
  EXPECT_EQ(*WakeFutex(a_, 9, 4), 1);
  EXPECT_EQ(other->woken, -1);
  EXPECT_EQ(wanted->woken, 0);
}

TEST_F(FutexTest, RequeuedOnesWaitBehindOthersInTheirOrder) {
  const auto there = WaitFor(b_);
  const auto first = WaitFor(a_), second = WaitFor(a_), third = WaitFor(a_),
             fourth = WaitFor(a_);
  EXPECT_EQ(*RequeueFutex(a_, b_, 1, 2), 3);
  EXPECT_EQ(first->woken, 0);
  EXPECT_EQ(Count(a_), 1u);
  EXPECT_EQ(Count(b_), 3u);
  EXPECT_EQ(*WakeFutex(b_, 2, kAnyBit), 2);
  EXPECT_EQ(there->woken, 0);
  EXPECT_EQ(second->woken, 0);
  EXPECT_EQ(third->woken, -1);
  EXPECT_EQ(*WakeFutex(a_, 9, kAnyBit), 1);
  EXPECT_EQ(fourth->woken, 0);
}

TEST_F(FutexTest, RequeueToTheSameWordCountsAndMovesNobody) {
  const auto first = WaitFor(a_), second = WaitFor(a_), third = WaitFor(a_);
  EXPECT_EQ(*RequeueFutex(a_, a_, 1, 1), 2);
  EXPECT_EQ(Count(a_), 2u);
  EXPECT_EQ(*WakeFutex(a_, 1, kAnyBit), 1);
  EXPECT_EQ(second->woken, 0);
  EXPECT_EQ(third->woken, -1);
}

TEST_F(FutexTest, AWaitThatEndsLeavesTheWordItWasMovedTo) {
  auto first = WaitFor(a_);
  EXPECT_EQ(*RequeueFutex(a_, b_, 0, 1), 1);
  EXPECT_EQ(Count(b_), 1u);
  first.reset();
  EXPECT_EQ(b_.waiters(), nullptr);
}

TEST_F(FutexTest, OneOfSeveralWordsEndsTheWaitForAll) {
  const auto wait = WaitFor(a_);
  wait->Add(b_);
  EXPECT_EQ(*WakeFutex(b_, 1, kAnyBit), 1);
  EXPECT_EQ(wait->woken, 1);
  EXPECT_EQ(a_.waiters(), nullptr);
}

TEST_F(FutexTest, ThoseWhoWaitForALockAreNotWokenOrMoved) {
  const auto wait = WaitFor(a_);
  wait->waiters.front()->kind = FutexWaiter::Kind::kRequeue;
  EXPECT_EQ(WakeFutex(a_, 1, kAnyBit).error(), Errno(EINVAL));
  EXPECT_EQ(RequeueFutex(a_, b_, 1, 1).error(), Errno(EINVAL));
  EXPECT_EQ(Count(a_), 1u);
}

}  // namespace
}  // namespace emu
