// SPDX-License-Identifier: Apache-2.0
//
// open(2), openat(2), creat(2): flags, errors, and which error comes first.

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using OpenTest = TempDirTest;
using OpenatTest = TempDirTest;
using CreatTest = TempDirTest;

TEST_F(OpenTest, FailsForMissingFile) {
  EXPECT_THAT(open("missing", O_RDONLY), FailsWith(ENOENT));
}

TEST_F(OpenTest, FailsForEmptyPath) {
  EXPECT_THAT(open("", O_RDONLY | O_CREAT, 0644), FailsWith(ENOENT));
}

TEST_F(OpenTest, FailsForBadPathPointer) {
  EXPECT_THAT(syscall(SYS_open, BadAddress(), O_RDONLY), FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_open, nullptr, O_RDONLY), FailsWith(EFAULT));
}

TEST_F(OpenTest, FailsForPathThatRunsIntoUnmappedMemory) {
  GuardedMap map;
  char* path = map.end(4);
  memcpy(path, "file", 4);
  EXPECT_THAT(open(path, O_RDONLY | O_CREAT, 0644), FailsWith(EFAULT));
}

TEST_F(OpenTest, ReadsPathThatEndsAtUnmappedMemory) {
  GuardedMap map;
  char* path = map.end(2);
  memcpy(path, "f", 2);
  const Fd fd(open(path, O_RDONLY | O_CREAT, 0644));
  EXPECT_TRUE(fd.valid());
}

TEST_F(OpenTest, GivesTheLowestFreeNumber) {
  const Fd a(open(".", O_RDONLY));
  Fd b(open(".", O_RDONLY));
  const Fd c(open(".", O_RDONLY));
  const int freed = b;
  ASSERT_GT(freed, a);
  b.Reset();
  b.Reset(open(".", O_RDONLY));
  EXPECT_EQ(b, freed);
}

TEST_F(OpenTest, CreatesWithModeUnderUmask) {
  const mode_t previous = umask(027);
  const Fd fd(open("file", O_RDWR | O_CREAT, 0666));
  umask(previous);
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFREG | 0640u);
}

TEST_F(OpenTest, ModeOfNewFileDoesNotRestrictItsFirstDescription) {
  const Fd fd(open("file", O_RDWR | O_CREAT, 0));
  ASSERT_TRUE(fd.valid());
  EXPECT_THAT(write(fd, "x", 1), SucceedsWith(1));
  EXPECT_THAT(open("file", O_RDONLY), FailsWith(EACCES));
}

TEST_F(OpenTest, CreateKeepsModeAndContentOfExistingFile) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  ASSERT_THAT(chmod("file", 0600), Succeeds());
  const Fd fd(open("file", O_RDONLY | O_CREAT, 0777));
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_mode & 07777, 0600u);
  EXPECT_EQ(st.st_size, 3);
}

TEST_F(OpenTest, ExclusiveCreateFailsForExistingFile) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(open("file", O_RDWR | O_CREAT | O_EXCL, 0644), FailsWith(EEXIST));
}

TEST_F(OpenTest, ExclusiveCreateFailsForDanglingSymlink) {
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  EXPECT_THAT(open("link", O_RDWR | O_CREAT | O_EXCL, 0644), FailsWith(EEXIST));
}

TEST_F(OpenTest, ExclusiveCreateFailsForDirectoryWithEexist) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(open("dir", O_RDWR | O_CREAT | O_EXCL, 0644), FailsWith(EEXIST));
}

TEST_F(OpenTest, CreatesThroughDanglingSymlink) {
  ASSERT_THAT(symlink("target", "link"), Succeeds());
  const Fd fd(open("link", O_RDWR | O_CREAT, 0644));
  EXPECT_TRUE(fd.valid());
  EXPECT_THAT(access("target", F_OK), Succeeds());
}

TEST_F(OpenTest, CreateFailsForExistingDirectory) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(open("dir", O_RDONLY | O_CREAT, 0644), FailsWith(EISDIR));
}

TEST_F(OpenTest, CreateFailsForNewNameWithTrailingSlash) {
  EXPECT_THAT(open("new/", O_RDWR | O_CREAT, 0644), FailsWith(EISDIR));
  EXPECT_THAT(access("new", F_OK), FailsWith(ENOENT));
}

TEST_F(OpenTest, TrailingSlashOnFileIsNotADirectory) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(open("file/", O_RDONLY), FailsWith(ENOTDIR));
}

TEST_F(OpenTest, TruncateEmptiesFile) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  const Fd fd(open("file", O_WRONLY | O_TRUNC));
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_size, 0);
}

TEST_F(OpenTest, TruncateNeedsWritePermissionThoughOpenedForReading) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  ASSERT_THAT(chmod("file", 0444), Succeeds());
  EXPECT_THAT(open("file", O_RDONLY | O_TRUNC), FailsWith(EACCES));
  EXPECT_EQ(ReadFile("file"), "abc");
}

