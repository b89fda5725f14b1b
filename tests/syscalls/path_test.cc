// SPDX-License-Identifier: Apache-2.0
//
// Path resolution, as path_resolution(7) tells it.

#include <fcntl.h>
#include <limits.h>
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

using PathTest = TempDirTest;

int Exists(const std::string& path) {
  struct stat st;
  return stat(path.c_str(), &st);
}

TEST_F(PathTest, RepeatedSlashesAndDotsAreSkipped) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  EXPECT_THAT(Exists("dir//file"), Succeeds());
  EXPECT_THAT(Exists("./dir/./file"), Succeeds());
  EXPECT_THAT(Exists("/" + path() + "//dir///file"), Succeeds());
}

TEST_F(PathTest, DotDotGoesToParentAndStopsAtRoot) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  EXPECT_THAT(Exists("dir/../dir/.."), Succeeds());
  EXPECT_THAT(Exists("/../../.." + path()), Succeeds());
}

TEST_F(PathTest, DotDotAfterMissingNameFails) {
  EXPECT_THAT(Exists("missing/.."), FailsWith(ENOENT));
}

TEST_F(PathTest, DotAfterFileIsNotADirectory) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(Exists("file/."), FailsWith(ENOTDIR));
  EXPECT_THAT(Exists("file/.."), FailsWith(ENOTDIR));
  EXPECT_THAT(Exists("file/"), FailsWith(ENOTDIR));
}

TEST_F(PathTest, DotDotOfSymlinkedDirectoryIsTheTargetsParent) {
  ASSERT_THAT(mkdir("a", 0755), Succeeds());
  ASSERT_THAT(mkdir("a/b", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("a/file", ""));
  ASSERT_THAT(symlink("a/b", "link"), Succeeds());
  EXPECT_THAT(Exists("link/../file"), Succeeds());
}

TEST_F(PathTest, RelativeSymlinkStartsAtItsDirectory) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  ASSERT_THAT(symlink("file", "dir/link"), Succeeds());
  EXPECT_THAT(Exists("dir/link"), Succeeds());
}

TEST_F(PathTest, AbsoluteSymlinkStartsAtRoot) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink((path() + "/file").c_str(), "link"), Succeeds());
  EXPECT_THAT(Exists("link"), Succeeds());
}

TEST_F(PathTest, SymlinkToItselfLoops) {
  ASSERT_THAT(symlink("loop", "loop"), Succeeds());
  EXPECT_THAT(Exists("loop"), FailsWith(ELOOP));
  EXPECT_THAT(Exists("loop/x"), FailsWith(ELOOP));
  EXPECT_THAT(open("loop", O_RDWR | O_CREAT, 0644), FailsWith(ELOOP));
}

TEST_F(PathTest, FortySymlinksAreFollowedAndNoMore) {
  ASSERT_TRUE(WriteFile("link0", ""));
  for (int i = 1; i <= 41; ++i) {
    ASSERT_THAT(symlink(("link" + std::to_string(i - 1)).c_str(),
                        ("link" + std::to_string(i)).c_str()),
                Succeeds());
  }
  EXPECT_THAT(Exists("link40"), Succeeds());
  EXPECT_THAT(Exists("link41"), FailsWith(ELOOP));
}

TEST_F(PathTest, ComponentIsAtMost255Bytes) {
  EXPECT_THAT(mkdir(std::string(255, 'x').c_str(), 0755), Succeeds());
  EXPECT_THAT(mkdir(std::string(256, 'x').c_str(), 0755),
              FailsWith(ENAMETOOLONG));
  EXPECT_THAT(Exists(std::string(256, 'x')), FailsWith(ENAMETOOLONG));
}

TEST_F(PathTest, PathIsAtMost4095Bytes) {
  std::string path;
  while (path.size() < PATH_MAX) path += "./";
  EXPECT_THAT(Exists(path.substr(0, PATH_MAX - 1)), Succeeds());
  EXPECT_THAT(Exists(path.substr(0, PATH_MAX)), FailsWith(ENAMETOOLONG));
}

