// SPDX-License-Identifier: Apache-2.0
//
// futex(2): waiting, waking, moving waiters, priority inheritance, robust
// lists, futex_waitv(2).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <climits>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

long Futex(void* word, int operation, uint32_t value,
           const void* timeout = nullptr, void* word2 = nullptr,
           uint32_t value3 = 0) {
  return syscall(SYS_futex, word, operation, value, timeout, word2, value3);
}

// FUTEX_REQUEUE and the like pass a count where others pass a timeout.
const void* Count(long count) { return reinterpret_cast<const void*>(count); }

class FutexTest : public testing::Test {
 protected:
  uint32_t* word(int i = 0) { return map_.As<uint32_t>() + i; }

  // A child that waits on a word and exits with the mark `code`.
  static void Wait(uint32_t* word, int code) {
    CHILD_CHECK(Futex(word, FUTEX_WAIT, *word) == 0);
    _exit(code);
  }

  Map map_ = Map::Shared(kPage);
};

using FutexPiTest = FutexTest;
using RobustListTest = FutexTest;
using FutexWaitvTest = FutexTest;

TEST_F(FutexTest, WaitReturnsAtOnceWhenValueDiffers) {
  *word() = 5;
  EXPECT_THAT(Futex(word(), FUTEX_WAIT, 4), FailsWith(EAGAIN));
}

TEST_F(FutexTest, WaitTimesOut) {
  const timespec timeout = {0, 2000000};
  EXPECT_THAT(Futex(word(), FUTEX_WAIT, 0, &timeout), FailsWith(ETIMEDOUT));
  EXPECT_THAT(Futex(word(), FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, &timeout),
              FailsWith(ETIMEDOUT));
}

TEST_F(FutexTest, AbsoluteTimeoutWithBitset) {
  const timespec past = {1, 0};
  EXPECT_THAT(Futex(word(), FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past,
                    nullptr, FUTEX_BITSET_MATCH_ANY),
              FailsWith(ETIMEDOUT));
}

TEST_F(FutexTest, WakeWithoutWaitersWakesNone) {
  EXPECT_THAT(Futex(word(), FUTEX_WAKE, 10), SucceedsWith(0));
}

TEST_F(FutexTest, WakesOneAtATimeInOrder) {
  Child first([&] { Wait(word(), 1); });
  first.WaitUntilBlocked();
  Child second([&] { Wait(word(), 2); });
  second.WaitUntilBlocked();
  EXPECT_THAT(Futex(word(), FUTEX_WAKE, 1), SucceedsWith(1));
  EXPECT_THAT(first.Wait(), Exited(1));
  EXPECT_THAT(Futex(word(), FUTEX_WAKE, INT_MAX), SucceedsWith(1));
  EXPECT_THAT(second.Wait(), Exited(2));
}

