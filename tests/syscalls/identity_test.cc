// SPDX-License-Identifier: Apache-2.0
//
// User and group ids without privilege, capabilities, prctl(2), rlimits,
// personality(2), arch_prctl(2).

#include <asm/prctl.h>
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

TEST(UidTest, AllFourAgree) {
  uid_t real;
  uid_t effective;
  uid_t saved;
  ASSERT_THAT(getresuid(&real, &effective, &saved), Succeeds());
  EXPECT_EQ(real, getuid());
  EXPECT_EQ(effective, geteuid());
  EXPECT_EQ(saved, real);
  EXPECT_EQ(setfsuid(-1), static_cast<int>(effective));
}

TEST(UidTest, UnprivilegedMayOnlyStay) {
  const uid_t uid = getuid();
  EXPECT_THAT(setuid(uid), Succeeds());
  EXPECT_THAT(setuid(uid + 1), FailsWith(EPERM));
  EXPECT_THAT(setresuid(-1, uid + 1, -1), FailsWith(EPERM));
  EXPECT_THAT(setresuid(-1, -1, -1), Succeeds());
  EXPECT_THAT(setreuid(uid, uid), Succeeds());
  EXPECT_THAT(setuid(-1), FailsWith(EINVAL));
}

TEST(GidTest, UnprivilegedMayOnlyStay) {
  const gid_t gid = getgid();
  EXPECT_THAT(setgid(gid), Succeeds());
  EXPECT_THAT(setgid(gid + 1), FailsWith(EPERM));
  EXPECT_THAT(setregid(-1, gid + 1), FailsWith(EPERM));
  EXPECT_THAT(setresgid(gid, gid, gid), Succeeds());
  EXPECT_THAT(setgroups(0, nullptr), FailsWith(EPERM));
}

TEST(GetgroupsTest, ChecksSize) {
  EXPECT_THAT(syscall(SYS_getgroups, -1, nullptr), FailsWith(EINVAL));
  const int count = getgroups(0, nullptr);
  ASSERT_THAT(count, Succeeds());
  gid_t groups[65536];
  EXPECT_THAT(getgroups(65536, groups), SucceedsWith(count));
}

TEST(CapabilityTest, UnprivilegedHasNone) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2];
  memset(data, 0xff, sizeof(data));
  ASSERT_THAT(syscall(SYS_capget, &header, data), Succeeds());
  EXPECT_EQ(data[0].effective, 0u);
  EXPECT_EQ(data[1].permitted, 0u);
}

TEST(CapabilityTest, UnknownVersionIsAnswered) {
  __user_cap_header_struct header = {1, 0};
  __user_cap_data_struct data[2];
  EXPECT_THAT(syscall(SYS_capget, &header, data), FailsWith(EINVAL));
  EXPECT_EQ(header.version, uint32_t{_LINUX_CAPABILITY_VERSION_3});
  header.version = 1;
  EXPECT_THAT(syscall(SYS_capget, &header, nullptr), Succeeds());
}

TEST(CapabilityTest, CannotBeGained) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {};
  EXPECT_THAT(syscall(SYS_capset, &header, data), Succeeds());
  data[0].effective = data[0].permitted = 1;
  EXPECT_THAT(syscall(SYS_capset, &header, data), FailsWith(EPERM));
  header.pid = getppid();
  EXPECT_THAT(syscall(SYS_capset, &header, data), FailsWith(EPERM));
}

TEST(CapabilityTest, PrivilegedCallsAreRefused) {
  EXPECT_THAT(chroot("/"), FailsWith(EPERM));
  EXPECT_THAT(sethostname("x", 1), FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_mount, "a", "/", "tmpfs", 0, nullptr),
              FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_umount2, "/proc", 0), FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_syslog, 5, nullptr, 0), FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_reboot, 0xfee1dead, 672274793, 0, nullptr),
              FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_swapoff, "/"), FailsWith(EPERM));
}

TEST(PrctlTest, NameIsCutAtFifteenBytes) {
  char old[16];
  ASSERT_THAT(prctl(PR_GET_NAME, old), Succeeds());
  ASSERT_THAT(prctl(PR_SET_NAME, "0123456789abcdefgh"), Succeeds());
  char name[16];
  ASSERT_THAT(prctl(PR_GET_NAME, name), Succeeds());
  EXPECT_STREQ(name, "0123456789abcde");
  ASSERT_THAT(prctl(PR_SET_NAME, old), Succeeds());
  EXPECT_THAT(prctl(PR_SET_NAME, BadAddress()), FailsWith(EFAULT));
}

TEST(PrctlTest, ParentDeathSignalRoundTripsAndIsNotInherited) {
  EXPECT_THAT(
      RunInChild([] {
        CHILD_CHECK(prctl(PR_SET_PDEATHSIG, SIGUSR1) == 0);
        int sig = 0;
        CHILD_CHECK(prctl(PR_GET_PDEATHSIG, &sig) == 0);
        CHILD_CHECK(sig == SIGUSR1);
        CHILD_CHECK(prctl(PR_SET_PDEATHSIG, 65) == -1 && errno == EINVAL);
        CHILD_CHECK(RunInChild([] {
                      int sig = 1;
                      CHILD_CHECK(prctl(PR_GET_PDEATHSIG, &sig) == 0);
                      CHILD_CHECK(sig == 0);
                    }) == 0);
      }),
      Exited(0));
}

