// SPDX-License-Identifier: Apache-2.0
//
// What root may do with ids and capabilities, and how it gives them up.

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using SetuidRootTest = TempDirTest;
using CapabilityRootTest = TempDirTest;
using KillRootTest = TempDirTest;

constexpr uid_t kUser = 1000;
constexpr uid_t kOther = 2000;

bool ResuidIs(uid_t real, uid_t effective, uid_t saved) {
  uid_t ids[3];
  return getresuid(&ids[0], &ids[1], &ids[2]) == 0 && ids[0] == real &&
         ids[1] == effective && ids[2] == saved;
}

struct Caps {
  uint64_t effective;
  uint64_t permitted;
  uint64_t inheritable;
};

Caps GetCaps() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct d[2];
  CHILD_CHECK(syscall(SYS_capget, &header, d) == 0);
  return {d[0].effective | uint64_t{d[1].effective} << 32,
          d[0].permitted | uint64_t{d[1].permitted} << 32,
          d[0].inheritable | uint64_t{d[1].inheritable} << 32};
}

int SetCaps(Caps caps) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct d[2];
  for (int i = 0; i < 2; ++i) {
    d[i].effective = caps.effective >> (32 * i);
    d[i].permitted = caps.permitted >> (32 * i);
    d[i].inheritable = caps.inheritable >> (32 * i);
  }
  return syscall(SYS_capset, &header, d);
}

constexpr uint64_t Bit(int capability) { return uint64_t{1} << capability; }

// For programs that are run with kept descriptors of root's directories.
void BecomeUser(uid_t uid = kUser) {
  CHILD_CHECK(setgroups(0, nullptr) == 0);
  CHILD_CHECK(setresgid(uid, uid, uid) == 0);
  CHILD_CHECK(setresuid(uid, uid, uid) == 0);
}

TEST_F(SetuidRootTest, SetuidSetsAllThreeForGood) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setuid(kUser) == 0);
                CHILD_CHECK(ResuidIs(kUser, kUser, kUser));
                CHILD_CHECK(setuid(0) == -1 && errno == EPERM);
              }),
              Exited(0));
}

TEST_F(SetuidRootTest, SeteuidCanComeBack) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(seteuid(kUser) == 0);
                CHILD_CHECK(ResuidIs(0, kUser, 0));
                CHILD_CHECK(GetCaps().effective == 0);
                CHILD_CHECK(GetCaps().permitted != 0);
                CHILD_CHECK(seteuid(0) == 0);
                CHILD_CHECK(GetCaps().effective != 0);
              }),
              Exited(0));
}

TEST_F(SetuidRootTest, UnprivilegedSetuidSwitchesEffectiveOnly) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setresuid(kUser, kUser, kOther) == 0);
                CHILD_CHECK(setuid(kOther) == 0);
                CHILD_CHECK(ResuidIs(kUser, kOther, kOther));
                CHILD_CHECK(setuid(kUser) == 0);
                CHILD_CHECK(ResuidIs(kUser, kUser, kOther));
              }),
              Exited(0));
}

TEST_F(SetuidRootTest, SetreuidMovesSavedId) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setreuid(kUser, kOther) == 0);
                CHILD_CHECK(ResuidIs(kUser, kOther, kOther));
                CHILD_CHECK(setreuid(kOther, kUser) == 0);
                CHILD_CHECK(ResuidIs(kOther, kUser, kUser));
              }),
              Exited(0));
}

TEST_F(SetuidRootTest, FsuidFollowsAndDecidesOwnership) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(chmod(".", 0777) == 0);
                CHILD_CHECK(setfsuid(kUser) == 0);
                CHILD_CHECK(setfsuid(-1) == kUser);
                close(open("file", O_RDWR | O_CREAT, 0644));
                struct stat st;
                CHILD_CHECK(stat("file", &st) == 0 && st.st_uid == kUser);
                CHILD_CHECK(seteuid(kOther) == 0);
                CHILD_CHECK(setfsuid(-1) == kOther);
              }),
              Exited(0));
}

TEST_F(SetuidRootTest, GroupsCanBeSet) {
  EXPECT_THAT(RunInChild([] {
                const gid_t groups[] = {5, 3, 4};
                CHILD_CHECK(setgroups(3, groups) == 0);
                gid_t now[8];
                CHILD_CHECK(getgroups(8, now) == 3);
                CHILD_CHECK(now[0] == 3 && now[2] == 5);  // Sorted.
                CHILD_CHECK(getgroups(2, now) == -1 && errno == EINVAL);
                CHILD_CHECK(syscall(SYS_setgroups, 65537, groups) == -1 &&
                            errno == EINVAL);
              }),
              Exited(0));
}

