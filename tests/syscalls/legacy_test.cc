// SPDX-License-Identifier: Apache-2.0
//
// Old calls that glibc no longer makes but that older and other programs do;
// the small ones that belong to no family; numbers that Linux has given up.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using LegacyTest = TempDirTest;

TEST_F(LegacyTest, GetdentsHasTypeInLastByte) {
  ASSERT_TRUE(WriteFile("file", ""));
  struct OldEntry {
    unsigned long ino;
    unsigned long off;
    unsigned short reclen;
    char name[];
  };
  const Fd dir(open(".", O_RDONLY));
  alignas(8) char buffer[1024];
  const long n = syscall(SYS_getdents, int{dir}, buffer, sizeof(buffer));
  ASSERT_THAT(n, Succeeds());
  bool found = false;
  for (long at = 0; at < n;) {
    const auto* entry = reinterpret_cast<OldEntry*>(buffer + at);
    if (std::string(entry->name) == "file") {
      found = true;
      EXPECT_EQ(buffer[at + entry->reclen - 1], DT_REG);
    }
    at += entry->reclen;
  }
  EXPECT_TRUE(found);
}

TEST_F(LegacyTest, RenameLinkAndSymlinkFamilies) {
  ASSERT_TRUE(WriteFile("a", "x"));
  EXPECT_THAT(syscall(SYS_link, "a", "b"), Succeeds());
  EXPECT_THAT(syscall(SYS_rename, "a", "c"), Succeeds());
  EXPECT_THAT(syscall(SYS_symlink, "c", "d"), Succeeds());
  char target[4];
  EXPECT_THAT(syscall(SYS_readlink, "d", target, 4), SucceedsWith(1));
  EXPECT_THAT(syscall(SYS_unlink, "b"), Succeeds());
  EXPECT_THAT(syscall(SYS_mkdir, "e", 0755), Succeeds());
  EXPECT_THAT(syscall(SYS_rmdir, "e"), Succeeds());
  EXPECT_THAT(syscall(SYS_mknod, "f", S_IFIFO | 0644, 0), Succeeds());
  EXPECT_THAT(syscall(SYS_chmod, "c", 0600), Succeeds());
  EXPECT_THAT(syscall(SYS_access, "c", R_OK), Succeeds());
}

TEST_F(LegacyTest, DescriptorCallsWithoutFlags) {
  const Fd epoll(syscall(SYS_epoll_create, 1));
  const Fd inotify(syscall(SYS_inotify_init));
  const Fd event(syscall(SYS_eventfd, 3));
  const uint64_t set = 0;
  const Fd signal(syscall(SYS_signalfd, -1, &set, 8));
  for (const Fd* fd : {&epoll, &inotify, &event, &signal}) {
    EXPECT_THAT(fcntl(*fd, F_GETFD), SucceedsWith(0));
  }
  int fds[2];
  ASSERT_THAT(syscall(SYS_pipe, fds), Succeeds());
  const Fd read(fds[0]);
  const Fd write(fds[1]);
  EXPECT_THAT(syscall(SYS_dup2, int{read}, 50), SucceedsWith(50));
  close(50);
}

TEST_F(LegacyTest, ForkAndVfork) {
  const long child = syscall(SYS_fork);
  if (child == 0) _exit(3);
  int status = 0;
  EXPECT_THAT(waitpid(child, &status, 0), SucceedsWith(child));
  EXPECT_THAT(status, Exited(3));
}

TEST_F(LegacyTest, WaitingCalls) {
  EXPECT_THAT(syscall(SYS_poll, nullptr, 0, 1), SucceedsWith(0));
  timeval timeout = {0, 1000};
  EXPECT_THAT(syscall(SYS_select, 0, nullptr, nullptr, nullptr, &timeout),
              SucceedsWith(0));
  const Fd epoll(epoll_create1(0));
  epoll_event event;
  EXPECT_THAT(syscall(SYS_epoll_wait, int{epoll}, &event, 1, 1),
              SucceedsWith(0));
}

