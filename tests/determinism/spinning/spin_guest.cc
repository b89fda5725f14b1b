// SPDX-License-Identifier: Apache-2.0
//
// Programs whose threads wait in user code, one a subcommand. All that they print
// is a function of the program, however the waits go.

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

constexpr int kThreads = 4;
constexpr int kRounds = 60;

// Work that the compiler cannot see through, of `rounds` additions.
uint64_t Compute(uint64_t rounds) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < rounds; ++i) {
    sum += i ^ (sum >> 3);
    asm volatile("" : "+r"(sum));
  }
  return sum;
}

// Each thread adds to a counter `kRounds` times under the lock, and now and then
// gives way while it holds it.
template <typename Lock, typename Unlock>
int Contend(Lock lock, Unlock unlock) {
  int counter = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        lock();
        ++counter;
        if (i % 20 == t) sched_yield();
        unlock();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  printf("%d\n", counter);
  return counter == kThreads * kRounds ? 0 : 1;
}

int PthreadSpinLock() {
  pthread_spinlock_t lock;
  pthread_spin_init(&lock, PTHREAD_PROCESS_PRIVATE);
  return Contend([&] { pthread_spin_lock(&lock); },
                 [&] { pthread_spin_unlock(&lock); });
}

int TestAndSet() {
  std::atomic_flag flag = ATOMIC_FLAG_INIT;
  return Contend([&] { while (flag.test_and_set()) {} },
                 [&] { flag.clear(); });
}

int TestAndTestAndSet() {
  std::atomic<int> word{0};
  return Contend(
      [&] {
        for (;;) {
          while (word.load(std::memory_order_relaxed) != 0) {
            __builtin_ia32_pause();
          }
          int free = 0;
          if (word.compare_exchange_strong(free, 1)) return;
        }
      },
      [&] { word = 0; });
}

int TicketLock() {
  std::atomic<unsigned> next{0}, serving{0};
  return Contend(
      [&] {
        const unsigned mine = next++;
        while (serving != mine) __builtin_ia32_pause();
      },
      [&] { ++serving; });
}

// Spins for longer and longer, then sleeps on the word.
int BoundedSpin() {
  std::atomic<int> word{0};
  auto futex = [&](int op, int value) {
    syscall(SYS_futex, &word, op, value, nullptr, nullptr, 0);
  };
  return Contend(
      [&] {
        for (int pauses = 1;; pauses *= 2) {
          int free = 0;
          if (word.compare_exchange_strong(free, 1)) return;
          for (int i = 0; i < pauses; ++i) __builtin_ia32_pause();
          if (pauses > 500) futex(FUTEX_WAIT_PRIVATE, 1);
        }
      },
      [&] {
        word = 0;
        futex(FUTEX_WAKE_PRIVATE, 1);
      });
}

volatile sig_atomic_t done;
void OnSignal(int) { done = 1; }

int AlarmEndsASpin() {
  signal(SIGALRM, OnSignal);
  alarm(1);
  while (!done) {
  }
  puts("done");
  return 0;
}