TEST_F(OpenTest, ReadOnlyWithTruncateEmptiesWritableFile) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  const Fd fd(open("file", O_RDONLY | O_TRUNC));
  EXPECT_TRUE(fd.valid());
  EXPECT_EQ(ReadFile("file"), "");
}

TEST_F(OpenTest, WritingADirectoryIsRefused) {
  EXPECT_THAT(open(".", O_WRONLY), FailsWith(EISDIR));
  EXPECT_THAT(open(".", O_RDWR), FailsWith(EISDIR));
  EXPECT_THAT(open(".", O_RDONLY | O_TRUNC), FailsWith(EISDIR));
}

TEST_F(OpenTest, DirectoryFlagRefusesFile) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(open("file", O_RDONLY | O_DIRECTORY), FailsWith(ENOTDIR));
}

TEST_F(OpenTest, DirectoryFlagFollowsSymlink) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  const Fd fd(open("link", O_RDONLY | O_DIRECTORY));
  EXPECT_TRUE(fd.valid());
}

TEST_F(OpenTest, NofollowRefusesSymlink) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  EXPECT_THAT(open("link", O_RDONLY | O_NOFOLLOW), FailsWith(ELOOP));
}

TEST_F(OpenTest, NofollowWithDirectoryFlagSaysNotADirectory) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  EXPECT_THAT(open("link", O_RDONLY | O_NOFOLLOW | O_DIRECTORY),
              FailsWith(ENOTDIR));
}

TEST_F(OpenTest, NofollowStillFollowsEarlierComponents) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  ASSERT_TRUE(WriteFile("file", ""));
  const Fd fd(open("link/file", O_RDONLY | O_NOFOLLOW));
  EXPECT_TRUE(fd.valid());
}

TEST_F(OpenTest, NofollowWithTrailingSlashFollows) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  const Fd fd(open("link/", O_RDONLY | O_NOFOLLOW));
  EXPECT_TRUE(fd.valid());
}

TEST_F(OpenTest, PermissionBitsDecide) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(chmod("file", 0200), Succeeds());
  EXPECT_THAT(open("file", O_RDONLY), FailsWith(EACCES));
  EXPECT_THAT(open("file", O_RDWR), FailsWith(EACCES));
  const Fd fd(open("file", O_WRONLY));
  EXPECT_TRUE(fd.valid());
}

TEST_F(OpenTest, SearchPermissionIsNeededOnEveryDirectory) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  ASSERT_THAT(chmod("dir", 0600), Succeeds());
  EXPECT_THAT(open("dir/file", O_RDONLY), FailsWith(EACCES));
  EXPECT_THAT(open("dir/missing", O_RDONLY), FailsWith(EACCES));
}

TEST_F(OpenTest, CreateNeedsWritePermissionOnDirectory) {
  ASSERT_THAT(mkdir("dir", 0555), Succeeds());
  EXPECT_THAT(open("dir/file", O_RDWR | O_CREAT, 0644), FailsWith(EACCES));
}

TEST_F(OpenTest, ExistsComesBeforeDirectoryPermission) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  ASSERT_THAT(chmod("dir", 0555), Succeeds());
  EXPECT_THAT(open("dir/file", O_RDWR | O_CREAT | O_EXCL, 0644),
              FailsWith(EEXIST));
}

TEST_F(OpenTest, AccessModeThreeGivesNeitherReadNorWrite) {
  const Fd fd(open("file", O_CREAT | O_ACCMODE, 0644));
  ASSERT_TRUE(fd.valid());
  char c;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EBADF));
  EXPECT_THAT(write(fd, "x", 1), FailsWith(EBADF));
}

TEST_F(OpenTest, UnknownFlagsAreIgnored) {
  const long fd = syscall(SYS_open, ".", O_RDONLY | 0x40000000);
  ASSERT_THAT(fd, Succeeds());
  EXPECT_THAT(fcntl(fd, F_GETFL) & 0x40000000, 0);
  close(fd);
}

TEST_F(OpenTest, CloseOnExecFlagIsSetOnDescriptor) {
  const Fd with(open(".", O_RDONLY | O_CLOEXEC));
  const Fd without(open(".", O_RDONLY));
  EXPECT_THAT(fcntl(with, F_GETFD), SucceedsWith(FD_CLOEXEC));
  EXPECT_THAT(fcntl(without, F_GETFD), SucceedsWith(0));
}

TEST_F(OpenTest, PathOnlyDescriptorRefusesInputAndOutput) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  const Fd fd(open("file", O_PATH | O_RDWR));
  ASSERT_TRUE(fd.valid());
  char c;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EBADF));
  EXPECT_THAT(fchmod(fd, 0600), FailsWith(EBADF));
  EXPECT_THAT(ftruncate(fd, 0), FailsWith(EBADF));
  EXPECT_THAT(ioctl(fd, 0x5401), FailsWith(EBADF));
  EXPECT_THAT(fcntl(fd, F_GETFL), SucceedsWith(O_PATH));
}