TEST_F(PathTest, TooLongComesBeforeMissing) {
  EXPECT_THAT(Exists("missing/" + std::string(PATH_MAX, 'x')),
              FailsWith(ENAMETOOLONG));
  EXPECT_THAT(Exists("missing/" + std::string(300, 'x')), FailsWith(ENOENT));
}

TEST_F(PathTest, LongSymlinkTextIsFollowed) {
  std::string text;
  while (text.size() < 3000) text += "./";
  ASSERT_THAT(symlink(text.c_str(), "link"), Succeeds());
  EXPECT_THAT(Exists("link"), Succeeds());
}

TEST_F(PathTest, MissingDirectoryBeforeFileIsEnoent) {
  EXPECT_THAT(Exists("missing/file"), FailsWith(ENOENT));
  EXPECT_THAT(Exists("missing/"), FailsWith(ENOENT));
}

TEST_F(PathTest, TrailingSlashOnSymlinkToDirectoryResolves) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_THAT(symlink("dir", "link"), Succeeds());
  EXPECT_THAT(Exists("link/"), Succeeds());
  EXPECT_THAT(rename("link/", "moved"), FailsWith(ENOTDIR));
}

TEST_F(PathTest, MkdirThroughDanglingSymlinkWithSlashFails) {
  ASSERT_THAT(symlink("target", "link"), Succeeds());
  EXPECT_THAT(mkdir("link/", 0755), FailsWith(EEXIST));
}

TEST_F(PathTest, NamesAreBytes) {
  const char* name = "\xff\xfe \n\t*?\x01";
  ASSERT_TRUE(WriteFile(name, "x"));
  EXPECT_EQ(ReadFile(name), "x");
}

TEST_F(PathTest, CaseMatters) {
  ASSERT_TRUE(WriteFile("File", ""));
  EXPECT_THAT(Exists("file"), FailsWith(ENOENT));
}

TEST_F(PathTest, SearchNeedsExecutePermission) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  ASSERT_THAT(chmod("dir", 0644), Succeeds());
  EXPECT_THAT(Exists("dir/file"), FailsWith(EACCES));
  EXPECT_THAT(Exists("dir"), Succeeds());
  EXPECT_THAT(Exists("dir/."), FailsWith(EACCES));
  EXPECT_THAT(Exists("dir/.."), FailsWith(EACCES));
}

TEST_F(PathTest, ExecuteOnlyDirectoryCanBeSearchedButNotListed) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  ASSERT_THAT(chmod("dir", 0111), Succeeds());
  EXPECT_THAT(Exists("dir/file"), Succeeds());
  EXPECT_THAT(open("dir", O_RDONLY), FailsWith(EACCES));
}

TEST_F(PathTest, SymlinkLoopComesBeforeTheRest) {
  ASSERT_THAT(symlink("loop", "loop"), Succeeds());
  EXPECT_THAT(mkdir("loop/dir", 0755), FailsWith(ELOOP));
  EXPECT_THAT(unlink("loop/file"), FailsWith(ELOOP));
  EXPECT_THAT(unlink("loop"), Succeeds());
}

TEST_F(PathTest, FileAsMiddleComponentIsNotADirectory) {
  ASSERT_TRUE(WriteFile("file", ""));
  EXPECT_THAT(mkdir("file/dir", 0755), FailsWith(ENOTDIR));
  EXPECT_THAT(open("file/x", O_RDWR | O_CREAT, 0644), FailsWith(ENOTDIR));
  EXPECT_THAT(unlink("file/x"), FailsWith(ENOTDIR));
  EXPECT_THAT(symlink("x", "file/x"), FailsWith(ENOTDIR));
}

TEST_F(PathTest, ProcSelfFdReachesUnlinkedFile) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(unlink("file"), Succeeds());
  EXPECT_EQ(ReadFile(("/proc/self/fd/" + std::to_string(fd)).c_str()), "hello");
}

TEST_F(PathTest, DevFdNamesDescriptor) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_EQ(ReadFile(("/dev/fd/" + std::to_string(fd)).c_str()), "hello");
}

}  // namespace
}  // namespace emu