TEST_F(FutexTest, PrivateFutexIsNotSharedBetweenProcesses) {
  Child child([&] { Wait(word(), 1); });
  child.WaitUntilBlocked();
  EXPECT_THAT(Futex(word(), FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1),
              SucceedsWith(0));
  EXPECT_THAT(Futex(word(), FUTEX_WAKE, 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(1));
}

TEST_F(FutexTest, SharedFutexIsFoundThroughAnotherMapping) {
  void* twin = mremap(map_.data(), 0, kPage, MREMAP_MAYMOVE);
  ASSERT_THAT(twin, Succeeds());
  Child child([&] { Wait(word(), 1); });
  child.WaitUntilBlocked();
  EXPECT_THAT(Futex(twin, FUTEX_WAKE, 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(1));
  munmap(twin, kPage);
}

TEST_F(FutexTest, BitsetsMustMeet) {
  Child child([&] {
    CHILD_CHECK(Futex(word(), FUTEX_WAIT_BITSET, 0, nullptr, nullptr, 0x2) ==
                0);
  });
  child.WaitUntilBlocked();
  EXPECT_THAT(Futex(word(), FUTEX_WAKE_BITSET, 1, nullptr, nullptr, 0x4),
              SucceedsWith(0));
  EXPECT_THAT(Futex(word(), FUTEX_WAKE_BITSET, 1, nullptr, nullptr, 0x6),
              SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(FutexTest, RequeueMovesWaiters) {
  Child first([&] { Wait(word(0), 1); });
  first.WaitUntilBlocked();
  Child second([&] { Wait(word(0), 2); });
  second.WaitUntilBlocked();
  EXPECT_THAT(Futex(word(0), FUTEX_REQUEUE, 1, Count(1), word(1)),
              SucceedsWith(2));  // One woken and one moved.
  EXPECT_THAT(first.Wait(), Exited(1));
  EXPECT_THAT(Futex(word(0), FUTEX_WAKE, 1), SucceedsWith(0));
  EXPECT_THAT(Futex(word(1), FUTEX_WAKE, 1), SucceedsWith(1));
  EXPECT_THAT(second.Wait(), Exited(2));
}

TEST_F(FutexTest, CmpRequeueChecksValue) {
  EXPECT_THAT(Futex(word(0), FUTEX_CMP_REQUEUE, 1, Count(1), word(1), 9),
              FailsWith(EAGAIN));
  EXPECT_THAT(Futex(word(0), FUTEX_CMP_REQUEUE, 1, Count(1), word(1), 0),
              SucceedsWith(0));
}

TEST_F(FutexTest, WakeOpChangesAndComparesSecondWord) {
  Child first([&] { Wait(word(0), 1); });
  first.WaitUntilBlocked();
  *word(1) = 5;
  Child second([&] { Wait(word(1), 2); });
  second.WaitUntilBlocked();
  const uint32_t operation = FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 5);
  EXPECT_THAT(Futex(word(0), FUTEX_WAKE_OP, 1, Count(1), word(1), operation),
              SucceedsWith(2));
  EXPECT_EQ(*word(1), 8u);
  EXPECT_THAT(first.Wait(), Exited(1));
  EXPECT_THAT(second.Wait(), Exited(2));
}

TEST_F(FutexTest, WakeOpLeavesSecondWordAloneWhenComparisonFails) {
  const uint32_t operation = FUTEX_OP(FUTEX_OP_SET, 7, FUTEX_OP_CMP_GT, 100);
  EXPECT_THAT(Futex(word(0), FUTEX_WAKE_OP, 1, Count(1), word(1), operation),
              SucceedsWith(0));
  EXPECT_EQ(*word(1), 7u);
}

TEST_F(FutexTest, Errors) {
  char* unaligned = map_.data() + 1;
  const timespec bad = {0, 1000000000};
  EXPECT_THAT(Futex(unaligned, FUTEX_WAIT, 0), FailsWith(EINVAL));
  EXPECT_THAT(Futex(unaligned, FUTEX_WAKE, 0), FailsWith(EINVAL));
  EXPECT_THAT(Futex(BadAddress(), FUTEX_WAIT, 0), FailsWith(EFAULT));
  EXPECT_THAT(Futex(word(), FUTEX_WAIT, 0, &bad), FailsWith(EINVAL));
  EXPECT_THAT(Futex(word(), 99, 0), FailsWith(ENOSYS));
  EXPECT_THAT(Futex(word(), FUTEX_WAIT_BITSET, 0), FailsWith(EINVAL));
  EXPECT_THAT(Futex(word(), FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 0),
              FailsWith(ENOSYS));
}

TEST_F(FutexPiTest, LockStoresTidAndUnlockClears) {
  ASSERT_THAT(Futex(word(), FUTEX_LOCK_PI, 0), Succeeds());
  EXPECT_EQ(*word(), static_cast<uint32_t>(gettid()));
  EXPECT_THAT(Futex(word(), FUTEX_LOCK_PI, 0), FailsWith(EDEADLK));
  ASSERT_THAT(Futex(word(), FUTEX_UNLOCK_PI, 0), Succeeds());
  EXPECT_EQ(*word(), 0u);
}

TEST_F(FutexPiTest, WaiterGetsTheLock) {
  ASSERT_THAT(Futex(word(), FUTEX_LOCK_PI, 0), Succeeds());
  Child child([&] {
    CHILD_CHECK(Futex(word(), FUTEX_LOCK_PI, 0) == 0);
    CHILD_CHECK((*word() & FUTEX_TID_MASK) == static_cast<uint32_t>(gettid()));
    CHILD_CHECK(Futex(word(), FUTEX_UNLOCK_PI, 0) == 0);
  });
  child.WaitUntilBlocked();
  EXPECT_TRUE(*word() & FUTEX_WAITERS);
  ASSERT_THAT(Futex(word(), FUTEX_UNLOCK_PI, 0), Succeeds());
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(FutexPiTest, TrylockDoesNotWait) {
  ASSERT_THAT(Futex(word(), FUTEX_LOCK_PI, 0), Succeeds());
  EXPECT_THAT(
      RunInChild([&] {
        CHILD_CHECK(Futex(word(), FUTEX_TRYLOCK_PI, 0) == -1 &&
                    errno == EAGAIN);
        CHILD_CHECK(Futex(word(), FUTEX_UNLOCK_PI, 0) == -1 && errno == EPERM);
      }),
      Exited(0));
  EXPECT_THAT(Futex(word(), FUTEX_UNLOCK_PI, 0), Succeeds());
}

TEST_F(FutexPiTest, OwnerThatDoesNotExistIsAnError) {
  *word() = 0x3ffffff0;
  EXPECT_THAT(Futex(word(), FUTEX_LOCK_PI, 0), FailsWith(ESRCH));
}

TEST_F(RobustListTest, DeathOfOwnerMarksWordAndWakes) {
  struct Lock {
    robust_list list;
    uint32_t word;
  };
  auto* lock = map_.As<Lock>();
  Pipe ready;
  Child owner([&] {
    static robust_list_head head;
    head.list.next = &lock->list;
    head.futex_offset = offsetof(Lock, word);
    head.list_op_pending = nullptr;
    lock->list.next = &head.list;
    CHILD_CHECK(syscall(SYS_set_robust_list, &head, sizeof(head)) == 0);
    lock->word = gettid() | FUTEX_WAITERS;
    write(ready.write, "x", 1);
    for (;;) pause();
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  Child waiter([&] {
    CHILD_CHECK(Futex(&lock->word, FUTEX_WAIT, lock->word) == 0);
    CHILD_CHECK(lock->word == (FUTEX_OWNER_DIED | FUTEX_WAITERS));
  });
  waiter.WaitUntilBlocked();
  kill(owner.pid(), SIGKILL);
  EXPECT_THAT(waiter.Wait(), Exited(0));
}

TEST_F(RobustListTest, HeadCanBeAskedAndSizeIsChecked) {
  void* head = nullptr;
  size_t size = 0;
  ASSERT_THAT(syscall(SYS_get_robust_list, 0, &head, &size), Succeeds());
  EXPECT_EQ(size, sizeof(robust_list_head));
  EXPECT_THAT(syscall(SYS_set_robust_list, head, 5), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_get_robust_list, 0x3ffffff0, &head, &size),
              FailsWith(ESRCH));
}

struct Waiter {  // struct futex_waitv
  uint64_t value;
  uint64_t address;
  uint32_t flags;
  uint32_t reserved;
};

constexpr long kFutexWaitv = 449;
constexpr uint32_t kSize32 = 2;

TEST_F(FutexWaitvTest, TellsWhichWordWasWoken) {
  Child child([&] {
    Waiter waiters[2] = {};
    for (int i = 0; i < 2; ++i) {
      waiters[i] = {0, reinterpret_cast<uint64_t>(word(i)), kSize32, 0};
    }
    _exit(syscall(kFutexWaitv, waiters, 2, 0, nullptr, CLOCK_MONOTONIC));
  });
  child.WaitUntilBlocked();
  EXPECT_THAT(Futex(word(1), FUTEX_WAKE, 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(1));
}

TEST_F(FutexWaitvTest, Errors) {
  Waiter waiter = {7, reinterpret_cast<uint64_t>(word()), kSize32, 0};
  EXPECT_THAT(syscall(kFutexWaitv, &waiter, 1, 0, nullptr, CLOCK_MONOTONIC),
              FailsWith(EAGAIN));
  EXPECT_THAT(syscall(kFutexWaitv, &waiter, 0, 0, nullptr, CLOCK_MONOTONIC),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kFutexWaitv, &waiter, 129, 0, nullptr, CLOCK_MONOTONIC),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kFutexWaitv, &waiter, 1, 1, nullptr, CLOCK_MONOTONIC),
              FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
