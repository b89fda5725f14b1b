// SPDX-License-Identifier: Apache-2.0
//
// fork(2), vfork(2), clone(2), clone3(2): what the child gets, shares, and how
// it starts.

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using ForkDirTest = TempDirTest;

// clone(2) with the parent's stack, as fork does.
pid_t RawClone(unsigned long flags, int* parent_tid = nullptr,
               int* child_tid = nullptr, unsigned long tls = 0) {
  return syscall(SYS_clone, flags, nullptr, parent_tid, child_tid, tls);
}

long Clone3(clone_args args, size_t size = sizeof(clone_args)) {
  return syscall(SYS_clone3, &args, size);
}

int Reap(pid_t pid) {
  int status = -1;
  return waitpid(pid, &status, __WALL) == pid ? status : -1;
}

// Runs body(argument) in a clone on a stack of its own; its wait status.
int CloneOnStack(int flags, int (*body)(void*), void* argument) {
  GuardedMap stack(16 * kPage);
  const pid_t pid = clone(body, stack.end(), flags | SIGCHLD, argument);
  return pid < 0 ? -1 : Reap(pid);
}

TEST(ForkTest, ChildSeesZeroAndItsOwnId) {
  const pid_t parent = getpid();
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(getpid() != parent);
                CHILD_CHECK(getppid() == parent);
                CHILD_CHECK(gettid() == getpid());
              }),
              Exited(0));
}

TEST(ForkTest, ChildMemoryIsACopy) {
  static int value;
  value = 1;
  Map map = Map::Private(kPage);
  map[0] = 'a';
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(value == 1 && map[0] == 'a');
                value = 2;
                map[0] = 'b';
              }),
              Exited(0));
  EXPECT_EQ(value, 1);
  EXPECT_EQ(map[0], 'a');
}

TEST(ForkTest, ParentWritesAreNotSeenByChild) {
  Pipe pipe;
  Map map = Map::Private(kPage);
  map[0] = 'a';
  Child child([&] {
    char c;
    CHILD_CHECK(read(pipe.read, &c, 1) == 1);
    CHILD_CHECK(map[0] == 'a');
  });
  map[0] = 'b';
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(ForkTest, SharedMemoryIsSeenByBoth) {
  Map map = Map::Shared(kPage);
  EXPECT_THAT(RunInChild([&] { map[10] = 'x'; }), Exited(0));
  EXPECT_EQ(map[10], 'x');
}

TEST(ForkTest, GrandchildSeesTheWholeHistory) {
  Map map = Map::Private(kPage);
  map[0] = 1;
  EXPECT_THAT(RunInChild([&] {
                map[0] = 2;
                CHILD_CHECK(RunInChild([&] {
                              CHILD_CHECK(map[0] == 2);
                              map[0] = 3;
                            }) == 0);
                CHILD_CHECK(map[0] == 2);
              }),
              Exited(0));
  EXPECT_EQ(map[0], 1);
}

TEST(ForkTest, ChildClosesOnlyItsOwnDescriptors) {
  Pipe pipe;
  EXPECT_THAT(RunInChild([&] { close(pipe.read); }), Exited(0));
  EXPECT_THAT(fcntl(pipe.read, F_GETFD), Succeeds());
}

TEST_F(ForkDirTest, ChildChangesOnlyItsOwnDirectoryAndUmask) {
  const mode_t mask = umask(022);
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(chdir("/") == 0);
                umask(0);
              }),
              Exited(0));
  char cwd[512];
  ASSERT_NE(getcwd(cwd, sizeof(cwd)), nullptr);
  EXPECT_EQ(cwd, path());
  EXPECT_EQ(umask(mask), 022u);
}

TEST(ForkTest, PendingSignalsAreNotInherited) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  EXPECT_THAT(RunInChild([&] {
                sigprocmask(SIG_BLOCK, &set, nullptr);
                raise(SIGUSR1);
                CHILD_CHECK(RunInChild([&] {
                              sigset_t pending;
                              sigpending(&pending);
                              CHILD_CHECK(!sigismember(&pending, SIGUSR1));
                            }) == 0);
                sigset_t pending;
                sigpending(&pending);
                CHILD_CHECK(sigismember(&pending, SIGUSR1));
              }),
              Exited(0));
}

