// SPDX-License-Identifier: Apache-2.0
//
// What root may do with files: ownership, devices, permissions overridden,
// sticky directories, chroot(2), and what users see of that.

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

constexpr uid_t kUser = 1000;
constexpr uid_t kOther = 2000;

class RootTest : public TempDirTest {
 protected:
  RootTest() { chmod(".", 0755); }

  // Runs body as an ordinary user.
  template <typename Body>
  static int AsUser(Body body, uid_t uid = kUser) {
    return RunInChild([&] {
      CHILD_CHECK(setgroups(0, nullptr) == 0);
      CHILD_CHECK(setresgid(uid, uid, uid) == 0);
      CHILD_CHECK(setresuid(uid, uid, uid) == 0);
      body();
    });
  }
};

using ChownRootTest = RootTest;
using AccessRootTest = RootTest;
using StickyRootTest = RootTest;
using MknodRootTest = RootTest;
using ChrootTest = RootTest;
using SetgidRootTest = RootTest;

struct stat Stat(const char* path) {
  struct stat st = {};
  EXPECT_THAT(lstat(path, &st), Succeeds());
  return st;
}

TEST_F(ChownRootTest, ChangesOwnerAndGroup) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(chown("file", kUser, kOther), Succeeds());
  EXPECT_EQ(Stat("file").st_uid, kUser);
  EXPECT_EQ(Stat("file").st_gid, kOther);
  EXPECT_THAT(chown("file", -1, 7), Succeeds());
  EXPECT_EQ(Stat("file").st_uid, kUser);
  EXPECT_EQ(Stat("file").st_gid, 7u);
}

TEST_F(ChownRootTest, LchownNamesTheSymlink) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  EXPECT_THAT(lchown("link", kUser, kUser), Succeeds());
  EXPECT_EQ(Stat("link").st_uid, kUser);
  EXPECT_EQ(Stat("file").st_uid, 0u);
  EXPECT_THAT(chown("link", kUser, kUser), Succeeds());
  EXPECT_EQ(Stat("file").st_uid, kUser);
}

TEST_F(ChownRootTest, ClearsSetIdBitsOfFilesOnly) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(chmod("file", 06755), Succeeds());
  ASSERT_THAT(chmod("dir", 06755), Succeeds());
  ASSERT_THAT(chown("file", kUser, kUser), Succeeds());
  ASSERT_THAT(chown("dir", kUser, kUser), Succeeds());
  EXPECT_EQ(Stat("file").st_mode & 07777, 0755u);
  EXPECT_EQ(Stat("dir").st_mode & 07777, 06755u);
}

TEST_F(ChownRootTest, SetGroupIdWithoutGroupExecuteStays) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chmod("file", 02644), Succeeds());
  ASSERT_THAT(chown("file", kUser, kUser), Succeeds());
  EXPECT_EQ(Stat("file").st_mode & 07777, 02644u);
}

TEST_F(ChownRootTest, OwnerMayChangeToGroupsOfItsOwn) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chown("file", kUser, kUser), Succeeds());
  EXPECT_THAT(RunInChild([] {
                const gid_t group = kOther;
                CHILD_CHECK(setgroups(1, &group) == 0);
                CHILD_CHECK(setgid(kUser) == 0 && setuid(kUser) == 0);
                CHILD_CHECK(chown("file", -1, kOther) == 0);
                CHILD_CHECK(chown("file", -1, 7) == -1 && errno == EPERM);
                CHILD_CHECK(chown("file", 0, -1) == -1 && errno == EPERM);
              }),
              Exited(0));
}

TEST_F(AccessRootTest, RootReadsAndWritesAnything) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(chmod("file", 0), Succeeds());
  const Fd fd(open("file", O_RDWR));
  EXPECT_TRUE(fd.valid());
  EXPECT_THAT(access("file", R_OK | W_OK), Succeeds());
}

TEST_F(AccessRootTest, RootExecutesOnlyWhatSomeoneMay) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(chmod("file", 0666), Succeeds());
  EXPECT_THAT(access("file", X_OK), FailsWith(EACCES));
  EXPECT_THAT(execl("file", "file", nullptr), FailsWith(EACCES));
  ASSERT_THAT(chmod("file", 0001), Succeeds());
  EXPECT_THAT(access("file", X_OK), Succeeds());
}

TEST_F(AccessRootTest, RootSearchesAnyDirectory) {
  ASSERT_THAT(mkdir("dir", 0), Succeeds());
  EXPECT_TRUE(WriteFile("dir/file", "x"));
  EXPECT_THAT(access("dir", X_OK), Succeeds());
}

TEST_F(AccessRootTest, UsersAreJudgedByTheFirstClassThatFits) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(chown("file", kOther, kUser), Succeeds());
  ASSERT_THAT(chmod("file", 0604), Succeeds());  // Others may, the group not.
  EXPECT_THAT(AsUser([] {
                CHILD_CHECK(open("file", O_RDONLY) == -1 && errno == EACCES);
              }),
              Exited(0));
}

TEST_F(AccessRootTest, ForeignFileCannotBeChanged) {
  ASSERT_TRUE(WriteFile("file", "x"));
  ASSERT_THAT(chmod("file", 0666), Succeeds());
  EXPECT_THAT(
      AsUser([] {
        CHILD_CHECK(chmod("file", 0777) == -1 && errno == EPERM);
        const timespec times[2] = {{1, 0}, {1, 0}};
        CHILD_CHECK(utimensat(AT_FDCWD, "file", times, 0) == -1 &&
                    errno == EPERM);
        // Setting to now needs write permission only.
        CHILD_CHECK(utimensat(AT_FDCWD, "file", nullptr, 0) == 0);
        CHILD_CHECK(open("file", O_RDONLY | O_NOATIME) == -1 && errno == EPERM);
      }),
      Exited(0));
}

