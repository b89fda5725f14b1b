// SPDX-License-Identifier: Apache-2.0
//
// openat2(2): its stricter checks and the RESOLVE_ flags.

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using Openat2Test = TempDirTest;

long Openat2(int dir, const char* path, uint64_t flags, uint64_t resolve = 0,
             uint64_t mode = 0) {
  open_how how = {};
  how.flags = flags;
  how.mode = mode;
  how.resolve = resolve;
  return syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

TEST_F(Openat2Test, OpensAndCreates) {
  const Fd fd(Openat2(AT_FDCWD, "file", O_RDWR | O_CREAT, 0, 0640));
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFREG | 0640u);
}

TEST_F(Openat2Test, RejectsUnknownFlags) {
  EXPECT_THAT(Openat2(AT_FDCWD, ".", 0x40000000), FailsWith(EINVAL));
  EXPECT_THAT(Openat2(AT_FDCWD, ".", uint64_t{1} << 40), FailsWith(EINVAL));
}

TEST_F(Openat2Test, RejectsUnknownResolveFlags) {
  EXPECT_THAT(Openat2(AT_FDCWD, ".", O_RDONLY, uint64_t{1} << 33),
              FailsWith(EINVAL));
}

TEST_F(Openat2Test, RejectsModeWithoutCreate) {
  EXPECT_THAT(Openat2(AT_FDCWD, ".", O_RDONLY, 0, 0644), FailsWith(EINVAL));
}

TEST_F(Openat2Test, RejectsModeOutsidePermissionBits) {
  EXPECT_THAT(Openat2(AT_FDCWD, "file", O_RDWR | O_CREAT, 0, 0100644),
              FailsWith(EINVAL));
}

TEST_F(Openat2Test, RejectsBeneathTogetherWithInRoot) {
  EXPECT_THAT(
      Openat2(AT_FDCWD, ".", O_RDONLY, RESOLVE_BENEATH | RESOLVE_IN_ROOT),
      FailsWith(EINVAL));
}

TEST_F(Openat2Test, RejectsOtherFlagsBesidePathOnly) {
  EXPECT_THAT(Openat2(AT_FDCWD, ".", O_PATH | O_RDWR), FailsWith(EINVAL));
}

TEST_F(Openat2Test, RejectsTooSmallStructure) {
  open_how how = {};
  EXPECT_THAT(syscall(SYS_openat2, AT_FDCWD, ".", &how, 16), FailsWith(EINVAL));
}

TEST_F(Openat2Test, AcceptsLargerStructureOfZeros) {
  char how[64] = {};
  const Fd fd(syscall(SYS_openat2, AT_FDCWD, ".", how, sizeof(how)));
  EXPECT_TRUE(fd.valid());
}

TEST_F(Openat2Test, RejectsLargerStructureWithContent) {
  char how[64] = {};
  how[40] = 1;
  EXPECT_THAT(syscall(SYS_openat2, AT_FDCWD, ".", how, sizeof(how)),
              FailsWith(E2BIG));
}

TEST_F(Openat2Test, RejectsStructureLargerThanAPage) {
  static char how[2 * kPage];
  EXPECT_THAT(syscall(SYS_openat2, AT_FDCWD, ".", how, sizeof(how)),
              FailsWith(E2BIG));
}

TEST_F(Openat2Test, FailsForBadStructurePointer) {
  EXPECT_THAT(syscall(SYS_openat2, AT_FDCWD, ".", BadAddress(), 24),
              FailsWith(EFAULT));
}

TEST_F(Openat2Test, BeneathRefusesAbsolutePath) {
  EXPECT_THAT(Openat2(AT_FDCWD, "/", O_RDONLY, RESOLVE_BENEATH),
              FailsWith(EXDEV));
}

TEST_F(Openat2Test, BeneathRefusesToLeaveByDotDot) {
  EXPECT_THAT(Openat2(AT_FDCWD, "..", O_RDONLY, RESOLVE_BENEATH),
              FailsWith(EXDEV));
}

TEST_F(Openat2Test, BeneathAllowsDotDotThatStaysInside) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  const Fd fd(Openat2(AT_FDCWD, "dir/..", O_RDONLY, RESOLVE_BENEATH));
  EXPECT_TRUE(fd.valid());
}

TEST_F(Openat2Test, BeneathRefusesAbsoluteSymlink) {
  ASSERT_THAT(symlink("/", "link"), Succeeds());
  EXPECT_THAT(Openat2(AT_FDCWD, "link", O_RDONLY, RESOLVE_BENEATH),
              FailsWith(EXDEV));
}

TEST_F(Openat2Test, InRootTreatsDirectoryAsRoot) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("/file", "link"), Succeeds());
  const Fd absolute(Openat2(AT_FDCWD, "/file", O_RDONLY, RESOLVE_IN_ROOT));
  EXPECT_TRUE(absolute.valid());
  const Fd through(Openat2(AT_FDCWD, "link", O_RDONLY, RESOLVE_IN_ROOT));
  EXPECT_TRUE(through.valid());
  const Fd above(Openat2(AT_FDCWD, "../../file", O_RDONLY, RESOLVE_IN_ROOT));
  EXPECT_TRUE(above.valid());
}

TEST_F(Openat2Test, NoSymlinksRefusesAnySymlink) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  EXPECT_THAT(Openat2(AT_FDCWD, "link", O_RDONLY, RESOLVE_NO_SYMLINKS),
              FailsWith(ELOOP));
  EXPECT_THAT(Openat2(AT_FDCWD, "link/.", O_RDONLY, RESOLVE_NO_SYMLINKS),
              FailsWith(ELOOP));
}

TEST_F(Openat2Test, NoSymlinksAllowsNamingTheSymlink) {
  ASSERT_THAT(symlink(".", "link"), Succeeds());
  const Fd fd(
      Openat2(AT_FDCWD, "link", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
  EXPECT_TRUE(fd.valid());
}

TEST_F(Openat2Test, NoMagiclinksRefusesProcLinks) {
  EXPECT_THAT(
      Openat2(AT_FDCWD, "/proc/self/cwd", O_RDONLY, RESOLVE_NO_MAGICLINKS),
      FailsWith(ELOOP));
  const Fd plain(
      Openat2(AT_FDCWD, "/proc/self", O_RDONLY, RESOLVE_NO_MAGICLINKS));
  EXPECT_TRUE(plain.valid());
}

TEST_F(Openat2Test, NoXdevRefusesToCrossMounts) {
  EXPECT_THAT(Openat2(AT_FDCWD, "/proc", O_RDONLY, RESOLVE_NO_XDEV),
              FailsWith(EXDEV));
}

TEST_F(Openat2Test, DirectoryWithCreateIsInvalid) {
  EXPECT_THAT(Openat2(AT_FDCWD, "new", O_TMPFILE | O_CREAT | O_RDWR, 0, 0600),
              FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
