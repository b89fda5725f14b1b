// SPDX-License-Identifier: Apache-2.0
//
// chmod(2), fchmod(2), fchmodat(2), chown(2) without privilege, utimensat(2)
// and its elders, extended attributes.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using ChmodTest = TempDirTest;
using ChownTest = TempDirTest;
using UtimensatTest = TempDirTest;
using XattrTest = TempDirTest;

struct stat Stat(const char* path) {
  struct stat st = {};
  EXPECT_THAT(lstat(path, &st), Succeeds());
  return st;
}

TEST_F(ChmodTest, SetsAllTwelveBits) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(chmod("file", 07777), Succeeds());
  EXPECT_EQ(Stat("file").st_mode, S_IFREG | 07777u);
  EXPECT_THAT(chmod("file", 0100600), Succeeds());  // The type is ignored.
  EXPECT_EQ(Stat("file").st_mode, S_IFREG | 0600u);
}

TEST_F(ChmodTest, FollowsSymlinks) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  EXPECT_THAT(chmod("link", 0600), Succeeds());
  EXPECT_EQ(Stat("file").st_mode & 07777, 0600u);
}

TEST_F(ChmodTest, Errors) {
  EXPECT_THAT(chmod("missing", 0600), FailsWith(ENOENT));
  EXPECT_THAT(fchmod(777, 0600), FailsWith(EBADF));
  EXPECT_THAT(chmod("/dev/null", 0600), FailsWith(EPERM));
  EXPECT_THAT(chmod("/proc/self/status", 0600), FailsWith(EPERM));
}

TEST_F(ChmodTest, ChangesStatusTimeOnly) {
  ASSERT_TRUE(WriteFile("file", ""));
  const timespec old[2] = {{1000, 0}, {2000, 0}};
  ASSERT_THAT(utimensat(AT_FDCWD, "file", old, 0), Succeeds());
  ASSERT_THAT(chmod("file", 0600), Succeeds());
  EXPECT_EQ(Stat("file").st_mtim.tv_sec, 2000);
  EXPECT_GT(Stat("file").st_ctim.tv_sec, 2000);
}

TEST_F(ChmodTest, OpenDescriptorKeepsItsAccess) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(fchmod(fd, 0), Succeeds());
  EXPECT_THAT(write(fd, "J", 1), SucceedsWith(1));
}

TEST_F(ChmodTest, WritingClearsSetUserId) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(fchmod(fd, 06777), Succeeds());
  ASSERT_THAT(write(fd, "J", 1), SucceedsWith(1));
  EXPECT_EQ(Stat("file").st_mode & 07777, 0777u);
}

TEST_F(ChownTest, NothingToChangeSucceeds) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(chown("file", -1, -1), Succeeds());
  EXPECT_THAT(chown("file", geteuid(), getegid()), Succeeds());
}

TEST_F(ChownTest, GivingAwayIsRefused) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(chown("file", geteuid() + 1, -1), FailsWith(EPERM));
  EXPECT_THAT(chown("file", -1, getegid() + 1), FailsWith(EPERM));
}

TEST_F(ChownTest, ClearsSetIdBits) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chmod("file", 06755), Succeeds());
  EXPECT_THAT(chown("file", geteuid(), getegid()), Succeeds());
  EXPECT_EQ(Stat("file").st_mode & 07777, 0755u);
}

TEST_F(ChownTest, Errors) {
  EXPECT_THAT(chown("missing", -1, -1), FailsWith(ENOENT));
  EXPECT_THAT(fchown(777, -1, -1), FailsWith(EBADF));
  EXPECT_THAT(fchownat(AT_FDCWD, ".", -1, -1, 1), FailsWith(EINVAL));
}

TEST_F(UtimensatTest, SetsNanoseconds) {
  ASSERT_TRUE(WriteFile("file", ""));
  const timespec times[2] = {{1234, 567}, {8901, 234}};
  ASSERT_THAT(utimensat(AT_FDCWD, "file", times, 0), Succeeds());
  EXPECT_EQ(Stat("file").st_atim.tv_nsec, 567);
  EXPECT_EQ(Stat("file").st_mtim.tv_sec, 8901);
}

