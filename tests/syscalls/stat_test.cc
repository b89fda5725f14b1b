// SPDX-License-Identifier: Apache-2.0
//
// stat(2), lstat(2), fstat(2), newfstatat(2), statx(2), statfs(2), access(2),
// faccessat2(2).

#include <fcntl.h>
#include <linux/stat.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using StatTest = TempDirTest;
using FstatatTest = TempDirTest;
using StatxTest = TempDirTest;
using StatfsTest = TempDirTest;
using AccessTest = TempDirTest;

TEST_F(StatTest, DescribesRegularFile) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  struct stat st;
  ASSERT_THAT(stat("file", &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFREG | 0644u);
  EXPECT_EQ(st.st_size, 5);
  EXPECT_EQ(st.st_nlink, 1u);
  EXPECT_EQ(st.st_uid, geteuid());
  EXPECT_EQ(st.st_gid, getegid());
  EXPECT_GT(st.st_blksize, 0);
  EXPECT_NE(st.st_ino, 0u);
}

TEST_F(StatTest, DescribesDirectory) {
  ASSERT_THAT(mkdir("dir", 0750), Succeeds());
  struct stat st;
  ASSERT_THAT(stat("dir", &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFDIR | 0750u);
}

TEST_F(StatTest, DescribesCharacterDevice) {
  struct stat st;
  ASSERT_THAT(stat("/dev/null", &st), Succeeds());
  EXPECT_TRUE(S_ISCHR(st.st_mode));
  EXPECT_EQ(st.st_rdev, makedev(1, 3));
}

TEST_F(StatTest, FollowsSymlinkWhereLstatDoesNot) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  struct stat st;
  ASSERT_THAT(stat("link", &st), Succeeds());
  EXPECT_TRUE(S_ISREG(st.st_mode));
  ASSERT_THAT(lstat("link", &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFLNK | 0777u);
  EXPECT_EQ(st.st_size, 4);
}

TEST_F(StatTest, TrailingSlashMakesLstatFollow) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  struct stat st;
  ASSERT_THAT(lstat("link/", &st), Succeeds());
  EXPECT_TRUE(S_ISDIR(st.st_mode));
}

TEST_F(StatTest, HardLinksShareTheInode) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_THAT(link("a", "b"), Succeeds());
  struct stat a;
  struct stat b;
  ASSERT_THAT(stat("a", &a), Succeeds());
  ASSERT_THAT(stat("b", &b), Succeeds());
  EXPECT_EQ(a.st_ino, b.st_ino);
  EXPECT_EQ(a.st_dev, b.st_dev);
  EXPECT_EQ(a.st_nlink, 2u);
}

TEST_F(StatTest, BlocksCountOnlyWhatIsAllocated) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(ftruncate(fd, 1 << 20), Succeeds());
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_size, 1 << 20);
  EXPECT_LT(st.st_blocks, 64);
}

TEST_F(StatTest, Errors) {
  struct stat st;
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(stat("missing", &st), FailsWith(ENOENT));
  EXPECT_THAT(stat("", &st), FailsWith(ENOENT));
  EXPECT_THAT(stat("file/x", &st), FailsWith(ENOTDIR));
  EXPECT_THAT(syscall(SYS_stat, BadAddress(), &st), FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_stat, "file", BadAddress()), FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_stat, "missing", BadAddress()), FailsWith(ENOENT));
  EXPECT_THAT(syscall(SYS_fstat, 777, BadAddress()), FailsWith(EBADF));
}

TEST_F(StatTest, TimesMoveAsTheFileIsUsed) {
  const Fd fd = OpenWith("file", "hello");
  const timespec old[2] = {{1000, 5}, {2000, 6}};
  ASSERT_THAT(futimens(fd, old), Succeeds());
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_atim.tv_sec, 1000);
  EXPECT_EQ(st.st_mtim.tv_nsec, 6);
  EXPECT_GT(st.st_ctim.tv_sec, 2000);
  ASSERT_THAT(pwrite(fd, "x", 1, 0), SucceedsWith(1));
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_GT(st.st_mtim.tv_sec, 2000);
  EXPECT_EQ(st.st_atim.tv_sec, 1000);
}

TEST_F(StatTest, WriteOfNothingKeepsModificationTime) {
  const Fd fd = OpenWith("file", "hello");
  const timespec old[2] = {{1000, 0}, {2000, 0}};
  ASSERT_THAT(futimens(fd, old), Succeeds());
  ASSERT_THAT(write(fd, "", 0), SucceedsWith(0));
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_mtim.tv_sec, 2000);
}

TEST_F(StatTest, DirectoryTimeMovesWithItsEntries) {
  const timespec old[2] = {{1000, 0}, {2000, 0}};
  ASSERT_THAT(utimensat(AT_FDCWD, ".", old, 0), Succeeds());
  ASSERT_TRUE(WriteFile("file", ""));
  struct stat st;
  ASSERT_THAT(stat(".", &st), Succeeds());
  EXPECT_GT(st.st_mtim.tv_sec, 2000);
}

TEST_F(FstatatTest, EmptyPathFlagNamesTheDescriptor) {
  const Fd fd = OpenWith("file", "hello");
  struct stat st;
  ASSERT_THAT(fstatat(fd, "", &st, AT_EMPTY_PATH), Succeeds());
  EXPECT_EQ(st.st_size, 5);
  EXPECT_THAT(fstatat(fd, "", &st, 0), FailsWith(ENOENT));
}

