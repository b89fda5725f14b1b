// SPDX-License-Identifier: Apache-2.0
//
// name_to_handle_at(2), and what is wrong before open_by_handle_at(2) looks at
// who asks.

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using NameToHandleTest = TempDirTest;
using OpenByHandleTest = TempDirTest;

// A struct file_handle with room for any.
struct Handle {
  unsigned bytes = MAX_HANDLE_SZ;
  int type = 0;
  unsigned char data[MAX_HANDLE_SZ] = {};

  struct file_handle *get() {
    return reinterpret_cast<struct file_handle *>(this);
  }
  friend bool operator==(const Handle &a, const Handle &b) {
    return a.bytes == b.bytes && a.type == b.type &&
           memcmp(a.data, b.data, a.bytes) == 0;
  }
};

TEST_F(NameToHandleTest, SameFileHasTheSameHandle) {
  ASSERT_TRUE(WriteFile("a", ""));
  ASSERT_TRUE(WriteFile("b", ""));
  ASSERT_THAT(link("a", "c"), Succeeds());
  Handle a, b, c;
  int mount_a = -1, mount_b = -1;
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, "a", a.get(), &mount_a, 0),
              Succeeds());
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, "b", b.get(), &mount_b, 0),
              Succeeds());
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, "c", c.get(), &mount_b, 0),
              Succeeds());
  EXPECT_GT(a.bytes, 0u);
  EXPECT_LT(a.bytes, unsigned{MAX_HANDLE_SZ});
  EXPECT_TRUE(a == c);
  EXPECT_FALSE(a == b);
  EXPECT_EQ(mount_a, mount_b);
}

TEST_F(NameToHandleTest, ShortHandleOverflowsAndSaysTheSize) {
  Handle whole, none;
  int mount = -1, other = -1;
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, ".", whole.get(), &mount, 0),
              Succeeds());
  none.bytes = 0;
  EXPECT_THAT(name_to_handle_at(AT_FDCWD, ".", none.get(), &other, 0),
              FailsWith(EOVERFLOW));
  EXPECT_EQ(none.bytes, whole.bytes);
  EXPECT_EQ(other, mount);
}

TEST_F(NameToHandleTest, FollowsLinksOnlyWhenAsked) {
  ASSERT_TRUE(WriteFile("file", ""));
  ASSERT_THAT(symlink("file", "link"), Succeeds());
  Handle file, link, followed;
  int mount;
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, "file", file.get(), &mount, 0),
              Succeeds());
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, "link", link.get(), &mount, 0),
              Succeeds());
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, "link", followed.get(), &mount,
                                AT_SYMLINK_FOLLOW),
              Succeeds());
  EXPECT_FALSE(link == file);
  EXPECT_TRUE(followed == file);
}

TEST_F(NameToHandleTest, EmptyPathIsTheDescriptor) {
  const Fd fd = OpenWith("file", "");
  Handle named, empty;
  int mount;
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, "file", named.get(), &mount, 0),
              Succeeds());
  ASSERT_THAT(name_to_handle_at(fd, "", empty.get(), &mount, AT_EMPTY_PATH),
              Succeeds());
  EXPECT_TRUE(named == empty);
  EXPECT_THAT(name_to_handle_at(fd, "", empty.get(), &mount, 0),
              FailsWith(ENOENT));
}

TEST_F(NameToHandleTest, ErrorsInLinuxsOrder) {
  Handle handle;
  int mount;
  const auto bad = static_cast<struct file_handle *>(BadAddress());
  const auto bad_name = static_cast<const char *>(BadAddress());
  const auto bad_mount = static_cast<int *>(BadAddress());
  // Flags, the name, the file, the handle's head, its size, the mount's id.
  EXPECT_THAT(name_to_handle_at(777, bad_name, bad, bad_mount, 0x8000),
              FailsWith(EINVAL));
  EXPECT_THAT(name_to_handle_at(777, bad_name, bad, bad_mount, 0),
              FailsWith(EFAULT));
  EXPECT_THAT(name_to_handle_at(777, "x", bad, bad_mount, 0), FailsWith(EBADF));
  EXPECT_THAT(name_to_handle_at(AT_FDCWD, "missing", bad, bad_mount, 0),
              FailsWith(ENOENT));
  EXPECT_THAT(name_to_handle_at(AT_FDCWD, ".", bad, bad_mount, 0),
              FailsWith(EFAULT));
  EXPECT_THAT(name_to_handle_at(AT_FDCWD, ".", nullptr, &mount, 0),
              FailsWith(EFAULT));
  handle.bytes = MAX_HANDLE_SZ + 1;
  EXPECT_THAT(name_to_handle_at(AT_FDCWD, ".", handle.get(), bad_mount, 0),
              FailsWith(EINVAL));
  handle.bytes = MAX_HANDLE_SZ;
  EXPECT_THAT(name_to_handle_at(AT_FDCWD, ".", handle.get(), nullptr, 0),
              FailsWith(EFAULT));
}

TEST_F(NameToHandleTest, SomeFileSystemsHaveNone) {
  Handle handle;
  int mount;
  EXPECT_THAT(
      name_to_handle_at(AT_FDCWD, "/proc/version", handle.get(), &mount, 0),
      FailsWith(EOPNOTSUPP));
  EXPECT_THAT(name_to_handle_at(AT_FDCWD, "/proc/version", nullptr, nullptr, 0),
              FailsWith(EOPNOTSUPP));
}

TEST_F(OpenByHandleTest, IsForThePrivileged) {
  Handle handle;
  int mount;
  ASSERT_THAT(name_to_handle_at(AT_FDCWD, ".", handle.get(), &mount, 0),
              Succeeds());
  EXPECT_THAT(open_by_handle_at(AT_FDCWD, handle.get(), O_RDONLY),
              FailsWith(EPERM));
}

TEST_F(OpenByHandleTest, ErrorsInLinuxsOrder) {
  Handle handle;
  const auto bad = static_cast<struct file_handle *>(BadAddress());
  EXPECT_THAT(open_by_handle_at(777, bad, O_RDONLY), FailsWith(EFAULT));
  EXPECT_THAT(open_by_handle_at(777, nullptr, O_RDONLY), FailsWith(EFAULT));
  handle.bytes = MAX_HANDLE_SZ + 1;
  EXPECT_THAT(open_by_handle_at(777, handle.get(), O_RDONLY),
              FailsWith(EINVAL));
  handle.bytes = 0;
  EXPECT_THAT(open_by_handle_at(777, handle.get(), O_RDONLY),
              FailsWith(EINVAL));
  handle.bytes = 8;
  EXPECT_THAT(open_by_handle_at(777, handle.get(), O_RDONLY), FailsWith(EBADF));
  // Only then who asks; the rest of the handle is not looked at.
  EXPECT_THAT(open_by_handle_at(AT_FDCWD, handle.get(), O_RDONLY),
              FailsWith(EPERM));
}

}  // namespace
}  // namespace emu