TEST_F(OpenTest, PathOnlyNeedsNoPermissionOnFile) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  ASSERT_THAT(chmod("file", 0), Succeeds());
  const Fd fd(open("file", O_PATH));
  struct stat st;
  EXPECT_THAT(fstat(fd, &st), Succeeds());
}

TEST_F(OpenTest, PathOnlyIgnoresCreate) {
  EXPECT_THAT(open("missing", O_PATH | O_CREAT, 0644), FailsWith(ENOENT));
}

TEST_F(OpenTest, PathOnlyWithNofollowNamesTheSymlinkItself) {
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  const Fd fd(open("link", O_PATH | O_NOFOLLOW));
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_TRUE(S_ISLNK(st.st_mode));
  char target[16];
  EXPECT_THAT(readlinkat(fd, "", target, sizeof(target)), SucceedsWith(7));
}

TEST_F(OpenTest, TmpfileHasNoName) {
  const Fd fd(open(".", O_TMPFILE | O_RDWR, 0600));
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_nlink, 0u);
  EXPECT_EQ(st.st_mode, S_IFREG | 0600u);
}

TEST_F(OpenTest, TmpfileMustBeWritable) {
  EXPECT_THAT(open(".", O_TMPFILE | O_RDONLY, 0600), FailsWith(EINVAL));
}

TEST_F(OpenTest, TmpfileRefusesFile) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(open("file", O_TMPFILE | O_RDWR, 0600), FailsWith(ENOTDIR));
}

TEST_F(OpenTest, ExhaustedDescriptorsSayEmfileBeforeLookingAtPath) {
  const int next = dup(0);
  close(next);
  rlimit old;
  ASSERT_THAT(getrlimit(RLIMIT_NOFILE, &old), Succeeds());
  rlimit limit = old;
  limit.rlim_cur = next;
  ASSERT_THAT(setrlimit(RLIMIT_NOFILE, &limit), Succeeds());
  EXPECT_THAT(open("missing", O_RDONLY), FailsWith(EMFILE));
  EXPECT_THAT(open("", O_RDONLY), FailsWith(ENOENT));
  setrlimit(RLIMIT_NOFILE, &old);
}

TEST_F(OpenTest, SocketCannotBeOpened) {
  ASSERT_THAT(mknod("socket", S_IFSOCK | 0644, 0), Succeeds());
  EXPECT_THAT(open("socket", O_RDWR), FailsWith(ENXIO));
}

TEST_F(OpenTest, TruncateOfUnreadyFileHappensAfterPermissionCheck) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  ASSERT_THAT(chmod("file", 0444), Succeeds());
  EXPECT_THAT(open("file", O_WRONLY | O_TRUNC), FailsWith(EACCES));
  EXPECT_EQ(ReadFile("file"), "abc");
}

TEST_F(OpenatTest, BadDirectoryIsOnlySeenByRelativePaths) {
  EXPECT_THAT(openat(-1, "file", O_RDONLY), FailsWith(EBADF));
  const Fd fd(openat(-1, path().c_str(), O_RDONLY));
  EXPECT_TRUE(fd.valid());
}

TEST_F(OpenatTest, EmptyPathComesBeforeBadDirectory) {
  EXPECT_THAT(openat(-1, "", O_RDONLY), FailsWith(ENOENT));
}

TEST_F(OpenatTest, FileAsDirectoryIsRefused) {
  const Fd file = OpenWith("file", "");
  EXPECT_THAT(openat(file, "x", O_RDONLY), FailsWith(ENOTDIR));
}

TEST_F(OpenatTest, ResolvesRelativeToDirectory) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  const Fd dir(open("dir", O_RDONLY));
  const Fd fd(openat(dir, "file", O_RDWR | O_CREAT, 0644));
  EXPECT_TRUE(fd.valid());
  EXPECT_THAT(access("dir/file", F_OK), Succeeds());
}

TEST_F(OpenatTest, PathOnlyDirectoryServesAsStart) {
  const Fd dir(open(".", O_PATH));
  const Fd fd(openat(dir, "file", O_RDWR | O_CREAT, 0644));
  EXPECT_TRUE(fd.valid());
}

TEST_F(OpenatTest, RemovedDirectoryHasNoEntries) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  const Fd dir(open("dir", O_RDONLY));
  ASSERT_THAT(rmdir("dir"), Succeeds());
  EXPECT_THAT(openat(dir, "file", O_RDWR | O_CREAT, 0644), FailsWith(ENOENT));
}

TEST_F(CreatTest, OpensForWritingAndTruncates) {
  ASSERT_TRUE(WriteFile("file", "abc"));
  const long fd = syscall(SYS_creat, "file", 0644);
  ASSERT_THAT(fd, Succeeds());
  char c;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EBADF));
  EXPECT_THAT(write(fd, "z", 1), SucceedsWith(1));
  close(fd);
  EXPECT_EQ(ReadFile("file"), "z");
}

TEST_F(CreatTest, FailsForDirectory) {
  EXPECT_THAT(syscall(SYS_creat, ".", 0644), FailsWith(EISDIR));
}

}  // namespace
}  // namespace emu