TEST(PrctlTest, NoNewPrivsCannotBeTakenBack) {
  EXPECT_THAT(
      RunInChild([] {
        CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
        CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
        CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
        CHILD_CHECK(prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == -1 &&
                    errno == EINVAL);
        CHILD_CHECK(RunInChild([] {
                      CHILD_CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
                    }) == 0);
      }),
      Exited(0));
}

TEST(PrctlTest, DumpableAndSubreaperRoundTrip) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(PR_SET_DUMPABLE, 0) == 0);
                CHILD_CHECK(prctl(PR_GET_DUMPABLE) == 0);
                CHILD_CHECK(prctl(PR_SET_DUMPABLE, 5) == -1 && errno == EINVAL);
                CHILD_CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
                int value = -1;
                CHILD_CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
                CHILD_CHECK(prctl(PR_GET_CHILD_SUBREAPER, &value) == 0);
                CHILD_CHECK(value == 1);
                CHILD_CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0);
                CHILD_CHECK(prctl(PR_GET_KEEPCAPS) == 1);
              }),
              Exited(0));
}

TEST(PrctlTest, UnknownOptionIsInvalid) {
  EXPECT_THAT(prctl(12345, 0, 0, 0, 0), FailsWith(EINVAL));
}

TEST(PrctlTest, BoundingSetCanBeRead) {
  EXPECT_THAT(prctl(PR_CAPBSET_READ, CAP_CHOWN), Succeeds());
  EXPECT_THAT(prctl(PR_CAPBSET_READ, 99), FailsWith(EINVAL));
  EXPECT_THAT(prctl(PR_CAPBSET_DROP, CAP_CHOWN), FailsWith(EPERM));
}

TEST(ArchPrctlTest, SegmentBasesRoundTrip) {
  unsigned long base = 0;
  ASSERT_THAT(syscall(SYS_arch_prctl, ARCH_GET_FS, &base), Succeeds());
  EXPECT_NE(base, 0u);  // Thread-local storage.
  unsigned long old = 0;
  ASSERT_THAT(syscall(SYS_arch_prctl, ARCH_GET_GS, &old), Succeeds());
  ASSERT_THAT(syscall(SYS_arch_prctl, ARCH_SET_GS, 0x123000), Succeeds());
  ASSERT_THAT(syscall(SYS_arch_prctl, ARCH_GET_GS, &base), Succeeds());
  EXPECT_EQ(base, 0x123000u);
  EXPECT_THAT(syscall(SYS_arch_prctl, ARCH_SET_GS, old), Succeeds());
}

TEST(ArchPrctlTest, Errors) {
  EXPECT_THAT(syscall(SYS_arch_prctl, ARCH_SET_GS, 0xffff800000000000),
              FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_arch_prctl, ARCH_GET_FS, BadAddress()),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_arch_prctl, 0x9999, 0), FailsWith(EINVAL));
}

TEST(RlimitTest, SoftLimitMayMoveBelowHard) {
  EXPECT_THAT(
      RunInChild([] {
        rlimit limit = {100, 200};
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHILD_CHECK(limit.rlim_cur == 100 && limit.rlim_max == 200);
        limit = {200, 200};
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        limit = {200, 201};
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == -1 && errno == EPERM);
        limit = {150, 100};
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == -1 && errno == EINVAL);
      }),
      Exited(0));
}

TEST(RlimitTest, IsInherited) {
  EXPECT_THAT(
      RunInChild([] {
        const rlimit limit = {77, 77};
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        CHILD_CHECK(RunInChild([] {
                      rlimit limit;
                      CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
                      CHILD_CHECK(limit.rlim_cur == 77);
                    }) == 0);
      }),
      Exited(0));
}

TEST(RlimitTest, PrlimitReadsAndWritesOthers) {
  Child child([] {
    for (;;) pause();
  });
  const rlimit wanted = {50, 60};
  rlimit old;
  ASSERT_THAT(prlimit(child.pid(), RLIMIT_NOFILE, &wanted, &old), Succeeds());
  ASSERT_THAT(prlimit(child.pid(), RLIMIT_NOFILE, nullptr, &old), Succeeds());
  EXPECT_EQ(old.rlim_cur, 50u);
}

TEST(RlimitTest, Errors) {
  rlimit limit;
  EXPECT_THAT(syscall(SYS_getrlimit, 99, &limit), FailsWith(EINVAL));
  EXPECT_THAT(
      syscall(SYS_prlimit64, 0x3ffffff0, RLIMIT_NOFILE, nullptr, &limit),
      FailsWith(ESRCH));
  EXPECT_THAT(syscall(SYS_getrlimit, RLIMIT_NOFILE, BadAddress()),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_prlimit64, 0, 99, nullptr, nullptr),
              FailsWith(EINVAL));
}

TEST(PersonalityTest, CanBeAsked) {
  EXPECT_THAT(syscall(SYS_personality, 0xffffffff), Succeeds());
}

}  // namespace
}  // namespace emu