TEST_F(SetuidRootTest, SupplementaryGroupGivesAccess) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(chown("file", 0, kOther), Succeeds());
  ASSERT_THAT(chmod("file", 0040), Succeeds());
  EXPECT_THAT(RunInChild([] {
                const gid_t group = kOther;
                CHILD_CHECK(chmod(".", 0755) == 0);
                CHILD_CHECK(setgroups(1, &group) == 0);
                CHILD_CHECK(setgid(kUser) == 0 && setuid(kUser) == 0);
                CHILD_CHECK(open("file", O_RDONLY) >= 0);
                CHILD_CHECK(open("file", O_WRONLY) == -1 && errno == EACCES);
              }),
              Exited(0));
}

TEST_F(SetuidRootTest, IdMinusOneIsInvalid) {
  EXPECT_THAT(setuid(-1), FailsWith(EINVAL));
  EXPECT_THAT(setgid(-1), FailsWith(EINVAL));
}

TEST_F(SetuidRootTest, AccessAsksForTheRealUser) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(chmod("file", 0600), Succeeds());
  ASSERT_THAT(chmod(".", 0755), Succeeds());
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setresuid(kUser, 0, 0) == 0);
                CHILD_CHECK(access("file", R_OK) == -1 && errno == EACCES);
                CHILD_CHECK(syscall(SYS_faccessat2, AT_FDCWD, "file", R_OK,
                                    AT_EACCESS) == 0);
                CHILD_CHECK(open("file", O_RDONLY) >= 0);
              }),
              Exited(0));
}

TEST_F(CapabilityRootTest, LeavingRootClearsAll) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(GetCaps().effective & Bit(CAP_CHOWN));
                CHILD_CHECK(setresuid(kUser, kUser, kUser) == 0);
                const Caps caps = GetCaps();
                CHILD_CHECK(caps.effective == 0 && caps.permitted == 0);
              }),
              Exited(0));
}

TEST_F(CapabilityRootTest, KeepcapsKeepsPermitted) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0);
                CHILD_CHECK(setresuid(kUser, kUser, kUser) == 0);
                Caps caps = GetCaps();
                CHILD_CHECK(caps.effective == 0);
                CHILD_CHECK(caps.permitted & Bit(CAP_SETUID));
                caps.effective = Bit(CAP_SETUID);
                CHILD_CHECK(SetCaps(caps) == 0);
                CHILD_CHECK(setuid(kOther) == 0);
              }),
              Exited(0));
}

TEST_F(CapabilityRootTest, DroppedCapabilityIsMissed) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(
      RunInChild([] {
        Caps caps = GetCaps();
        caps.effective &= ~Bit(CAP_CHOWN);
        CHILD_CHECK(SetCaps(caps) == 0);
        CHILD_CHECK(chown("file", kUser, kUser) == -1 && errno == EPERM);
        caps.effective |= Bit(CAP_CHOWN);
        CHILD_CHECK(SetCaps(caps) == 0);  // Still permitted.
        CHILD_CHECK(chown("file", kUser, kUser) == 0);
        caps.effective = caps.permitted &= ~Bit(CAP_CHOWN);
        CHILD_CHECK(SetCaps(caps) == 0);
        caps.permitted |= Bit(CAP_CHOWN);
        CHILD_CHECK(SetCaps(caps) == -1 && errno == EPERM);
      }),
      Exited(0));
}

TEST_F(CapabilityRootTest, BoundingSetOnlyShrinks) {
  EXPECT_THAT(
      RunInChild([] {
        CHILD_CHECK(prctl(PR_CAPBSET_READ, CAP_SYSLOG) >= 0);
        CHILD_CHECK(prctl(PR_CAPBSET_DROP, CAP_CHOWN) == 0);
        CHILD_CHECK(prctl(PR_CAPBSET_READ, CAP_CHOWN) == 0);
        CHILD_CHECK(prctl(PR_CAPBSET_DROP, 99) == -1 && errno == EINVAL);
      }),
      Exited(0));
}