TEST_F(LegacyTest, ProcessGroupAndAlarm) {
  EXPECT_THAT(syscall(SYS_getpgrp), SucceedsWith(long{getpgid(0)}));
  EXPECT_THAT(syscall(SYS_alarm, 100), SucceedsWith(0));
  EXPECT_THAT(syscall(SYS_alarm, 0), Succeeds());
}

TEST_F(LegacyTest, TimeStoresAndReturns) {
  time_t stored = 0;
  const long now = syscall(SYS_time, &stored);
  EXPECT_EQ(now, stored);
  EXPECT_THAT(syscall(SYS_time, BadAddress()), FailsWith(EFAULT));
}

TEST_F(LegacyTest, GivenUpNumbersAreNotImplemented) {
  for (const int number :
       {SYS_uselib, SYS__sysctl, SYS_create_module, SYS_get_kernel_syms,
        SYS_query_module, SYS_nfsservctl, SYS_getpmsg, SYS_putpmsg,
        SYS_afs_syscall, SYS_tuxcall, SYS_security, SYS_set_thread_area,
        SYS_get_thread_area, SYS_epoll_ctl_old, SYS_epoll_wait_old,
        SYS_vserver}) {
    EXPECT_THAT(syscall(number, 0, 0, 0, 0, 0, 0), FailsWith(ENOSYS)) << number;
  }
}

TEST_F(LegacyTest, SyncAlwaysSucceeds) {
  const Fd fd = OpenWith("file", "x");
  EXPECT_THAT(syscall(SYS_sync_file_range, int{fd}, 0, 0, 0), Succeeds());
  EXPECT_THAT(syscall(SYS_sync_file_range, int{fd}, 0, 0, 99),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sync_file_range, int{fd}, -1L, 0L, 0),
              FailsWith(EINVAL));
}

TEST(SchedAttrTest, GetattrDescribesPolicy) {
  struct Attributes {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
  } attributes = {};
  ASSERT_THAT(syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0),
              Succeeds());
  EXPECT_EQ(attributes.policy, uint32_t{SCHED_OTHER});
  EXPECT_EQ(attributes.size, 48u);
  EXPECT_THAT(syscall(SYS_sched_getattr, 0, &attributes, 8, 0),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sched_setattr, 0, &attributes, 0), Succeeds());
  EXPECT_THAT(syscall(SYS_sched_setattr, 0, &attributes, 1), FailsWith(EINVAL));
}

TEST(SchedAttrTest, RoundRobinIntervalCanBeAsked) {
  timespec interval = {-1, -1};
  EXPECT_THAT(sched_rr_get_interval(0, &interval), Succeeds());
  EXPECT_GE(interval.tv_nsec, 0);
  EXPECT_THAT(sched_rr_get_interval(-1, &interval), FailsWith(EINVAL));
  EXPECT_THAT(sched_yield(), Succeeds());
}

TEST(IoprioTest, RoundTrips) {
  EXPECT_THAT(
      RunInChild([] {
        const int wanted = 2 << 13 | 5;  // Best effort, level 5.
        CHILD_CHECK(syscall(SYS_ioprio_set, 1, 0, wanted) == 0);
        CHILD_CHECK(syscall(SYS_ioprio_get, 1, 0) == wanted);
        CHILD_CHECK(syscall(SYS_ioprio_get, 9, 0) == -1 && errno == EINVAL);
      }),
      Exited(0));
}

TEST(SignalQueueLimitTest, FullQueueSaysTryAgain) {
  EXPECT_THAT(
      RunInChild([] {
        const rlimit limit = {0, 0};
        CHILD_CHECK(setrlimit(RLIMIT_SIGPENDING, &limit) == 0);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGRTMIN);
        sigprocmask(SIG_BLOCK, &set, nullptr);
        CHILD_CHECK(sigqueue(getpid(), SIGRTMIN, {.sival_int = 1}) == -1 &&
                    errno == EAGAIN);
        kill(getpid(), SIGUSR2);  // Those of kill need no room.
      }),
      KilledBy(SIGUSR2));
}

}  // namespace
}  // namespace emu
