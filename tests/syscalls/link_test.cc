// SPDX-License-Identifier: Apache-2.0
//
// link(2), unlink(2), rename(2), renameat2(2), symlink(2), readlink(2).

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using LinkTest = TempDirTest;
using UnlinkTest = TempDirTest;
using RenameTest = TempDirTest;
using Renameat2Test = TempDirTest;
using SymlinkTest = TempDirTest;
using ReadlinkTest = TempDirTest;

ino_t Inode(const char* path) {
  struct stat st;
  return lstat(path, &st) == 0 ? st.st_ino : 0;
}

TEST_F(LinkTest, GivesSecondName) {
  ASSERT_TRUE(WriteFile("a", "hello"));
  EXPECT_THAT(link("a", "b"), Succeeds());
  EXPECT_EQ(Inode("a"), Inode("b"));
  ASSERT_THAT(unlink("a"), Succeeds());
  EXPECT_EQ(ReadFile("b"), "hello");
}

TEST_F(LinkTest, Errors) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(link("missing", "b"), FailsWith(ENOENT));
  EXPECT_THAT(link("a", "a"), FailsWith(EEXIST));
  EXPECT_THAT(link("a", "missing/b"), FailsWith(ENOENT));
  EXPECT_THAT(link("dir", "b"), FailsWith(EPERM));
  EXPECT_THAT(link("a", "new/"), FailsWith(ENOENT));
  EXPECT_THAT(link("a", ""), FailsWith(ENOENT));
  EXPECT_THAT(link("a/", "b"), FailsWith(ENOTDIR));
}

TEST_F(LinkTest, ExistingTargetComesBeforeDirectorySource) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(link("dir", "a"), FailsWith(EEXIST));
}

TEST_F(LinkTest, DoesNotFollowSymlinkUnlessAsked) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  ASSERT_THAT(link("link", "a"), Succeeds());
  EXPECT_EQ(Inode("a"), Inode("link"));
  ASSERT_THAT(linkat(AT_FDCWD, "link", AT_FDCWD, "b", AT_SYMLINK_FOLLOW),
              Succeeds());
  EXPECT_EQ(Inode("b"), Inode("file"));
}

TEST_F(LinkTest, RejectsUnknownFlags) {
  ASSERT_TRUE(WriteFile("a", ""));
  EXPECT_THAT(linkat(AT_FDCWD, "a", AT_FDCWD, "b", 1), FailsWith(EINVAL));
}

TEST_F(LinkTest, NamesTmpfileThroughProc) {
  const Fd fd(open(".", O_TMPFILE | O_RDWR, 0600));
  ASSERT_TRUE(fd.valid());
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  EXPECT_THAT(
      linkat(AT_FDCWD, name.c_str(), AT_FDCWD, "named", AT_SYMLINK_FOLLOW),
      Succeeds());
  EXPECT_NE(Inode("named"), 0u);
}

TEST_F(LinkTest, ExclusiveTmpfileCannotBeNamed) {
  const Fd fd(open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600));
  ASSERT_TRUE(fd.valid());
  const std::string name = "/proc/self/fd/" + std::to_string(fd);
  EXPECT_THAT(
      linkat(AT_FDCWD, name.c_str(), AT_FDCWD, "named", AT_SYMLINK_FOLLOW),
      FailsWith(ENOENT));
}

TEST_F(UnlinkTest, RemovesNameAndKeepsOpenFile) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(unlink("file"), Succeeds());
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_nlink, 0u);
  EXPECT_EQ(st.st_size, 5);
}

TEST_F(UnlinkTest, RemovesSymlinkItself) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  EXPECT_THAT(unlink("link"), Succeeds());
  EXPECT_NE(Inode("file"), 0u);
}

TEST_F(UnlinkTest, Errors) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(unlink("missing"), FailsWith(ENOENT));
  EXPECT_THAT(unlink("dir"), FailsWith(EISDIR));
  EXPECT_THAT(unlink("dir/"), FailsWith(EISDIR));
  EXPECT_THAT(unlink("file/"), FailsWith(ENOTDIR));
  EXPECT_THAT(unlink("missing/"), FailsWith(ENOENT));
  EXPECT_THAT(unlink("."), FailsWith(EISDIR));
  EXPECT_THAT(unlink("dir/.."), FailsWith(EISDIR));
  EXPECT_THAT(unlink("/"), FailsWith(EISDIR));
}

