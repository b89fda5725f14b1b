// SPDX-License-Identifier: Apache-2.0
//
// readv(2), writev(2), preadv(2), pwritev(2), preadv2(2), pwritev2(2).

#include <fcntl.h>
#include <limits.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using ReadvTest = TempDirTest;
using WritevTest = TempDirTest;
using Preadv2Test = TempDirTest;
using Pwritev2Test = TempDirTest;

iovec Vec(const void* base, size_t size) {
  return {const_cast<void*>(base), size};
}

TEST_F(ReadvTest, FillsBuffersInOrder) {
  const Fd fd = OpenWith("file", "hello");
  char a[2];
  char b[8];
  const iovec vec[] = {Vec(a, 2), Vec(nullptr, 0), Vec(b, 8)};
  EXPECT_THAT(readv(fd, vec, 3), SucceedsWith(5));
  EXPECT_EQ(std::string(a, 2), "he");
  EXPECT_EQ(std::string(b, 3), "llo");
}

TEST_F(ReadvTest, StopsAtBadBuffer) {
  const Fd fd = OpenWith("file", "hello");
  char a[2];
  const iovec vec[] = {Vec(a, 2), Vec(BadAddress(), 2)};
  EXPECT_THAT(readv(fd, vec, 2), SucceedsWith(2));
  EXPECT_THAT(readv(fd, vec + 1, 1), FailsWith(EFAULT));
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(2));
}

TEST_F(ReadvTest, CountIsChecked) {
  const Fd fd = OpenWith("file", "hello");
  const iovec vec[] = {Vec(nullptr, 0)};
  EXPECT_THAT(readv(fd, vec, 0), SucceedsWith(0));
  EXPECT_THAT(syscall(SYS_readv, int{fd}, vec, -1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_readv, int{fd}, BadAddress(), IOV_MAX + 1),
              FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_readv, int{fd}, BadAddress(), 1), FailsWith(EFAULT));
  EXPECT_THAT(syscall(SYS_readv, 777, BadAddress(), IOV_MAX + 1),
              FailsWith(EBADF));
}

TEST_F(ReadvTest, NegativeLengthIsInvalid) {
  const Fd fd = OpenWith("file", "hello");
  char a[2];
  const iovec vec[] = {Vec(a, 2), Vec(a, SIZE_MAX)};
  EXPECT_THAT(readv(fd, vec, 2), FailsWith(EINVAL));
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(0));
}

TEST_F(WritevTest, WritesAllAsOne) {
  const Fd fd = OpenWith("file", "");
  const iovec vec[] = {Vec("ab", 2), Vec("", 0), Vec("cd", 2)};
  EXPECT_THAT(writev(fd, vec, 3), SucceedsWith(4));
  EXPECT_EQ(ReadFile("file"), "abcd");
}

TEST_F(WritevTest, ThousandAndTwentyFourBuffersAreAllowed) {
  const Fd fd = OpenWith("file", "");
  const std::vector<iovec> vec(1024, Vec("x", 1));
  EXPECT_THAT(writev(fd, vec.data(), 1024), SucceedsWith(1024));
}

TEST_F(WritevTest, StopsAtBadBuffer) {
  const Fd fd = OpenWith("file", "");
  const iovec vec[] = {Vec("ab", 2), Vec(BadAddress(), 2)};
  EXPECT_THAT(writev(fd, vec, 2), SucceedsWith(2));
  EXPECT_EQ(ReadFile("file"), "ab");
}

TEST_F(WritevTest, IsAtomicOnPipeUpToPipeBuf) {
  Pipe pipe(O_NONBLOCK);
  static char data[65536];
  ASSERT_THAT(write(pipe.write, data, 65536 - 4096), Succeeds());
  const iovec vec[] = {Vec(data, 2048), Vec(data, 2048)};
  EXPECT_THAT(writev(pipe.write, vec, 2), SucceedsWith(4096));
  EXPECT_THAT(writev(pipe.write, vec, 2), FailsWith(EAGAIN));
}

TEST_F(Preadv2Test, LeavesOffsetAlone) {
  const Fd fd = OpenWith("file", "hello");
  char a[2];
  const iovec vec[] = {Vec(a, 2)};
  EXPECT_THAT(preadv(fd, vec, 1, 3), SucceedsWith(2));
  EXPECT_EQ(std::string(a, 2), "lo");
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(0));
}

TEST_F(Preadv2Test, OffsetMinusOneUsesTheFiles) {
  const Fd fd = OpenWith("file", "hello");
  char a[2];
  const iovec vec[] = {Vec(a, 2)};
  EXPECT_THAT(preadv2(fd, vec, 1, -1, 0), SucceedsWith(2));
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(2));
  EXPECT_THAT(preadv(fd, vec, 1, -1), FailsWith(EINVAL));
}

TEST_F(Preadv2Test, RejectsUnknownFlags) {
  const Fd fd = OpenWith("file", "hello");
  char a[2];
  const iovec vec[] = {Vec(a, 2)};
  EXPECT_THAT(preadv2(fd, vec, 1, 0, 0x10000), FailsWith(EOPNOTSUPP));
}

TEST_F(Preadv2Test, PipesCannotSeek) {
  Pipe pipe;
  char a[2];
  const iovec vec[] = {Vec(a, 2)};
  EXPECT_THAT(preadv(pipe.read, vec, 1, 0), FailsWith(ESPIPE));
  EXPECT_THAT(preadv(777, vec, 1, -1), FailsWith(EINVAL));
}

TEST_F(Preadv2Test, NowaitOnEmptyPipeFails) {
  Pipe pipe;
  char a[2];
  const iovec vec[] = {Vec(a, 2)};
  EXPECT_THAT(preadv2(pipe.read, vec, 1, -1, RWF_NOWAIT), FailsWith(EAGAIN));
}

TEST_F(Pwritev2Test, AppendFlagIgnoresOffset) {
  const Fd fd = OpenWith("file", "abc");
  const iovec vec[] = {Vec("d", 1)};
  EXPECT_THAT(pwritev2(fd, vec, 1, 0, RWF_APPEND), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), "abcd");
}

TEST_F(Pwritev2Test, SyncFlagsAreAccepted) {
  const Fd fd = OpenWith("file", "abc");
  const iovec vec[] = {Vec("d", 1)};
  EXPECT_THAT(pwritev2(fd, vec, 1, 0, RWF_DSYNC | RWF_SYNC), SucceedsWith(1));
}

}  // namespace
}  // namespace emu
