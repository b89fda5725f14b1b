// SPDX-License-Identifier: Apache-2.0
//
// open_by_handle_at(2), for those who may.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

class OpenByHandleTest : public TempDirTest {
 protected:
  // The handle of `name`; valid until the next call.
  struct file_handle *HandleOf(const char *name) {
    auto *handle = reinterpret_cast<struct file_handle *>(room_);
    handle->handle_bytes = MAX_HANDLE_SZ;
    int mount;
    EXPECT_THAT(name_to_handle_at(AT_FDCWD, name, handle, &mount, 0),
                Succeeds());
    return handle;
  }

 private:
  alignas(8) char room_[sizeof(struct file_handle) + MAX_HANDLE_SZ];
};

TEST_F(OpenByHandleTest, OpensTheFileWhateverItsName) {
  ASSERT_TRUE(WriteFile("file", "content"));
  struct file_handle *handle = HandleOf("file");
  ASSERT_THAT(rename("file", "other"), Succeeds());
  const Fd fd(open_by_handle_at(AT_FDCWD, handle, O_RDWR));
  ASSERT_TRUE(fd.valid());
  char bytes[8] = {};
  EXPECT_THAT(read(fd, bytes, sizeof(bytes)), SucceedsWith(7));
  EXPECT_STREQ(bytes, "content");
  EXPECT_EQ(fcntl(fd, F_GETFD), 0);
  const Fd closing(open_by_handle_at(fd, handle, O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(fcntl(closing, F_GETFD), FD_CLOEXEC);
}

TEST_F(OpenByHandleTest, OpensDirectories) {
  ASSERT_THAT(mkdir("dir", 0755), Succeeds());
  ASSERT_TRUE(WriteFile("dir/file", ""));
  const Fd fd(open_by_handle_at(AT_FDCWD, HandleOf("dir"), O_DIRECTORY));
  EXPECT_THAT(faccessat(fd, "file", F_OK, 0), Succeeds());
  EXPECT_THAT(open_by_handle_at(AT_FDCWD, HandleOf("dir"), O_WRONLY),
              FailsWith(EISDIR));
  EXPECT_THAT(open_by_handle_at(AT_FDCWD, HandleOf("dir/file"), O_DIRECTORY),
              FailsWith(ENOTDIR));
}

TEST_F(OpenByHandleTest, FileThatIsGoneIsStale) {
  ASSERT_TRUE(WriteFile("file", ""));
  struct file_handle *handle = HandleOf("file");
  ASSERT_THAT(unlink("file"), Succeeds());
  EXPECT_THAT(open_by_handle_at(AT_FDCWD, handle, O_RDONLY), FailsWith(ESTALE));
}

TEST_F(OpenByHandleTest, HandleOfAnotherFileSystemIsStale) {
  ASSERT_TRUE(WriteFile("file", ""));
  const Fd proc(open("/proc", O_RDONLY));
  EXPECT_THAT(open_by_handle_at(proc, HandleOf("file"), O_RDONLY),
              FailsWith(ESTALE));
}

TEST_F(OpenByHandleTest, OddHandlesAreRefused) {
  ASSERT_TRUE(WriteFile("file", ""));
  struct file_handle *handle = HandleOf("file");
  handle->handle_type = -1;
  EXPECT_THAT(open_by_handle_at(AT_FDCWD, handle, O_RDONLY), FailsWith(EINVAL));
  handle->handle_type = 0x55;
  EXPECT_THAT(open_by_handle_at(AT_FDCWD, handle, O_RDONLY), FailsWith(ESTALE));
}

}  // namespace
}  // namespace emu
