// SPDX-License-Identifier: Apache-2.0
//
// Threads: what they share, set_tid_address(2), exit(2) against exit_group(2),
// signals among threads, sched_*, membarrier(2), getcpu(2).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

TEST(ThreadTest, SharesPidAndHasItsOwnTid) {
  pid_t tid = 0;
  pid_t pid = 0;
  std::thread thread([&] {
    tid = gettid();
    pid = getpid();
  });
  thread.join();
  EXPECT_EQ(pid, getpid());
  EXPECT_NE(tid, gettid());
  EXPECT_EQ(gettid(), getpid());
}

TEST(ThreadTest, SharesDescriptorsAndDirectory) {
  EXPECT_THAT(RunInChild([] {
                int fd = -1;
                std::thread thread([&] {
                  fd = dup(0);
                  CHILD_CHECK(chdir("/") == 0);
                });
                thread.join();
                CHILD_CHECK(fcntl(fd, F_GETFD) == 0);
                char cwd[64];
                CHILD_CHECK(getcwd(cwd, sizeof(cwd)) && cwd[1] == '\0');
              }),
              Exited(0));
}

TEST(ThreadTest, HasItsOwnSignalMask) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  std::thread thread([&] { pthread_sigmask(SIG_BLOCK, &set, nullptr); });
  thread.join();
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, nullptr, &now);
  EXPECT_FALSE(sigismember(&now, SIGUSR1));
}

TEST(ThreadTest, ManyCanRunAtOnce) {
  std::atomic<int> count = 0;
  std::thread threads[32];
  for (auto& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < 100; ++i) {
        ++count;
        if (i % 10 == 0) sched_yield();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 3200);
}

TEST(ThreadTest, ExitGroupEndsAll) {
  EXPECT_THAT(RunInChild([] {
                std::thread thread([] { syscall(SYS_exit_group, 7); });
                for (;;) pause();
              }),
              Exited(7));
}

TEST(ThreadTest, ExitOfLeaderLeavesOthersRunning) {
  EXPECT_THAT(RunInChild([] {
                std::thread thread([] {
                  while (true) {
                    // The leader is a zombie now, or soon.
                    char path[64];
                    snprintf(path, sizeof(path), "/proc/self/task/%d/stat",
                             getpid());
                    const int fd = open(path, O_RDONLY);
                    char text[256] = {};
                    const ssize_t n = read(fd, text, sizeof(text) - 1);
                    close(fd);
                    if (n <= 0 || strstr(text, ") Z ")) break;
                    sched_yield();
                  }
                  syscall(SYS_exit_group, 8);
                });
                syscall(SYS_exit, 3);
              }),
              Exited(8));
}

TEST(ThreadTest, FatalSignalEndsAll) {
  EXPECT_THAT(RunInChild([] {
                std::thread thread(
                    [] { *static_cast<volatile char*>(BadAddress()) = 1; });
                for (;;) pause();
              }),
              KilledBy(SIGSEGV));
}

TEST(ThreadTest, ForkCopiesOnlyTheCaller) {
  std::atomic<bool> stop = false;
  std::thread other([&] {
    while (!stop) sched_yield();
  });
  const int status = RunInChild([] {
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/task/%d", getpid());
    CHILD_CHECK(access(path, F_OK) == 0);
    CHILD_CHECK(gettid() == getpid());
    CHILD_CHECK(unshare(CLONE_VM) == 0);  // Only where there is one thread.
  });
  stop = true;
  other.join();
  EXPECT_THAT(status, Exited(0));
}

TEST(ThreadTest, ProcessSignalGoesToThreadThatDoesNotBlockIt) {
  static std::atomic<pid_t> receiver;
  receiver = 0;
  struct sigaction action = {};
  struct sigaction old;
  action.sa_handler = [](int) { receiver = gettid(); };
  ASSERT_THAT(sigaction(SIGUSR1, &action, &old), Succeeds());
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::atomic<pid_t> tid = 0;
  std::thread thread([&] {
    sigset_t open;
    sigemptyset(&open);
    pthread_sigmask(SIG_SETMASK, &open, nullptr);
    tid = gettid();
    while (receiver == 0) sched_yield();
  });
  while (tid == 0) sched_yield();
  kill(getpid(), SIGUSR1);
  thread.join();
  EXPECT_EQ(receiver, tid);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  sigaction(SIGUSR1, &old, nullptr);
}

TEST(ThreadTest, TgkillReachesOneThread) {
  static std::atomic<pid_t> receiver;
  receiver = 0;
  struct sigaction action = {};
  struct sigaction old;
  action.sa_handler = [](int) { receiver = gettid(); };
  ASSERT_THAT(sigaction(SIGUSR1, &action, &old), Succeeds());
  std::atomic<pid_t> tid = 0;
  std::thread thread([&] {
    tid = gettid();
    while (receiver == 0) sched_yield();
  });
  while (tid == 0) sched_yield();
  EXPECT_THAT(tgkill(getpid(), tid, SIGUSR1), Succeeds());
  thread.join();
  EXPECT_EQ(receiver, tid);
  sigaction(SIGUSR1, &old, nullptr);
}