TEST_F(CapabilityRootTest, AmbientNeedsInheritableAndPermitted) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
                                  CAP_CHOWN, 0, 0) == -1 &&
                            errno == EPERM);
                Caps caps = GetCaps();
                caps.inheritable |= Bit(CAP_CHOWN);
                CHILD_CHECK(SetCaps(caps) == 0);
                CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
                                  CAP_CHOWN, 0, 0) == 0);
                CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET,
                                  CAP_CHOWN, 0, 0) == 1);
                CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0,
                                  0, 0) == 0);
                CHILD_CHECK(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET,
                                  CAP_CHOWN, 0, 0) == 0);
              }),
              Exited(0));
}

TEST_F(CapabilityRootTest, SecurebitsRoundTrip) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(PR_GET_SECUREBITS) == 0);
                CHILD_CHECK(prctl(PR_SET_SECUREBITS, SECBIT_NOROOT) == 0);
                CHILD_CHECK(prctl(PR_GET_SECUREBITS) == SECBIT_NOROOT);
              }),
              Exited(0));
}

TEST_F(CapabilityRootTest, ExecOfUserDropsCapabilities) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(prctl(PR_SET_KEEPCAPS, 1) == 0);
                CHILD_CHECK(setresuid(kUser, kUser, kUser) == 0);
                execl("/bin/grep", "grep", "-q", "CapPrm:.0000000000000000",
                      "/proc/self/status", nullptr);
              }),
              Exited(0));
}

// Root in a container lacks some capabilities; what it may do must agree.
TEST_F(CapabilityRootTest, LimitsRiseWithSysResourceOnly) {
  EXPECT_THAT(
      RunInChild([] {
        rlimit limit = {100, 200};
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
        limit = {300, 300};
        Caps caps = GetCaps();
        CHILD_CHECK((setrlimit(RLIMIT_NOFILE, &limit) == 0) ==
                    ((caps.effective & Bit(CAP_SYS_RESOURCE)) != 0));
        caps.effective &= ~Bit(CAP_SYS_RESOURCE);
        CHILD_CHECK(SetCaps(caps) == 0);
        limit = {400, 400};
        CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == -1 && errno == EPERM);
      }),
      Exited(0));
}

TEST_F(CapabilityRootTest, NiceFallsWithSysNiceOnly) {
  EXPECT_THAT(
      RunInChild([] {
        CHILD_CHECK(setpriority(PRIO_PROCESS, 0, 5) == 0);
        Caps caps = GetCaps();
        CHILD_CHECK((setpriority(PRIO_PROCESS, 0, 3) == 0) ==
                    ((caps.effective & Bit(CAP_SYS_NICE)) != 0));
        caps.effective &= ~Bit(CAP_SYS_NICE);
        CHILD_CHECK(SetCaps(caps) == 0);
        CHILD_CHECK(setpriority(PRIO_PROCESS, 0, 1) == -1 && errno == EACCES);
      }),
      Exited(0));
}

TEST_F(KillRootTest, UsersMayOnlySignalTheirOwn) {
  Pipe ready;
  Child victim([&] {
    BecomeUser(kOther);
    write(ready.write, "x", 1);
    for (;;) pause();
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  EXPECT_THAT(RunInChild([&] {
                BecomeUser();
                CHILD_CHECK(kill(victim.pid(), 0) == -1 && errno == EPERM);
                CHILD_CHECK(kill(victim.pid(), 65) == -1 && errno == EINVAL);
              }),
              Exited(0));
  EXPECT_THAT(RunInChild([&] {
                BecomeUser(kOther);
                CHILD_CHECK(kill(victim.pid(), 0) == 0);
              }),
              Exited(0));
  EXPECT_THAT(kill(victim.pid(), 0), Succeeds());
}

TEST_F(KillRootTest, SavedUidOfTargetCounts) {
  Pipe ready;
  Child victim([&] {
    CHILD_CHECK(setresuid(kOther, kOther, kUser) == 0);
    write(ready.write, "x", 1);
    for (;;) pause();
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  EXPECT_THAT(RunInChild([&] {
                BecomeUser();
                CHILD_CHECK(kill(victim.pid(), 0) == 0);
              }),
              Exited(0));
}

TEST_F(KillRootTest, ContinueReachesTheSameSession) {
  Pipe ready;
  Child victim([&] {
    BecomeUser(kOther);
    write(ready.write, "x", 1);
    for (;;) pause();
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  EXPECT_THAT(
      RunInChild([&] {
        BecomeUser();
        CHILD_CHECK(kill(victim.pid(), SIGCONT) == 0);
        CHILD_CHECK(setsid() > 0);
        CHILD_CHECK(kill(victim.pid(), SIGCONT) == -1 && errno == EPERM);
      }),
      Exited(0));
}

}  // namespace
}  // namespace emu
