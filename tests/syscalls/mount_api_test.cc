// SPDX-License-Identifier: Apache-2.0
//
// The calls of the newer mount interface, as those who may not mount see them.

#include <fcntl.h>
#include <linux/mount.h>
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

using OpenTreeTest = TempDirTest;
using MountApiTest = TempDirTest;

long OpenTree(int directory, const char* path, unsigned flags) {
  return syscall(SYS_open_tree, directory, path, flags);
}

TEST_F(OpenTreeTest, WithoutCloneIsAPathDescriptor) {
  ASSERT_TRUE(WriteFile("file", "x"));
  const Fd fd(OpenTree(AT_FDCWD, "file", OPEN_TREE_CLOEXEC));
  ASSERT_TRUE(fd.valid());
  EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EXPECT_TRUE(fcntl(fd, F_GETFL) & O_PATH);
  char c;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EBADF));
  struct stat st;
  EXPECT_THAT(fstat(fd, &st), Succeeds());
  const Fd same(OpenTree(fd, "", AT_EMPTY_PATH));
  EXPECT_TRUE(same.valid());
  EXPECT_EQ(fcntl(same, F_GETFD), 0);
}

TEST_F(OpenTreeTest, FollowsLinksUnlessToldNotTo) {
  ASSERT_THAT(symlink("missing", "link"), Succeeds());
  EXPECT_THAT(OpenTree(AT_FDCWD, "link", 0), FailsWith(ENOENT));
  EXPECT_THAT(OpenTree(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW), Succeeds());
}

TEST_F(OpenTreeTest, ErrorsInLinuxsOrder) {
  const auto bad = static_cast<const char*>(BadAddress());
  EXPECT_THAT(OpenTree(777, bad, 0x40), FailsWith(EINVAL));
  EXPECT_THAT(OpenTree(777, bad, AT_RECURSIVE), FailsWith(EINVAL));
  EXPECT_THAT(OpenTree(777, bad, OPEN_TREE_CLONE), FailsWith(EPERM));
  EXPECT_THAT(OpenTree(777, bad, 0), FailsWith(EFAULT));
  EXPECT_THAT(OpenTree(777, "x", 0), FailsWith(EBADF));
  EXPECT_THAT(OpenTree(AT_FDCWD, "missing", 0), FailsWith(ENOENT));
  EXPECT_THAT(OpenTree(AT_FDCWD, "", 0), FailsWith(ENOENT));
}

TEST_F(MountApiTest, IsForThePrivileged) {
  const char* bad = static_cast<const char*>(BadAddress());
  EXPECT_THAT(syscall(SYS_fsopen, bad, ~0u), FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_fspick, 777, bad, ~0u), FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_fsmount, 777, ~0u, ~0u), FailsWith(EPERM));
  EXPECT_THAT(syscall(SYS_move_mount, 777, bad, 777, bad, ~0u),
              FailsWith(EPERM));
}

TEST_F(MountApiTest, SetattrChecksItsStructFirst) {
  const mount_attr attr = {};
  const auto set = [&](unsigned flags, const void* from, size_t size) {
    return syscall(SYS_mount_setattr, AT_FDCWD, ".", flags, from, size);
  };
  EXPECT_THAT(set(0x40, &attr, sizeof(attr)), FailsWith(EINVAL));
  EXPECT_THAT(set(0, &attr, 4097), FailsWith(E2BIG));
  EXPECT_THAT(set(0, &attr, sizeof(attr) - 1), FailsWith(EINVAL));
  EXPECT_THAT(set(0, nullptr, sizeof(attr)), FailsWith(EPERM));
  EXPECT_THAT(set(AT_RECURSIVE, &attr, sizeof(attr)), FailsWith(EPERM));
}

}  // namespace
}  // namespace emu