TEST_F(UtimensatTest, OmitAndNow) {
  ASSERT_TRUE(WriteFile("file", ""));
  const timespec old[2] = {{1000, 0}, {2000, 0}};
  ASSERT_THAT(utimensat(AT_FDCWD, "file", old, 0), Succeeds());
  const timespec mixed[2] = {{5, UTIME_OMIT}, {5, UTIME_NOW}};
  ASSERT_THAT(utimensat(AT_FDCWD, "file", mixed, 0), Succeeds());
  EXPECT_EQ(Stat("file").st_atim.tv_sec, 1000);
  EXPECT_GT(Stat("file").st_mtim.tv_sec, 2000);
}

TEST_F(UtimensatTest, NullMeansNow) {
  ASSERT_TRUE(WriteFile("file", ""));
  const timespec old[2] = {{1000, 0}, {2000, 0}};
  ASSERT_THAT(utimensat(AT_FDCWD, "file", old, 0), Succeeds());
  ASSERT_THAT(utimensat(AT_FDCWD, "file", nullptr, 0), Succeeds());
  EXPECT_GT(Stat("file").st_mtim.tv_sec, 2000);
}

TEST_F(UtimensatTest, NofollowSetsSymlinksOwnTimes) {
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  const timespec times[2] = {{1000, 0}, {2000, 0}};
  ASSERT_THAT(utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW),
              Succeeds());
  EXPECT_EQ(Stat("link").st_mtim.tv_sec, 2000);
}

TEST_F(UtimensatTest, NullPathNamesDescriptor) {
  const Fd fd = OpenWith("file", "");
  const timespec times[2] = {{1000, 0}, {2000, 0}};
  EXPECT_THAT(syscall(SYS_utimensat, int{fd}, nullptr, times, 0), Succeeds());
  EXPECT_EQ(Stat("file").st_mtim.tv_sec, 2000);
  EXPECT_THAT(syscall(SYS_utimensat, AT_FDCWD, nullptr, times, 0),
              FailsWith(EFAULT));
}

TEST_F(UtimensatTest, ChecksArguments) {
  const timespec bad[2] = {{0, 1000000000}, {0, 0}};
  const timespec omit[2] = {{0, UTIME_OMIT}, {0, UTIME_OMIT}};
  EXPECT_THAT(utimensat(AT_FDCWD, ".", bad, 0), FailsWith(EINVAL));
  EXPECT_THAT(utimensat(AT_FDCWD, ".", nullptr, 0x80000), FailsWith(EINVAL));
  EXPECT_THAT(utimensat(AT_FDCWD, "missing", nullptr, 0), FailsWith(ENOENT));
  EXPECT_THAT(utimensat(AT_FDCWD, "missing", omit, 0), Succeeds());
  EXPECT_THAT(syscall(SYS_utimensat, AT_FDCWD, "missing", BadAddress(), 0),
              FailsWith(EFAULT));
}

TEST_F(UtimensatTest, ForeignFileAllowsNeither) {
  const timespec times[2] = {{1000, 0}, {2000, 0}};
  EXPECT_THAT(utimensat(AT_FDCWD, "/", times, 0), FailsWith(EPERM));
  EXPECT_THAT(utimensat(AT_FDCWD, "/", nullptr, 0), FailsWith(EACCES));
}

TEST_F(UtimensatTest, OlderCallsAgree) {
  ASSERT_TRUE(WriteFile("file", ""));
  const utimbuf seconds = {11, 22};
  ASSERT_THAT(syscall(SYS_utime, "file", &seconds), Succeeds());
  EXPECT_EQ(Stat("file").st_mtim.tv_sec, 22);
  const timeval micros[2] = {{33, 0}, {44, 55}};
  ASSERT_THAT(syscall(SYS_utimes, "file", micros), Succeeds());
  EXPECT_EQ(Stat("file").st_mtim.tv_nsec, 55000);
  const timeval bad[2] = {{33, 1000000}, {44, 55}};
  EXPECT_THAT(syscall(SYS_futimesat, AT_FDCWD, "file", bad), FailsWith(EINVAL));
}