TEST_F(StickyRootTest, OnlyOwnersRemoveEntries) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(chmod("dir", 01777), Succeeds());
  ASSERT_TRUE(WriteFile("dir/theirs", ""));
  ASSERT_TRUE(WriteFile("dir/mine", ""));
  ASSERT_THAT(chown("dir/mine", kUser, kUser), Succeeds());
  EXPECT_THAT(
      AsUser([] {
        CHILD_CHECK(unlink("dir/theirs") == -1 && errno == EPERM);
        CHILD_CHECK(rename("dir/theirs", "dir/x") == -1 && errno == EPERM);
        CHILD_CHECK(rename("dir/mine", "dir/theirs") == -1 && errno == EPERM);
        CHILD_CHECK(unlink("dir/mine") == 0);
      }),
      Exited(0));
}

TEST_F(StickyRootTest, OwnerOfDirectoryRemovesAll) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(chown("dir", kUser, kUser), Succeeds());
  ASSERT_THAT(chmod("dir", 01777), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  EXPECT_THAT(AsUser([] { CHILD_CHECK(unlink("dir/file") == 0); }), Exited(0));
}

TEST_F(MknodRootTest, MakesDeviceNodes) {
  EXPECT_THAT(mknod("device", S_IFCHR | 0640, makedev(1, 3)), Succeeds());
  const struct stat st = Stat("device");
  EXPECT_EQ(st.st_mode, S_IFCHR | 0640u);
  EXPECT_EQ(st.st_rdev, makedev(1, 3));
  EXPECT_THAT(mknod("block", S_IFBLK | 0600, makedev(7, 200)), Succeeds());
  EXPECT_TRUE(S_ISBLK(Stat("block").st_mode));
}

TEST_F(MknodRootTest, UsersMakeNoDevices) {
  ASSERT_THAT(chmod(".", 0777), Succeeds());
  EXPECT_THAT(
      AsUser([] {
        CHILD_CHECK(mknod("device", S_IFCHR | 0600, makedev(1, 3)) == -1 &&
                    errno == EPERM);
        CHILD_CHECK(mknod("fifo", S_IFIFO | 0600, 0) == 0);
        CHILD_CHECK(mknod("file", 0600, 0) == 0);
      }),
      Exited(0));
}

TEST_F(MknodRootTest, Errors) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(mknod("file", S_IFREG | 0600, 0), FailsWith(EEXIST));
  EXPECT_THAT(mknod("dir", S_IFDIR | 0700, 0), FailsWith(EPERM));
  EXPECT_THAT(mknod("link", S_IFLNK | 0700, 0), FailsWith(EINVAL));
  EXPECT_THAT(mknod("missing/x", S_IFREG | 0600, 0), FailsWith(ENOENT));
}

TEST_F(ChrootTest, ChangesWhereRootIs) {
  ASSERT_THAT(mkdir("root", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("root/inside", "in"));
  ASSERT_THAT(symlink("/inside", "root/link"), Succeeds());
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(chroot("root") == 0 && chdir("/") == 0);
                CHILD_CHECK(access("/inside", F_OK) == 0);
                CHILD_CHECK(access("/../../inside", F_OK) == 0);
                CHILD_CHECK(access("/link", F_OK) == 0);
                CHILD_CHECK(access("/proc", F_OK) == -1 && errno == ENOENT);
                char cwd[64];
                CHILD_CHECK(syscall(SYS_getcwd, cwd, 64) == 2);
              }),
              Exited(0));
}

TEST_F(ChrootTest, WorkingDirectoryOutsideIsUnreachable) {
  ASSERT_THAT(mkdir("root", 0755), Succeeds());
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(chroot("root") == 0);
                char cwd[512] = {};
                CHILD_CHECK(syscall(SYS_getcwd, cwd, 512) > 0);
                CHILD_CHECK(strncmp(cwd, "(unreachable)/", 14) == 0);
              }),
              Exited(0));
}

TEST_F(ChrootTest, Errors) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(chroot("file"), FailsWith(ENOTDIR));
  EXPECT_THAT(chroot("missing"), FailsWith(ENOENT));
  EXPECT_THAT(AsUser([] {
                CHILD_CHECK(chroot("/") == -1 && errno == EPERM);
                CHILD_CHECK(chroot("missing") == -1 && errno == ENOENT);
              }),
              Exited(0));
}

TEST_F(SetgidRootTest, NewFilesTakeGroupOfDirectory) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(chown("dir", 0, kOther), Succeeds());
  ASSERT_THAT(chmod("dir", 02777), Succeeds());
  EXPECT_THAT(AsUser([] {
                close(open("dir/file", O_RDWR | O_CREAT, 0644));
                CHILD_CHECK(mkdir("dir/sub", 0755) == 0);
              }),
              Exited(0));
  EXPECT_EQ(Stat("dir/file").st_uid, kUser);
  EXPECT_EQ(Stat("dir/file").st_gid, kOther);
  EXPECT_EQ(Stat("dir/sub").st_gid, kOther);
  EXPECT_EQ(Stat("dir/sub").st_mode & 07777, 02755u);
}

TEST_F(SetgidRootTest, ChmodByNonMemberDropsTheBit) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chown("file", kUser, kOther), Succeeds());
  EXPECT_THAT(AsUser([] { CHILD_CHECK(chmod("file", 02755) == 0); }),
              Exited(0));
  EXPECT_EQ(Stat("file").st_mode & 07777, 0755u);
}

}  // namespace
}  // namespace emu