int VirtualTimerEndsASpin() {
  signal(SIGVTALRM, OnSignal);
  const itimerval time = {{0, 0}, {0, 500'000}};
  setitimer(ITIMER_VIRTUAL, &time, nullptr);
  while (!done) __builtin_ia32_pause();
  puts("done");
  return 0;
}

int AlarmEndsACount() {
  signal(SIGALRM, OnSignal);
  alarm(1);
  volatile uint64_t n = 0;
  while (!done) n = n + 1;
  puts("done");
  return 0;
}

int VirtualTimerEndsACount() {
  signal(SIGVTALRM, OnSignal);
  const itimerval time = {{0, 0}, {0, 500'000}};
  setitimer(ITIMER_VIRTUAL, &time, nullptr);
  volatile uint64_t n = 0;
  while (!done) n = n + 1;
  puts("done");
  return 0;
}

// Two threads that compute for long, beside a timer.
int Computers() {
  alarm(1000);
  uint64_t sums[2] = {};
  std::thread other([&] { sums[1] = Compute(700'000'000); });
  sums[0] = Compute(700'000'000);
  other.join();
  printf("%d\n", sums[0] == sums[1]);
  return sums[0] == sums[1] ? 0 : 1;
}

// One spins until the other has computed for long.
int SpinsForAComputer() {
  std::atomic<int> ready{0};
  uint64_t sum = 0;
  std::thread other([&] {
    sum = Compute(1'500'000'000);
    ready = 1;
  });
  while (ready == 0) __builtin_ia32_pause();
  printf("%llx\n", static_cast<unsigned long long>(sum));
  other.join();
  return 0;
}

// Two processes hand a token to and fro through a page that they share.
int SharedPage() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* turn = static_cast<std::atomic<int>*>(page);
  const pid_t child = fork();
  const int me = child == 0 ? 1 : 0;
  for (int i = 0; i < 40; ++i) {
    while (*turn % 2 != me) __builtin_ia32_pause();
    ++*turn;
  }
  if (child == 0) _exit(0);
  int status = 0;
  waitpid(child, &status, 0);
  printf("%d %d\n", turn->load(), status);
  return status;
}

// A writer changes two words at a time; a reader never sees them differ.
int SequenceLock() {
  std::atomic<unsigned> sequence{0};
  std::atomic<int> a{0}, b{0};
  std::thread writer([&] {
    for (int i = 1; i <= 100; ++i) {
      ++sequence;
      a = i;
      if (i % 10 == 0) sched_yield();
      b = i;
      ++sequence;
    }
  });
  int last = 0;
  while (last < 100) {
    unsigned before;
    do {
      while ((before = sequence) % 2 != 0) __builtin_ia32_pause();
      last = a;
      if (last != b) last = -1;
    } while (sequence != before);
    if (last < 0) return 1;
    if (last < 100) while (sequence == before) __builtin_ia32_pause();
  }
  writer.join();
  printf("%d\n", last);
  return 0;
}

// Looks at the clock until a thread that sleeps has set a flag.
int ClockReader() {
  std::atomic<int> ready{0};
  std::thread other([&] {
    usleep(300'000);
    ready = 1;
  });
  timespec now;
  do {
    clock_gettime(CLOCK_MONOTONIC, &now);
  } while (ready == 0);
  other.join();
  puts("ready");
  return 0;
}

int CounterReader() {
  std::atomic<int> ready{0};
  std::thread other([&] { ready = 1; });
  while (ready == 0) __builtin_ia32_rdtsc();
  other.join();
  puts("ready");
  return 0;
}

// Waits on each other for ever, with nothing that could end it.
int Livelock() {
  std::atomic<int> word{0};
  std::thread other([&] { while (word == 0) {} });
  while (word == 0) {
  }
  other.join();
  return 0;
}

// Two threads' flags: a lock whose waiters take their wish back and renew it.
int PoliteLock() {
  std::atomic<int> wants[2] = {};
  int counter = 0;
  auto enter = [&](int me) {
    wants[me] = 1;
    while (wants[1 - me] != 0) {
      wants[me] = 0;
      sched_yield();
      wants[me] = 1;
    }
  };
  auto work = [&](int me) {
    for (int i = 0; i < kRounds; ++i) {
      enter(me);
      ++counter;
      wants[me] = 0;
    }
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  printf("%d\n", counter);
  return counter == 2 * kRounds ? 0 : 1;
}

struct Program {
  const char* name;
  int (*run)();
};
constexpr Program kPrograms[] = {
    {"pthread_spin_lock", PthreadSpinLock},
    {"test_and_set", TestAndSet},
    {"test_and_test_and_set", TestAndTestAndSet},
    {"ticket_lock", TicketLock},
    {"bounded_spin", BoundedSpin},
    {"alarm_ends_a_spin", AlarmEndsASpin},
    {"virtual_timer_ends_a_spin", VirtualTimerEndsASpin},
    {"alarm_ends_a_count", AlarmEndsACount},
    {"virtual_timer_ends_a_count", VirtualTimerEndsACount},
    {"computers", Computers},
    {"spins_for_a_computer", SpinsForAComputer},
    {"shared_page", SharedPage},
    {"sequence_lock", SequenceLock},
    {"clock_reader", ClockReader},
    {"counter_reader", CounterReader},
    {"livelock", Livelock},
    {"polite_lock", PoliteLock},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Program& program : kPrograms) {
    if (argc > 1 && strcmp(argv[1], program.name) == 0) {
      const int status = program.run();
      fflush(stdout);
      return status;
    }
  }
  return 2;
}