TEST(ThreadTest, EndedThreadIsGone) {
  std::atomic<pid_t> tid = 0;
  std::thread thread([&] { tid = gettid(); });
  thread.join();
  // Joined means that its tid word is cleared, shortly before it is gone.
  while (syscall(SYS_tgkill, getpid(), tid.load(), 0) == 0) sched_yield();
  EXPECT_THAT(tgkill(getpid(), tid, 0), FailsWith(ESRCH));
}

TEST(SetTidAddressTest, ReturnsCallersTid) {
  EXPECT_THAT(RunInChild([] {
                static int word;
                CHILD_CHECK(syscall(SYS_set_tid_address, &word) == gettid());
              }),
              Exited(0));
}

TEST(SchedTest, AffinityIsNotEmpty) {
  cpu_set_t set;
  ASSERT_THAT(sched_getaffinity(0, sizeof(set), &set), Succeeds());
  EXPECT_GT(CPU_COUNT(&set), 0);
  EXPECT_THAT(sched_setaffinity(0, sizeof(set), &set), Succeeds());
}

TEST(SchedTest, AffinityErrors) {
  cpu_set_t set;
  CPU_ZERO(&set);
  EXPECT_THAT(sched_setaffinity(0, sizeof(set), &set), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sched_getaffinity, 0, 1, &set), FailsWith(EINVAL));
  EXPECT_THAT(sched_getaffinity(0x3ffffff0, sizeof(set), &set),
              FailsWith(ESRCH));
}

TEST(SchedTest, PolicyIsOtherByDefault) {
  sched_param param = {99};
  EXPECT_THAT(sched_getscheduler(0), SucceedsWith(SCHED_OTHER));
  ASSERT_THAT(sched_getparam(0, &param), Succeeds());
  EXPECT_EQ(param.sched_priority, 0);
}

TEST(SchedTest, SetschedulerChecksArguments) {
  sched_param param = {1};
  EXPECT_THAT(sched_setscheduler(0, SCHED_OTHER, &param), FailsWith(EINVAL));
  EXPECT_THAT(sched_setscheduler(0, 77, &param), FailsWith(EINVAL));
  EXPECT_THAT(sched_setscheduler(-1, SCHED_OTHER, &param), FailsWith(EINVAL));
  EXPECT_THAT(sched_setscheduler(0x3ffffff0, SCHED_OTHER, &param),
              FailsWith(ESRCH));
  EXPECT_THAT(sched_setscheduler(0, SCHED_FIFO, &param), FailsWith(EPERM));
  param.sched_priority = 0;
  EXPECT_THAT(sched_setscheduler(0, SCHED_OTHER, &param), Succeeds());
}

TEST(SchedTest, PriorityRanges) {
  EXPECT_THAT(sched_get_priority_max(SCHED_FIFO), SucceedsWith(99));
  EXPECT_THAT(sched_get_priority_min(SCHED_RR), SucceedsWith(1));
  EXPECT_THAT(sched_get_priority_max(SCHED_OTHER), SucceedsWith(0));
  EXPECT_THAT(sched_get_priority_min(77), FailsWith(EINVAL));
}

TEST(SchedTest, NiceCanOnlyRise) {
  EXPECT_THAT(
      RunInChild([] {
        CHILD_CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0);
        errno = 0;
        CHILD_CHECK(getpriority(PRIO_PROCESS, 0) == 5 && errno == 0);
        CHILD_CHECK(setpriority(PRIO_PROCESS, 0, 0) == -1 && errno == EACCES);
        CHILD_CHECK(setpriority(PRIO_PROCESS, 0, 100) == 0);
        CHILD_CHECK(getpriority(PRIO_PROCESS, 0) == 19);
        CHILD_CHECK(getpriority(9, 0) == -1 && errno == EINVAL);
        CHILD_CHECK(getpriority(PRIO_PROCESS, 0x3ffffff0) == -1 &&
                    errno == ESRCH);
      }),
      Exited(0));
}

TEST(GetcpuTest, IsOneOfTheAllowed) {
  unsigned cpu = ~0u;
  ASSERT_THAT(syscall(SYS_getcpu, &cpu, nullptr, nullptr), Succeeds());
  cpu_set_t set;
  ASSERT_THAT(sched_getaffinity(0, sizeof(set), &set), Succeeds());
  EXPECT_TRUE(CPU_ISSET(cpu, &set));
  EXPECT_THAT(syscall(SYS_getcpu, BadAddress(), nullptr, nullptr),
              FailsWith(EFAULT));
}

TEST(MembarrierTest, QueryAndPrivateExpedited) {
  const long commands = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
  ASSERT_THAT(commands, Succeeds());
  EXPECT_TRUE(commands & MEMBARRIER_CMD_PRIVATE_EXPEDITED);
  EXPECT_THAT(
      RunInChild([] {
        CHILD_CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
                            0) == -1 &&
                    errno == EPERM);
        CHILD_CHECK(syscall(SYS_membarrier,
                            MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0,
                            0) == 0);
        CHILD_CHECK(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0,
                            0) == 0);
      }),
      Exited(0));
  EXPECT_THAT(syscall(SYS_membarrier, 1 << 30, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 7, 0),
              FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
