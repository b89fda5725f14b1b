// SPDX-License-Identifier: Apache-2.0
//
// The flags of preadv2(2) and pwritev2(2).

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

// Linux 6.9, 6.11 and 6.14.
constexpr int kNoAppend = 0x20;
constexpr int kAtomic = 0x40;

class RwfTest : public TempDirTest {
 protected:
  ssize_t Read(int fd, off_t offset, int flags) {
    iovec iov = {buffer_, sizeof(buffer_)};
    return syscall(SYS_preadv2, fd, &iov, 1, offset, 0, flags);
  }
  ssize_t Write(int fd, const char *text, off_t offset, int flags) {
    iovec iov = {const_cast<char *>(text), strlen(text)};
    return syscall(SYS_pwritev2, fd, &iov, 1, offset, 0, flags);
  }

  char buffer_[16] = {};
};

TEST_F(RwfTest, NoWaitOnEmptyPipeSaysAgain) {
  const Pipe pipe;
  EXPECT_THAT(Read(pipe.read, -1, RWF_NOWAIT), FailsWith(EAGAIN));
  EXPECT_THAT(Write(pipe.write, "x", -1, RWF_NOWAIT), SucceedsWith(1));
  EXPECT_THAT(Read(pipe.read, -1, RWF_NOWAIT), SucceedsWith(1));
}

TEST_F(RwfTest, NoWaitOnFullPipeSaysAgain) {
  const Pipe pipe;
  ASSERT_THAT(fcntl(pipe.write, F_SETPIPE_SZ, 4096), Succeeds());
  const std::string page(4096, 'x');
  ASSERT_THAT(write(pipe.write, page.data(), page.size()), SucceedsWith(4096));
  EXPECT_THAT(Write(pipe.write, "y", -1, RWF_NOWAIT), FailsWith(EAGAIN));
}

TEST_F(RwfTest, NoWaitOnEmptySocketSaysAgain) {
  const SocketPair sockets;
  EXPECT_THAT(Read(sockets.a, -1, RWF_NOWAIT), FailsWith(EAGAIN));
  EXPECT_THAT(Write(sockets.b, "x", -1, RWF_NOWAIT), SucceedsWith(1));
  EXPECT_THAT(Read(sockets.a, -1, RWF_NOWAIT), SucceedsWith(1));
}

TEST_F(RwfTest, NoWaitOnEventfd) {
  const Fd event(eventfd(0, 0));
  EXPECT_THAT(Read(event, -1, RWF_NOWAIT), FailsWith(EAGAIN));
}

TEST_F(RwfTest, NoWaitReadsWhatIsInMemory) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(Read(fd, 0, 0), SucceedsWith(5));
  EXPECT_THAT(Read(fd, 1, RWF_NOWAIT), SucceedsWith(4));
  EXPECT_THAT(Read(fd, 9, RWF_NOWAIT), SucceedsWith(0));
}

TEST_F(RwfTest, AppendGoesToTheEndWhateverTheOffset) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(lseek(fd, 1, SEEK_SET), SucceedsWith(1));
  EXPECT_THAT(Write(fd, "+", 0, RWF_APPEND), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), "hello+");
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(1));
  // At the description's own offset, that moves behind what was written.
  EXPECT_THAT(Write(fd, "*", -1, RWF_APPEND), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), "hello+*");
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(7));
}

TEST_F(RwfTest, NoAppendWritesInPlace) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  const Fd fd(open("file", O_WRONLY | O_APPEND));
  EXPECT_THAT(Write(fd, "J", 0, kNoAppend), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), "Jello");
  EXPECT_THAT(Write(fd, "+", 0, 0), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), "Jello+");
  EXPECT_THAT(Write(fd, "x", 0, kNoAppend | RWF_APPEND), FailsWith(EINVAL));
}

TEST_F(RwfTest, SyncFlagsAreTaken) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(Write(fd, "a", 0, RWF_SYNC), SucceedsWith(1));
  EXPECT_THAT(Write(fd, "b", 1, RWF_DSYNC | RWF_HIPRI), SucceedsWith(1));
  EXPECT_THAT(Read(fd, 0, RWF_HIPRI), SucceedsWith(2));
  EXPECT_THAT(Read(fd, 0, RWF_SYNC | RWF_DSYNC), SucceedsWith(2));
}

TEST_F(RwfTest, AppendMeansNothingToReads) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(Read(fd, 0, RWF_APPEND), SucceedsWith(5));
  EXPECT_THAT(Read(fd, 0, kNoAppend), SucceedsWith(5));
}

TEST_F(RwfTest, UnknownFlagsAreNotSupported) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(Read(fd, 0, 0x4000), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Write(fd, "x", 0, 0x4000), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Read(fd, 0, kAtomic), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Write(fd, "x", 0, kAtomic), FailsWith(EOPNOTSUPP));
}

TEST_F(RwfTest, OffsetAndDescriptorAreCheckedBeforeFlags) {
  const Pipe pipe;
  const Fd fd = OpenWith("file", "hello");
  const Fd writer(open("file", O_WRONLY));
  EXPECT_THAT(Read(777, -2, 0x4000), FailsWith(EINVAL));
  EXPECT_THAT(Read(777, 0, 0x4000), FailsWith(EBADF));
  EXPECT_THAT(Read(writer, 0, 0x4000), FailsWith(EBADF));
  EXPECT_THAT(Read(pipe.read, 0, 0x4000), FailsWith(ESPIPE));
  EXPECT_THAT(syscall(SYS_preadv2, int{fd}, BadAddress(), 1, 0, 0, 0x4000),
              FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_preadv2, int{fd}, nullptr, 2000, 0, 0, 0x4000),
              FailsWith(EINVAL));
  iovec none = {buffer_, 0};
  EXPECT_THAT(syscall(SYS_preadv2, int{fd}, &none, 1, 0, 0, 0x4000),
              SucceedsWith(0));
  EXPECT_THAT(syscall(SYS_pwritev2, int{fd}, &none, 1, 0, 0, 0x4000),
              SucceedsWith(0));
}

}  // namespace
}  // namespace emu