TEST(ForkTest, MaskAndHandlersAreInherited) {
  EXPECT_THAT(RunInChild([] {
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGUSR2);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                signal(SIGUSR1, SIG_IGN);
                CHILD_CHECK(RunInChild([] {
                              sigset_t now;
                              sigprocmask(SIG_BLOCK, nullptr, &now);
                              CHILD_CHECK(sigismember(&now, SIGUSR2));
                              CHILD_CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
                            }) == 0);
              }),
              Exited(0));
}

TEST(ForkTest, AlarmIsNotInherited) {
  EXPECT_THAT(
      RunInChild([] {
        alarm(1000);
        CHILD_CHECK(RunInChild([] { CHILD_CHECK(alarm(0) == 0); }) == 0);
        CHILD_CHECK(alarm(0) > 0);
      }),
      Exited(0));
}

TEST(ForkTest, DontForkMemoryIsMissingInChild) {
  Map map = Map::Private(kPage);
  map[0] = 'x';
  ASSERT_THAT(madvise(map.data(), kPage, MADV_DONTFORK), Succeeds());
  EXPECT_THAT(RunInChild([&] { _exit(map[0]); }), KilledBy(SIGSEGV));
}

TEST(ForkTest, WipeOnForkMemoryIsZeroInChild) {
  Map map = Map::Private(kPage);
  map[0] = 'x';
  ASSERT_THAT(madvise(map.data(), kPage, MADV_WIPEONFORK), Succeeds());
  EXPECT_THAT(RunInChild([&] { _exit(map[0]); }), Exited(0));
  EXPECT_EQ(map[0], 'x');
}

TEST(VforkTest, ParentWaitsUntilChildIsGone) {
  static volatile int stage;
  stage = 0;
  const pid_t pid = vfork();
  if (pid == 0) {
    stage = 1;
    _exit(7);
  }
  EXPECT_EQ(stage, 1);  // Memory is shared, and the child ran first.
  EXPECT_THAT(Reap(pid), Exited(7));
}

TEST(VforkTest, ParentGoesOnAfterExec) {
  const pid_t pid = vfork();
  if (pid == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(1);
  }
  EXPECT_THAT(Reap(pid), Exited(0));
}

TEST(CloneTest, SharedMemoryWithVm) {
  static std::atomic<int> value;
  value = 1;
  EXPECT_THAT(CloneOnStack(
                  CLONE_VM, [](void*) { return value.exchange(5); }, nullptr),
              Exited(1));
  EXPECT_EQ(value, 5);
}

TEST(CloneTest, SharedDescriptorsWithFiles) {
  int fd = dup(0);
  EXPECT_THAT(CloneOnStack(
                  CLONE_FILES,
                  [](void* fd) { return close(*static_cast<int*>(fd)); }, &fd),
              Exited(0));
  EXPECT_THAT(close(fd), FailsWith(EBADF));
}

TEST_F(ForkDirTest, SharedDirectoryWithFs) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(CloneOnStack(
                  CLONE_FS, [](void*) { return chdir("dir"); }, nullptr),
              Exited(0));
  char cwd[512];
  ASSERT_NE(getcwd(cwd, sizeof(cwd)), nullptr);
  EXPECT_EQ(cwd, path() + "/dir");
  ASSERT_THAT(chdir(".."), Succeeds());
}

TEST(CloneTest, SharedHandlersWithSighand) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(CloneOnStack(
                                CLONE_VM | CLONE_SIGHAND,
                                [](void*) {
                                  signal(SIGUSR1, SIG_IGN);
                                  return 0;
                                },
                                nullptr) == 0);
                raise(SIGUSR1);  // Would kill.
              }),
              Exited(0));
}

TEST(CloneTest, ClearSighandResetsHandlersButNotIgnored) {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  EXPECT_THAT(RunInChild([&] {
                sigaction(SIGUSR1, &action, nullptr);
                signal(SIGUSR2, SIG_IGN);
                clone_args args = {};
                args.flags = CLONE_CLEAR_SIGHAND;
                args.exit_signal = SIGCHLD;
                const long pid = Clone3(args);
                CHILD_CHECK(pid >= 0);
                if (pid == 0) {
                  CHILD_CHECK(signal(SIGUSR1, SIG_DFL) == SIG_DFL);
                  CHILD_CHECK(signal(SIGUSR2, SIG_DFL) == SIG_IGN);
                  _exit(0);
                }
                CHILD_CHECK(Reap(pid) == 0);
              }),
              Exited(0));
}

