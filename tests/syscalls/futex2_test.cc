// SPDX-License-Identifier: Apache-2.0
//
// futex_wait(2), futex_wake(2), futex_requeue(2), and which futexes are the
// same.

#include <errno.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr long kWake = 454, kWait = 455, kRequeue = 456;
constexpr unsigned kSize32 = 2, kNuma = 4, kPrivate = 128;
constexpr unsigned long kAny = 0xffffffff;

long Wake(void* word, int count, unsigned flags = kSize32,
          unsigned long mask = kAny) {
  return syscall(kWake, word, mask, count, flags);
}
long Wait(void* word, uint32_t value, unsigned flags = kSize32,
          unsigned long mask = kAny, const timespec* until = nullptr,
          int clock = CLOCK_MONOTONIC) {
  return syscall(kWait, word, static_cast<unsigned long>(value), mask, flags,
                 until, clock);
}

struct Waitv {
  uint64_t value, address;
  uint32_t flags, reserved;
};
Waitv Word(void* word, uint64_t value, uint32_t flags = kSize32) {
  return {value, reinterpret_cast<uint64_t>(word), flags, 0};
}

class Futex2Test : public testing::Test {
 protected:
  uint32_t* word(int i = 0) { return map_.As<uint32_t>() + i; }
  Map map_ = Map::Shared(kPage);
};

TEST_F(Futex2Test, WakesThoseWhoseBitsMeet) {
  Child child([&] { CHILD_CHECK(Wait(word(), 0, kSize32, 6) == 0); });
  child.WaitUntilBlocked();
  EXPECT_THAT(Wake(word(), 1, kSize32, 1), SucceedsWith(0));
  EXPECT_THAT(Wake(word(), 0), SucceedsWith(0));
  EXPECT_THAT(Wake(word(), 1, kSize32, 2), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(Futex2Test, ServesWaitersOfTheOlderCall) {
  Child child([&] {
    CHILD_CHECK(syscall(SYS_futex, word(), FUTEX_WAIT, 0, nullptr) == 0);
  });
  child.WaitUntilBlocked();
  EXPECT_THAT(Wake(word(), 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(Futex2Test, WaitEndsWithTimeOrOtherValue) {
  const timespec past = {0, 1};
  EXPECT_THAT(Wait(word(), 1), FailsWith(EAGAIN));
  EXPECT_THAT(Wait(word(), 0, kSize32, kAny, &past), FailsWith(ETIMEDOUT));
  EXPECT_THAT(Wait(word(), 0, kSize32, kAny, &past, CLOCK_REALTIME),
              FailsWith(ETIMEDOUT));
}

TEST_F(Futex2Test, RequeueMovesTheRest) {
  Child first([&] { CHILD_CHECK(Wait(word(), 0) == 0); });
  first.WaitUntilBlocked();
  Child second([&] { CHILD_CHECK(Wait(word(), 0) == 0); });
  second.WaitUntilBlocked();
  const Waitv words[] = {Word(word(), 0), Word(word(1), 0)};
  EXPECT_THAT(syscall(kRequeue, words, 0, 1, 1), SucceedsWith(2));
  EXPECT_THAT(first.Wait(), Exited(0));
  EXPECT_THAT(Wake(word(), 1), SucceedsWith(0));
  EXPECT_THAT(Wake(word(1), 1), SucceedsWith(1));
  EXPECT_THAT(second.Wait(), Exited(0));
}

TEST_F(Futex2Test, Errors) {
  const timespec bad = {0, 1000000000}, past = {0, 1};
  EXPECT_THAT(Wake(word(), 1, 0), FailsWith(EINVAL));
  EXPECT_THAT(Wake(word(), 1, kSize32 | 16), FailsWith(EINVAL));
  EXPECT_THAT(Wake(word(), 1, kSize32, 0), FailsWith(EINVAL));
  EXPECT_THAT(Wake(word(), 1, kSize32, kAny + 1), FailsWith(EINVAL));
  EXPECT_THAT(Wake(map_.data() + 1, 1), FailsWith(EINVAL));
  EXPECT_THAT(Wake(BadAddress(), 1), FailsWith(EFAULT));
  EXPECT_THAT(Wait(word(), 0, kSize32, 0), FailsWith(EINVAL));
  EXPECT_THAT(Wait(word(), 0, kSize32, kAny, &bad), FailsWith(EINVAL));
  EXPECT_THAT(Wait(word(), 0, kSize32, kAny, &past, CLOCK_BOOTTIME),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(kRequeue, nullptr, 0, 1, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kRequeue, BadAddress(), 0, 1, 1), FailsWith(EFAULT));
  const Waitv words[] = {Word(word(), 1), Word(word(1), 0)};
  EXPECT_THAT(syscall(kRequeue, words, 1, 1, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kRequeue, words, 0, -1, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(kRequeue, words, 0, 1, 1), FailsWith(EAGAIN));
}

TEST_F(Futex2Test, NodeIsInTheNextWord) {
  *word(1) = ~0u;
  EXPECT_THAT(Wake(word(), 1, kSize32 | kNuma), SucceedsWith(0));
  EXPECT_EQ(*word(1), 0u);
  *word(1) = 12345;
  EXPECT_THAT(Wake(word(), 1, kSize32 | kNuma), FailsWith(EINVAL));
  EXPECT_THAT(Wake(word(1), 1, kSize32 | kNuma), FailsWith(EINVAL));
}

uint32_t private_word;
unsigned wait_flags;

void* WaitThere(void* tid) {
  *static_cast<pid_t*>(tid) = gettid();
  return reinterpret_cast<void*>(Wait(&private_word, 0, wait_flags));
}

// How many of one waiter with these flags a wake with those wakes.
long WakeBetween(unsigned waits, unsigned wakes) {
  wait_flags = waits;
  volatile pid_t tid = 0;
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, nullptr, WaitThere,
                           const_cast<pid_t*>(&tid)),
            0);
  while (tid == 0) usleep(100);
  WaitUntilBlocked(tid);
  const long woken = Wake(&private_word, 1, wakes);
  if (woken == 0) {
    EXPECT_THAT(Wake(&private_word, 1, waits), SucceedsWith(1));
  }
  EXPECT_EQ(pthread_join(thread, nullptr), 0);
  return woken;
}

TEST_F(Futex2Test, PrivateOnesAreOthersThanSharedOnes) {
  EXPECT_EQ(WakeBetween(kSize32, kSize32), 1);
  EXPECT_EQ(WakeBetween(kSize32 | kPrivate, kSize32 | kPrivate), 1);
  EXPECT_EQ(WakeBetween(kSize32 | kPrivate, kSize32), 0);
  EXPECT_EQ(WakeBetween(kSize32, kSize32 | kPrivate), 0);
}

TEST_F(Futex2Test, ReadOnlyPrivateMemoryHasNone) {
  Map map = Map::Private(kPage, PROT_READ);
  EXPECT_THAT(Wake(map.data(), 1), FailsWith(EFAULT));
  EXPECT_THAT(Wake(map.data(), 1, kSize32 | kPrivate), SucceedsWith(0));
}

}  // namespace
}  // namespace emu