TEST_F(FstatatTest, EmptyPathAtCwdNamesTheDirectory) {
  struct stat st;
  ASSERT_THAT(fstatat(AT_FDCWD, "", &st, AT_EMPTY_PATH), Succeeds());
  EXPECT_TRUE(S_ISDIR(st.st_mode));
}

TEST_F(FstatatTest, RejectsUnknownFlags) {
  struct stat st;
  EXPECT_THAT(syscall(SYS_newfstatat, AT_FDCWD, ".", &st, 0x80000),
              FailsWith(EINVAL));
}

TEST_F(FstatatTest, NofollowDescribesSymlink) {
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  struct stat st;
  ASSERT_THAT(fstatat(AT_FDCWD, "link", &st, AT_SYMLINK_NOFOLLOW), Succeeds());
  EXPECT_TRUE(S_ISLNK(st.st_mode));
  EXPECT_THAT(fstatat(AT_FDCWD, "link", &st, 0), FailsWith(ENOENT));
}

TEST_F(StatxTest, AgreesWithStat) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  struct stat st;
  struct statx stx;
  ASSERT_THAT(stat("file", &st), Succeeds());
  ASSERT_THAT(syscall(SYS_statx, AT_FDCWD, "file", 0, STATX_BASIC_STATS, &stx),
              Succeeds());
  EXPECT_EQ(stx.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
  EXPECT_EQ(stx.stx_mode, st.st_mode);
  EXPECT_EQ(stx.stx_ino, st.st_ino);
  EXPECT_EQ(stx.stx_size, 5u);
  EXPECT_EQ(makedev(stx.stx_dev_major, stx.stx_dev_minor), st.st_dev);
  EXPECT_EQ(stx.stx_mtime.tv_sec, st.st_mtim.tv_sec);
}

TEST_F(StatxTest, ChecksArguments) {
  struct statx stx;
  EXPECT_THAT(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x80000000u, &stx),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_statx, AT_FDCWD, ".", 0x80000, 0, &stx),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_statx, AT_FDCWD, ".",
                      AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, 0, &stx),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_statx, AT_FDCWD, "missing", 0, 0, BadAddress()),
              FailsWith(ENOENT));
  EXPECT_THAT(syscall(SYS_statx, AT_FDCWD, ".", 0, 0, BadAddress()),
              FailsWith(EFAULT));
}

TEST_F(StatfsTest, DescribesFileSystem) {
  struct statfs by_path;
  struct statfs by_fd;
  ASSERT_THAT(statfs(".", &by_path), Succeeds());
  const Fd fd(open(".", O_RDONLY));
  ASSERT_THAT(fstatfs(fd, &by_fd), Succeeds());
  EXPECT_EQ(by_path.f_type, by_fd.f_type);
  EXPECT_GT(by_path.f_bsize, 0);
  EXPECT_GE(by_path.f_blocks, by_path.f_bfree);
  EXPECT_EQ(by_path.f_namelen, 255);
}

TEST_F(StatfsTest, KnowsProc) {
  struct statfs fs;
  ASSERT_THAT(statfs("/proc", &fs), Succeeds());
  EXPECT_EQ(fs.f_type, 0x9fa0);
}

TEST_F(StatfsTest, Errors) {
  struct statfs fs;
  EXPECT_THAT(statfs("missing", &fs), FailsWith(ENOENT));
  EXPECT_THAT(fstatfs(777, &fs), FailsWith(EBADF));
  EXPECT_THAT(syscall(SYS_statfs, ".", BadAddress()), FailsWith(EFAULT));
}

TEST_F(AccessTest, FollowsPermissionBits) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chmod("file", 0400), Succeeds());
  EXPECT_THAT(access("file", F_OK), Succeeds());
  EXPECT_THAT(access("file", R_OK), Succeeds());
  EXPECT_THAT(access("file", W_OK), FailsWith(EACCES));
  EXPECT_THAT(access("file", R_OK | X_OK), FailsWith(EACCES));
}

TEST_F(AccessTest, OwnersBitsHideTheOthers) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chmod("file", 0077), Succeeds());
  EXPECT_THAT(access("file", R_OK), FailsWith(EACCES));
}

TEST_F(AccessTest, RejectsUnknownMode) {
  EXPECT_THAT(access(".", 8), FailsWith(EINVAL));
  EXPECT_THAT(access("missing", 8), FailsWith(EINVAL));
}

TEST_F(AccessTest, MissingComesFromResolution) {
  EXPECT_THAT(access("missing", F_OK), FailsWith(ENOENT));
  EXPECT_THAT(access("", F_OK), FailsWith(ENOENT));
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  EXPECT_THAT(access("link", F_OK), FailsWith(ENOENT));
}

TEST_F(AccessTest, Faccessat2KnowsItsFlags) {
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  EXPECT_THAT(
      syscall(SYS_faccessat2, AT_FDCWD, "link", F_OK, AT_SYMLINK_NOFOLLOW),
      Succeeds());
  EXPECT_THAT(syscall(SYS_faccessat2, AT_FDCWD, ".", R_OK, AT_EACCESS),
              Succeeds());
  EXPECT_THAT(syscall(SYS_faccessat2, AT_FDCWD, "", R_OK, AT_EMPTY_PATH),
              Succeeds());
  EXPECT_THAT(syscall(SYS_faccessat2, AT_FDCWD, ".", R_OK, 0x80000),
              FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