TEST_F(XattrTest, SetsGetsListsAndRemoves) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(setxattr("file", "user.color", "red", 3, 0), Succeeds());
  char value[16];
  EXPECT_THAT(getxattr("file", "user.color", value, sizeof(value)),
              SucceedsWith(3));
  EXPECT_EQ(std::string(value, 3), "red");
  EXPECT_THAT(listxattr("file", value, sizeof(value)), SucceedsWith(11));
  EXPECT_EQ(std::string(value, 11), std::string("user.color\0", 11));
  EXPECT_THAT(removexattr("file", "user.color"), Succeeds());
  EXPECT_THAT(getxattr("file", "user.color", value, sizeof(value)),
              FailsWith(ENODATA));
}

TEST_F(XattrTest, ZeroSizeAsksForTheSize) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(fsetxattr(fd, "user.a", "12345", 5, 0), Succeeds());
  EXPECT_THAT(fgetxattr(fd, "user.a", nullptr, 0), SucceedsWith(5));
  EXPECT_THAT(flistxattr(fd, nullptr, 0), SucceedsWith(7));
}

TEST_F(XattrTest, SmallBufferIsOutOfRange) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(setxattr("file", "user.a", "12345", 5, 0), Succeeds());
  char value[2];
  EXPECT_THAT(getxattr("file", "user.a", value, 2), FailsWith(ERANGE));
  EXPECT_THAT(listxattr("file", value, 2), FailsWith(ERANGE));
}

TEST_F(XattrTest, CreateAndReplaceFlags) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(setxattr("file", "user.a", "1", 1, XATTR_REPLACE),
              FailsWith(ENODATA));
  EXPECT_THAT(setxattr("file", "user.a", "1", 1, XATTR_CREATE), Succeeds());
  EXPECT_THAT(setxattr("file", "user.a", "2", 1, XATTR_CREATE),
              FailsWith(EEXIST));
  EXPECT_THAT(setxattr("file", "user.a", "2", 1, XATTR_REPLACE), Succeeds());
  EXPECT_THAT(setxattr("file", "user.a", "2", 1, 4), FailsWith(EINVAL));
}

TEST_F(XattrTest, NamesAndSizesAreChecked) {
  ASSERT_TRUE(WriteFile("file", ""));
  const std::string long_name = "user." + std::string(251, 'x');
  EXPECT_THAT(setxattr("file", "", "1", 1, 0), FailsWith(ERANGE));
  EXPECT_THAT(setxattr("file", long_name.c_str(), "1", 1, 0),
              FailsWith(ERANGE));
  EXPECT_THAT(setxattr("file", "nonsense", "1", 1, 0), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(syscall(SYS_setxattr, "file", "user.a", "1", 65537, 0),
              FailsWith(E2BIG));
  EXPECT_THAT(setxattr("file", "trusted.a", "1", 1, 0), FailsWith(EPERM));
}

TEST_F(XattrTest, OnlyFilesAndDirectoriesHaveUserAttributes) {
  ASSERT_THAT(symlink("x", "link"), Succeeds());
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  EXPECT_THAT(lsetxattr("link", "user.a", "1", 1, 0), FailsWith(EPERM));
  EXPECT_THAT(setxattr("fifo", "user.a", "1", 1, 0), FailsWith(EPERM));
  EXPECT_THAT(setxattr(".", "user.a", "1", 1, 0), Succeeds());
}

TEST_F(XattrTest, PermissionOfFileDecides) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chmod("file", 0200), Succeeds());
  char value[4];
  EXPECT_THAT(setxattr("file", "user.a", "1", 1, 0), Succeeds());
  EXPECT_THAT(getxattr("file", "user.a", value, 4), FailsWith(EACCES));
}

}  // namespace
}  // namespace emu
