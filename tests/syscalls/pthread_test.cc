// SPDX-License-Identifier: Apache-2.0
//
// What the thread library builds on futexes, clone and signals, as programs
// use it: mutexes of every kind, conditions, barriers, cancellation.

#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

timespec In(long nanoseconds, clockid_t clock = CLOCK_REALTIME) {
  timespec at;
  clock_gettime(clock, &at);
  at.tv_nsec += nanoseconds;
  at.tv_sec += at.tv_nsec / 1000000000;
  at.tv_nsec %= 1000000000;
  return at;
}

// A mutex of the given attributes in memory that children share.
class SharedMutex {
 public:
  explicit SharedMutex(int protocol = PTHREAD_PRIO_NONE, bool robust = false) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    if (robust) {
      pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    pthread_mutex_init(get(), &attributes);
  }
  pthread_mutex_t* get() const { return map_.As<pthread_mutex_t>(); }

 private:
  Map map_ = Map::Shared(kPage);
};

TEST(MutexTest, ExcludesThreads) {
  std::mutex mutex;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 500; ++j) {
        const std::lock_guard lock(mutex);
        ++count;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 4000);
}

TEST(MutexTest, IsSharedBetweenProcesses) {
  for (const int protocol : {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT}) {
    SharedMutex mutex(protocol);
    pthread_mutex_lock(mutex.get());
    Child child([&] { CHILD_CHECK(pthread_mutex_lock(mutex.get()) == 0); });
    child.WaitUntilBlocked();
    pthread_mutex_unlock(mutex.get());
    EXPECT_THAT(child.Wait(), Exited(0));
  }
}

TEST(MutexTest, RobustOneTellsOfDeadOwner) {
  for (const int protocol : {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT}) {
    SharedMutex mutex(protocol, true);
    EXPECT_THAT(RunInChild([&] { pthread_mutex_lock(mutex.get()); }),
                Exited(0));
    EXPECT_EQ(pthread_mutex_lock(mutex.get()), EOWNERDEAD);
    EXPECT_EQ(pthread_mutex_consistent(mutex.get()), 0);
    EXPECT_EQ(pthread_mutex_unlock(mutex.get()), 0);
    EXPECT_EQ(pthread_mutex_lock(mutex.get()), 0);
  }
}

TEST(MutexTest, TimedLockGivesUp) {
  for (const int protocol : {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT}) {
    SharedMutex mutex(protocol);
    pthread_mutex_lock(mutex.get());
    EXPECT_THAT(RunInChild([&] {
                  const timespec until = In(2000000);
                  CHILD_CHECK(pthread_mutex_timedlock(mutex.get(), &until) ==
                              ETIMEDOUT);
                }),
                Exited(0));
  }
}

TEST(ConditionTest, HandsOverInTurn) {
  std::mutex mutex;
  std::condition_variable changed;
  int turn = 0;
  std::thread other([&] {
    for (int i = 0; i < 100; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return turn % 2 == 1; });
      ++turn;
      changed.notify_one();
    }
  });
  for (int i = 0; i < 100; ++i) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return turn % 2 == 0; });
    ++turn;
    changed.notify_one();
  }
  other.join();
  EXPECT_EQ(turn, 200);
}

TEST(ConditionTest, BroadcastWakesAll) {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  std::vector<std::thread> threads;
  std::atomic<int> through = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return open; });
      ++through;
    });
  }
  {
    const std::lock_guard lock(mutex);
    open = true;
  }
  changed.notify_all();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(through, 8);
}

TEST(ConditionTest, TimedWaitGivesUpOnEitherClock) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&mutex);
  timespec until = In(2000000);
  EXPECT_EQ(pthread_cond_timedwait(&condition, &mutex, &until), ETIMEDOUT);
  until = In(2000000, CLOCK_MONOTONIC);
  EXPECT_EQ(pthread_cond_clockwait(&condition, &mutex, CLOCK_MONOTONIC, &until),
            ETIMEDOUT);
  pthread_mutex_unlock(&mutex);
}

TEST(BarrierTest, ReleasesAllAtOnce) {
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, nullptr, 4);
  std::atomic<int> serial = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
        ++serial;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(serial, 1);
  pthread_barrier_destroy(&barrier);
}

TEST(SemaphoreTest, IsSharedBetweenProcesses) {
  Map map = Map::Shared(kPage);
  auto* semaphore = map.As<sem_t>();
  ASSERT_EQ(sem_init(semaphore, 1, 0), 0);
  Child child([&] { CHILD_CHECK(sem_wait(semaphore) == 0); });
  child.WaitUntilBlocked();
  sem_post(semaphore);
  EXPECT_THAT(child.Wait(), Exited(0));
  const timespec until = In(1000000);
  EXPECT_THAT(sem_timedwait(semaphore, &until), FailsWith(ETIMEDOUT));
}

TEST(CancelTest, EndsBlockedThreadAndRunsCleanup) {
  static std::atomic<bool> cleaned;
  cleaned = false;
  pthread_t thread;
  ASSERT_EQ(pthread_create(
                &thread, nullptr,
                [](void*) -> void* {
                  struct Cleanup {
                    ~Cleanup() { cleaned = true; }
                  } cleanup;
                  for (;;) pause();
                },
                nullptr),
            0);
  pthread_cancel(thread);
  void* result = nullptr;
  pthread_join(thread, &result);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  EXPECT_TRUE(cleaned);
}

TEST(ThreadLocalTest, EachThreadHasItsOwn) {
  static thread_local int value = 5;
  value = 6;
  int seen = 0;
  std::thread thread([&] { seen = value++; });
  thread.join();
  EXPECT_EQ(seen, 5);
  EXPECT_EQ(value, 6);
}

TEST(DetachedTest, ThreadOutlivesNobody) {
  EXPECT_THAT(RunInChild([] {
                std::thread([] {
                  for (;;) pause();
                }).detach();
                _exit(4);  // Ends the thread as well.
              }),
              Exited(4));
}

TEST(StackTest, ThreadsStackOverflowIsAFault) {
  EXPECT_THAT(RunInChild([] {
                std::thread thread([] {
                  for (;;) *static_cast<volatile char*>(alloca(1024)) = 1;
                });
                thread.join();
              }),
              KilledBy(SIGSEGV));
}

TEST(AtforkTest, ForkInThreadedProgramCanExec) {
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) sched_yield();
  });
  const int status = RunInChild([] { execl("/bin/true", "true", nullptr); });
  stop = true;
  other.join();
  EXPECT_THAT(status, Exited(0));
}

}  // namespace
}  // namespace emu
