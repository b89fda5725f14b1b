// SPDX-License-Identifier: Apache-2.0
//
// read(2), write(2), pread(2), pwrite(2) on regular files, and lseek(2).

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
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

using ReadTest = TempDirTest;
using WriteTest = TempDirTest;
using PreadTest = TempDirTest;
using PwriteTest = TempDirTest;
using LseekTest = TempDirTest;
using FileSizeLimitTest = TempDirTest;

TEST_F(ReadTest, ReturnsWhatIsThereThenEnd) {
  const Fd fd = OpenWith("file", "hello");
  char buf[10];
  EXPECT_THAT(read(fd, buf, sizeof(buf)), SucceedsWith(5));
  EXPECT_EQ(std::string(buf, 5), "hello");
  EXPECT_THAT(read(fd, buf, sizeof(buf)), SucceedsWith(0));
}

TEST_F(ReadTest, FailsForUnusedNumber) {
  char c;
  EXPECT_THAT(read(777, &c, 1), FailsWith(EBADF));
  EXPECT_THAT(read(-1, BadAddress(), 1), FailsWith(EBADF));
}

TEST_F(ReadTest, FailsForWriteOnlyDescriptor) {
  const Fd fd(open("file", O_WRONLY | O_CREAT, 0644));
  char c;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EBADF));
  EXPECT_THAT(read(fd, &c, 0), FailsWith(EBADF));
}

TEST_F(ReadTest, DirectoryIsRefused) {
  const Fd fd(open(".", O_RDONLY));
  char c;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EISDIR));
}

TEST_F(ReadTest, BadBufferFails) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(read(fd, BadAddress(), 5), FailsWith(EFAULT));
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(0));
}

TEST_F(ReadTest, BadBufferAtEndOfFileIsNotTouched) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(read(fd, BadAddress(), 5), SucceedsWith(0));
}

TEST_F(ReadTest, BufferOutsideTheAddressSpaceFailsEvenForNothing) {
  const Fd fd = OpenWith("file", "hello");
  void* kernel = reinterpret_cast<void*>(0xffff888000000000);
  EXPECT_THAT(read(fd, kernel, 5), FailsWith(EFAULT));
  EXPECT_THAT(read(fd, nullptr, 0), SucceedsWith(0));
}

TEST_F(ReadTest, StopsAtUnmappedMemory) {
  const Fd fd = OpenWith("file", "hello");
  GuardedMap map;
  EXPECT_THAT(read(fd, map.end(3), 5), SucceedsWith(3));
  EXPECT_EQ(std::string(map.end(3), 3), "hel");
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(3));
}

TEST_F(ReadTest, CountBeyondTheAddressSpaceFails) {
  const Fd fd = OpenWith("file", "hello");
  char c;
  EXPECT_THAT(syscall(SYS_read, int{fd}, &c, SIZE_MAX), FailsWith(EFAULT));
}

TEST_F(ReadTest, HoleReadsAsZeros) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(pwrite(fd, "x", 1, 100000), SucceedsWith(1));
  char buf[3] = {1, 1, 1};
  EXPECT_THAT(pread(fd, buf, 3, 50000), SucceedsWith(3));
  EXPECT_EQ(std::string(buf, 3), std::string(3, '\0'));
}

TEST_F(ReadTest, SharedOffsetAdvancesForDuplicates) {
  const Fd fd = OpenWith("file", "hello");
  const Fd copy(dup(fd));
  char buf[2];
  ASSERT_THAT(read(fd, buf, 2), SucceedsWith(2));
  ASSERT_THAT(read(copy, buf, 2), SucceedsWith(2));
  EXPECT_EQ(std::string(buf, 2), "ll");
}

TEST_F(ReadTest, SharedOffsetAdvancesForForkedChild) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(RunInChild([&] {
                char c;
                CHILD_CHECK(read(fd, &c, 1) == 1);
              }),
              Exited(0));
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(1));
}

TEST_F(WriteTest, ExtendsFile) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(write(fd, "hello", 5), SucceedsWith(5));
  EXPECT_EQ(ReadFile("file"), "hello");
}