TEST(CloneTest, RejectsInconsistentFlags) {
  EXPECT_THAT(RawClone(CLONE_SIGHAND | SIGCHLD), FailsWith(EINVAL));
  EXPECT_THAT(RawClone(CLONE_THREAD | CLONE_VM | SIGCHLD), FailsWith(EINVAL));
  EXPECT_THAT(RawClone(CLONE_NEWNS | CLONE_FS | SIGCHLD), FailsWith(EINVAL));
}

TEST(CloneTest, RejectsThreadPointerOutsideOfUserSpace) {
  EXPECT_THAT(RawClone(CLONE_SETTLS | SIGCHLD, nullptr, nullptr, ~0ul << 32),
              FailsWith(EPERM));
}

TEST(CloneTest, StoresTidForParentAndChild) {
  int parent_tid = -1;
  int child_tid = -1;
  const pid_t pid = RawClone(CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD,
                             &parent_tid, &child_tid);
  if (pid == 0) _exit(child_tid == getpid() ? 0 : 1);
  EXPECT_EQ(parent_tid, pid);
  EXPECT_EQ(child_tid, -1);  // Stored in the child's copy of memory.
  EXPECT_THAT(Reap(pid), Exited(0));
}

TEST(CloneTest, ClearsTidWhenChildWithSharedMemoryEnds) {
  static int tid;
  tid = 77;
  GuardedMap stack(16 * kPage);
  const pid_t pid = clone([](void*) { return 0; }, stack.end(),
                          CLONE_VM | CLONE_CHILD_CLEARTID | SIGCHLD, nullptr,
                          nullptr, nullptr, &tid);
  EXPECT_THAT(Reap(pid), Exited(0));
  EXPECT_EQ(tid, 0);
}

TEST(CloneTest, ChildWithoutExitSignalNeedsCloneWait) {
  const pid_t pid = RawClone(0);
  if (pid == 0) _exit(3);
  EXPECT_THAT(waitpid(pid, nullptr, 0), FailsWith(ECHILD));
  int status = -1;
  EXPECT_THAT(waitpid(pid, &status, __WCLONE), SucceedsWith(pid));
  EXPECT_THAT(status, Exited(3));
}

TEST(CloneTest, ParentFlagMakesASibling) {
  Map pid_seen = Map::Shared(kPage);
  EXPECT_THAT(RunInChild([&] {
                const pid_t pid = RawClone(CLONE_PARENT | SIGCHLD);
                if (pid == 0) _exit(9);
                *pid_seen.As<pid_t>() = pid;
                CHILD_CHECK(waitpid(pid, nullptr, 0) == -1 && errno == ECHILD);
              }),
              Exited(0));
  EXPECT_THAT(Reap(*pid_seen.As<pid_t>()), Exited(9));
}

TEST(Clone3Test, ForksWithExitSignal) {
  clone_args args = {};
  args.exit_signal = SIGCHLD;
  const long pid = Clone3(args);
  if (pid == 0) _exit(4);
  ASSERT_THAT(pid, Succeeds());
  EXPECT_THAT(Reap(pid), Exited(4));
}

TEST(Clone3Test, RejectsSizesAndValues) {
  clone_args args = {};
  EXPECT_THAT(Clone3(args, 8), FailsWith(EINVAL));
  EXPECT_THAT(Clone3(args, 2 * kPage), FailsWith(E2BIG));
  args.exit_signal = 65;
  EXPECT_THAT(Clone3(args), FailsWith(EINVAL));
  args = {};
  args.flags = CLONE_DETACHED;
  EXPECT_THAT(Clone3(args), FailsWith(EINVAL));
  args = {};
  args.stack_size = kPage;  // Without a stack.
  EXPECT_THAT(Clone3(args), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_clone3, BadAddress(), sizeof(args)),
              FailsWith(EFAULT));
}

TEST(ForkLimitTest, ProcessLimitSaysTryAgain) {
  EXPECT_THAT(RunInChild([] {
                const rlimit limit = {0, 0};
                CHILD_CHECK(setrlimit(RLIMIT_NPROC, &limit) == 0);
                CHILD_CHECK(fork() == -1 && errno == EAGAIN);
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