TEST_F(UnlinkTest, DirectoryMustBeWritable) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  ASSERT_THAT(chmod("dir", 0555), Succeeds());
  EXPECT_THAT(unlink("dir/file"), FailsWith(EACCES));
  EXPECT_THAT(unlink("dir/missing"), FailsWith(ENOENT));
}

TEST_F(UnlinkTest, UnlinkatRemovesDirectoriesByFlag) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(unlinkat(AT_FDCWD, "dir", 1), FailsWith(EINVAL));
  EXPECT_THAT(unlinkat(AT_FDCWD, "dir", AT_REMOVEDIR), Succeeds());
}

TEST_F(RenameTest, ReplacesFile) {
  ASSERT_TRUE(WriteFile("a", "a"));
  ASSERT_TRUE(WriteFile("b", "b"));
  EXPECT_THAT(rename("a", "b"), Succeeds());
  EXPECT_EQ(ReadFile("b"), "a");
  EXPECT_EQ(Inode("a"), 0u);
}

TEST_F(RenameTest, SameFileUnderTwoNamesStays) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_THAT(link("a", "b"), Succeeds());
  EXPECT_THAT(rename("a", "b"), Succeeds());
  EXPECT_NE(Inode("a"), 0u);
  EXPECT_NE(Inode("b"), 0u);
}

TEST_F(RenameTest, DirectoryReplacesEmptyDirectoryOnly) {
  ASSERT_THAT(mkdir("a", 0755), Succeeds());
  ASSERT_THAT(mkdir("empty", 0755), Succeeds());
  ASSERT_THAT(mkdir("full", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("full/file", ""));
  EXPECT_THAT(rename("a", "full"), FailsWith(ENOTEMPTY));
  EXPECT_THAT(rename("a", "empty"), Succeeds());
}

TEST_F(RenameTest, KindsMustAgree) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(rename("file", "dir"), FailsWith(EISDIR));
  EXPECT_THAT(rename("dir", "file"), FailsWith(ENOTDIR));
}

TEST_F(RenameTest, DirectoryCannotMoveIntoItself) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(mkdir("dir/sub", 0755), Succeeds());
  EXPECT_THAT(rename("dir", "dir/sub/new"), FailsWith(EINVAL));
  EXPECT_THAT(rename("dir/sub", "dir"), FailsWith(ENOTEMPTY));
}

TEST_F(RenameTest, DotsCannotBeRenamed) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(rename("dir/.", "x"), FailsWith(EBUSY));
  EXPECT_THAT(rename("dir/..", "x"), FailsWith(EBUSY));
  EXPECT_THAT(rename("dir", "."), FailsWith(EBUSY));
  EXPECT_THAT(rename("missing", "."), FailsWith(EBUSY));
}

TEST_F(RenameTest, TrailingSlashesNeedDirectories) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(rename("file/", "x"), FailsWith(ENOTDIR));
  EXPECT_THAT(rename("file", "x/"), FailsWith(ENOTDIR));
  EXPECT_THAT(rename("dir/", "x/"), Succeeds());
}

TEST_F(RenameTest, MissingSourceAndEmptyNames) {
  EXPECT_THAT(rename("missing", "x"), FailsWith(ENOENT));
  EXPECT_THAT(rename("", "x"), FailsWith(ENOENT));
  EXPECT_THAT(rename("missing", ""), FailsWith(ENOENT));
}

TEST_F(RenameTest, BothDirectoriesMustBeWritable) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  ASSERT_TRUE(WriteFile("other", ""));
  ASSERT_THAT(chmod("dir", 0555), Succeeds());
  EXPECT_THAT(rename("dir/file", "x"), FailsWith(EACCES));
  EXPECT_THAT(rename("other", "dir/x"), FailsWith(EACCES));
}

TEST_F(RenameTest, MovesSymlinkItself) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  EXPECT_THAT(rename("link", "moved"), Succeeds());
  char target[8];
  EXPECT_THAT(readlink("moved", target, 8), SucceedsWith(4));
}