TEST_F(WriteTest, FailsForReadOnlyDescriptor) {
  OpenWith("file", "");
  const Fd fd(open("file", O_RDONLY));
  EXPECT_THAT(write(fd, "x", 1), FailsWith(EBADF));
  EXPECT_THAT(write(fd, "x", 0), FailsWith(EBADF));
}

TEST_F(WriteTest, BadBufferFails) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(write(fd, BadAddress(), 5), FailsWith(EFAULT));
  EXPECT_EQ(ReadFile("file"), "");
}

TEST_F(WriteTest, StopsAtUnmappedMemory) {
  const Fd fd = OpenWith("file", "");
  GuardedMap map;
  memcpy(map.end(3), "abc", 3);
  EXPECT_THAT(write(fd, map.end(3), 10), SucceedsWith(3));
  EXPECT_EQ(ReadFile("file"), "abc");
}

TEST_F(WriteTest, AppendIgnoresOffset) {
  const Fd fd = OpenWith("file", "abc", O_APPEND);
  ASSERT_THAT(lseek(fd, 0, SEEK_SET), Succeeds());
  EXPECT_THAT(write(fd, "d", 1), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), "abcd");
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(4));
}

TEST_F(WriteTest, BeyondEndLeavesHole) {
  const Fd fd = OpenWith("file", "a");
  ASSERT_THAT(lseek(fd, 3, SEEK_SET), Succeeds());
  EXPECT_THAT(write(fd, "d", 1), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), std::string("a\0\0d", 4));
}

TEST_F(WriteTest, NothingWrittenChangesNothing) {
  const Fd fd = OpenWith("file", "");
  ASSERT_THAT(lseek(fd, 10, SEEK_SET), Succeeds());
  EXPECT_THAT(write(fd, "x", 0), SucceedsWith(0));
  EXPECT_EQ(ReadFile("file"), "");
}

TEST_F(WriteTest, UnlinkedFileStaysUsable) {
  const Fd fd = OpenWith("file", "abc");
  ASSERT_THAT(unlink("file"), Succeeds());
  EXPECT_THAT(pwrite(fd, "x", 1, 1), SucceedsWith(1));
  char buf[3];
  EXPECT_THAT(pread(fd, buf, 3, 0), SucceedsWith(3));
  EXPECT_EQ(std::string(buf, 3), "axc");
}

TEST_F(PreadTest, LeavesOffsetAlone) {
  const Fd fd = OpenWith("file", "hello");
  char buf[2];
  EXPECT_THAT(pread(fd, buf, 2, 3), SucceedsWith(2));
  EXPECT_EQ(std::string(buf, 2), "lo");
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(0));
}

TEST_F(PreadTest, RejectsNegativeOffsetBeforeLookingAtDescriptor) {
  char c;
  EXPECT_THAT(pread(777, &c, 1, -1), FailsWith(EINVAL));
  EXPECT_THAT(pread(777, &c, 1, 0), FailsWith(EBADF));
}

TEST_F(PreadTest, PipesCannotSeek) {
  Pipe pipe;
  char c;
  EXPECT_THAT(pread(pipe.read, &c, 1, 0), FailsWith(ESPIPE));
  EXPECT_THAT(pread(pipe.write, &c, 1, 0), FailsWith(ESPIPE));
  EXPECT_THAT(pwrite(pipe.write, &c, 1, 0), FailsWith(ESPIPE));
}

TEST_F(PreadTest, BeyondEndReadsNothing) {
  const Fd fd = OpenWith("file", "hello");
  char c;
  EXPECT_THAT(pread(fd, &c, 1, 5), SucceedsWith(0));
  EXPECT_THAT(pread(fd, &c, 1, LLONG_MAX), FailsWith(EINVAL));
  EXPECT_THAT(pread(fd, &c, 1, LLONG_MAX - 1), SucceedsWith(0));
}

TEST_F(PwriteTest, AppendDescriptorAppendsAllTheSame) {
  const Fd fd = OpenWith("file", "abc", O_APPEND);
  EXPECT_THAT(pwrite(fd, "d", 1, 0), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), "abcd");
}

TEST_F(PwriteTest, RejectsNegativeOffset) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(pwrite(fd, "d", 1, -1), FailsWith(EINVAL));
}

TEST_F(LseekTest, MovesByEachOrigin) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(lseek(fd, 2, SEEK_SET), SucceedsWith(2));
  EXPECT_THAT(lseek(fd, 1, SEEK_CUR), SucceedsWith(3));
  EXPECT_THAT(lseek(fd, -1, SEEK_END), SucceedsWith(4));
  EXPECT_THAT(lseek(fd, 100, SEEK_END), SucceedsWith(105));
}

TEST_F(LseekTest, RejectsNegativeResultAndKeepsOffset) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(lseek(fd, 2, SEEK_SET), Succeeds());
  EXPECT_THAT(lseek(fd, -3, SEEK_CUR), FailsWith(EINVAL));
  EXPECT_THAT(lseek(fd, 0, SEEK_CUR), SucceedsWith(2));
}

TEST_F(LseekTest, RejectsUnknownOrigin) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(lseek(fd, 0, 5), FailsWith(EINVAL));
  EXPECT_THAT(lseek(777, 0, 5), FailsWith(EBADF));
}

TEST_F(LseekTest, PipesAndSocketsCannotSeek) {
  Pipe pipe;
  SocketPair sockets;
  EXPECT_THAT(lseek(pipe.read, 0, SEEK_CUR), FailsWith(ESPIPE));
  EXPECT_THAT(lseek(sockets.a, 0, SEEK_CUR), FailsWith(ESPIPE));
}

TEST_F(LseekTest, UnknownOriginComesBeforePipe) {
  Pipe pipe;
  EXPECT_THAT(lseek(pipe.read, 0, 99), FailsWith(EINVAL));
}

TEST_F(LseekTest, FindsDataAndHole) {
  const Fd fd = OpenWith("file", "");
  constexpr off_t kData = 1 << 20;
  ASSERT_THAT(pwrite(fd, "x", 1, kData), SucceedsWith(1));
  EXPECT_THAT(lseek(fd, 0, SEEK_DATA), SucceedsWith(kData));
  EXPECT_THAT(lseek(fd, 0, SEEK_HOLE), SucceedsWith(0));
  EXPECT_THAT(lseek(fd, kData, SEEK_HOLE), SucceedsWith(kData + 1));
}

TEST_F(LseekTest, DataAndHoleBeyondEndSayNoSuchAddress) {
  const Fd fd = OpenWith("file", "x");
  EXPECT_THAT(lseek(fd, 1, SEEK_DATA), FailsWith(ENXIO));
  EXPECT_THAT(lseek(fd, 1, SEEK_HOLE), FailsWith(ENXIO));
  EXPECT_THAT(lseek(fd, 0, SEEK_HOLE), SucceedsWith(1));
  EXPECT_THAT(lseek(fd, -1, SEEK_DATA), FailsWith(ENXIO));
}

TEST_F(FileSizeLimitTest, WriteStopsAtLimitThenRaisesSigxfsz) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(RunInChild([&] {
                const rlimit limit = {10, 10};
                CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
                CHILD_CHECK(write(fd, "0123456789abc", 13) == 10);
                write(fd, "x", 1);
              }),
              KilledBy(SIGXFSZ));
}

TEST_F(FileSizeLimitTest, IgnoredSignalLeavesEfbig) {
  const Fd fd = OpenWith("file", "");
  EXPECT_THAT(RunInChild([&] {
                signal(SIGXFSZ, SIG_IGN);
                const rlimit limit = {10, 10};
                CHILD_CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
                CHILD_CHECK(pwrite(fd, "x", 1, 10) == -1 && errno == EFBIG);
                CHILD_CHECK(ftruncate(fd, 11) == -1 && errno == EFBIG);
                CHILD_CHECK(ftruncate(fd, 10) == 0);
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