TEST_F(RenameTest, DotDotFollowsTheMove) {
  ASSERT_THAT(mkdir("a", 0755), Succeeds());
  ASSERT_THAT(mkdir("a/dir", 0755), Succeeds());
  ASSERT_THAT(mkdir("b", 0755), Succeeds());
  ASSERT_THAT(rename("a/dir", "b/dir"), Succeeds());
  EXPECT_EQ(Inode("b/dir/.."), Inode("b"));
}

TEST_F(Renameat2Test, NoreplaceRefusesExistingTarget) {
  ASSERT_TRUE(WriteFile("a", "a"));
  ASSERT_TRUE(WriteFile("b", "b"));
  EXPECT_THAT(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", RENAME_NOREPLACE),
              FailsWith(EEXIST));
  EXPECT_THAT(renameat2(AT_FDCWD, "a", AT_FDCWD, "c", RENAME_NOREPLACE),
              Succeeds());
}

TEST_F(Renameat2Test, ExchangeSwaps) {
  ASSERT_TRUE(WriteFile("a", "a"));
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(renameat2(AT_FDCWD, "a", AT_FDCWD, "dir", RENAME_EXCHANGE),
              Succeeds());
  EXPECT_EQ(ReadFile("dir"), "a");
  EXPECT_THAT(renameat2(AT_FDCWD, "a", AT_FDCWD, "missing", RENAME_EXCHANGE),
              FailsWith(ENOENT));
}

TEST_F(Renameat2Test, RejectsUnknownOrContradictingFlags) {
  EXPECT_THAT(renameat2(AT_FDCWD, "a", AT_FDCWD, "b", 0x100),
              FailsWith(EINVAL));
  EXPECT_THAT(renameat2(AT_FDCWD, "a", AT_FDCWD, "b",
                        RENAME_NOREPLACE | RENAME_EXCHANGE),
              FailsWith(EINVAL));
}

TEST_F(SymlinkTest, KeepsAnyText) {
  EXPECT_THAT(symlink("no such//place/..", "link"), Succeeds());
  char target[64];
  EXPECT_THAT(readlink("link", target, sizeof(target)), SucceedsWith(17));
  EXPECT_EQ(std::string(target, 17), "no such//place/..");
}

TEST_F(SymlinkTest, Errors) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(symlink("", "link"), FailsWith(ENOENT));
  EXPECT_THAT(symlink("x", ""), FailsWith(ENOENT));
  EXPECT_THAT(symlink("x", "file"), FailsWith(EEXIST));
  EXPECT_THAT(symlink("x", "missing/link"), FailsWith(ENOENT));
  EXPECT_THAT(symlink("x", "new/"), FailsWith(ENOENT));
  const std::string longest(PATH_MAX, 'x');
  EXPECT_THAT(symlink(longest.c_str(), "link"), FailsWith(ENAMETOOLONG));
}

TEST_F(ReadlinkTest, TruncatesSilentlyWithoutTerminator) {
  ASSERT_THAT(symlink("target", "link"), Succeeds());
  char target[8] = "zzzzzzz";
  EXPECT_THAT(readlink("link", target, 3), SucceedsWith(3));
  EXPECT_EQ(std::string(target, 4), "tarz");
}

TEST_F(ReadlinkTest, Errors) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("target", "link"), Succeeds());
  char target[8];
  EXPECT_THAT(readlink("file", target, 8), FailsWith(EINVAL));
  EXPECT_THAT(readlink(".", target, 8), FailsWith(EINVAL));
  EXPECT_THAT(readlink("missing", target, 8), FailsWith(ENOENT));
  EXPECT_THAT(readlink("missing", target, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_readlink, "link", BadAddress(), 8),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_readlink, "link", target, -1), FailsWith(EINVAL));
}

TEST_F(ReadlinkTest, ReadsProcLinks) {
  char target[512];
  const ssize_t n = readlink("/proc/self/cwd", target, sizeof(target));
  ASSERT_GT(n, 0);
  EXPECT_EQ(std::string(target, n), path());
}

}  // namespace
}  // namespace emu
