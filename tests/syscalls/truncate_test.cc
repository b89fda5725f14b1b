// SPDX-License-Identifier: Apache-2.0
//
// truncate(2), ftruncate(2), fallocate(2), fsync(2), posix_fadvise(2),
// copy_file_range(2), sendfile(2).

#include <fcntl.h>
#include <sys/sendfile.h>
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

using TruncateTest = TempDirTest;
using FallocateTest = TempDirTest;
using FsyncTest = TempDirTest;
using CopyFileRangeTest = TempDirTest;
using SendfileTest = TempDirTest;

off_t Size(const char* path) {
  struct stat st;
  return stat(path, &st) == 0 ? st.st_size : -1;
}

TEST_F(TruncateTest, ShortensAndExtendsWithZeros) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  EXPECT_THAT(truncate("file", 2), Succeeds());
  EXPECT_THAT(truncate("file", 4), Succeeds());
  EXPECT_EQ(ReadFile("file"), std::string("he\0\0", 4));
}

TEST_F(TruncateTest, Errors) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  EXPECT_THAT(truncate("file", -1), FailsWith(EINVAL));
  EXPECT_THAT(truncate("missing", -1), FailsWith(EINVAL));
  EXPECT_THAT(truncate("missing", 0), FailsWith(ENOENT));
  EXPECT_THAT(truncate(".", 0), FailsWith(EISDIR));
  EXPECT_THAT(truncate("/dev/null", 0), FailsWith(EINVAL));
  ASSERT_THAT(chmod("file", 0400), Succeeds());
  EXPECT_THAT(truncate("file", 0), FailsWith(EACCES));
}

TEST_F(TruncateTest, DescriptorMustBeWritable) {
  ASSERT_TRUE(WriteFile("file", "hello"));
  const Fd fd(open("file", O_RDONLY));
  EXPECT_THAT(ftruncate(fd, 0), FailsWith(EINVAL));
  EXPECT_THAT(ftruncate(777, 0), FailsWith(EBADF));
  EXPECT_THAT(ftruncate(777, -1), FailsWith(EINVAL));
  Pipe pipe;
  EXPECT_THAT(ftruncate(pipe.write, 0), FailsWith(EINVAL));
}

TEST_F(TruncateTest, OffsetStays) {
  const Fd fd = OpenWith("file", "hello");
  ASSERT_THAT(lseek(fd, 5, SEEK_SET), Succeeds());
  ASSERT_THAT(ftruncate(fd, 0), Succeeds());
  ASSERT_THAT(write(fd, "x", 1), SucceedsWith(1));
  EXPECT_EQ(ReadFile("file"), std::string("\0\0\0\0\0x", 6));
}

TEST_F(FallocateTest, ExtendsFile) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(fallocate(fd, 0, 0, 8192), Succeeds());
  EXPECT_EQ(Size("file"), 8192);
}

TEST_F(FallocateTest, KeepSizeDoesNotExtend) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 8192), Succeeds());
  EXPECT_EQ(Size("file"), 5);
}

TEST_F(FallocateTest, PunchedHoleReadsAsZeros) {
  const Fd fd = OpenWith("file", std::string(3 * 4096, 'x'));
  EXPECT_THAT(
      fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4000, 4200),
      Succeeds());
  const std::string content = ReadFile("file");
  EXPECT_EQ(content.size(), 3u * 4096);
  EXPECT_EQ(content[3999], 'x');
  EXPECT_EQ(content[4000], '\0');
  EXPECT_EQ(content[8199], '\0');
  EXPECT_EQ(content[8200], 'x');
}

TEST_F(FallocateTest, PunchingNeedsKeepSize) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 4096),
              FailsWith(EOPNOTSUPP));
}

TEST_F(FallocateTest, Errors) {
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(fallocate(fd, 0, -1, 10), FailsWith(EINVAL));
  EXPECT_THAT(fallocate(fd, 0, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(fallocate(fd, 0x1000, 0, 10), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(fallocate(777, 0, -1, 10), FailsWith(EBADF));
  const Fd reader(open("file", O_RDONLY));
  EXPECT_THAT(fallocate(reader, 0, 0, 10), FailsWith(EBADF));
  Pipe pipe;
  EXPECT_THAT(fallocate(pipe.write, 0, 0, 10), FailsWith(ESPIPE));
  EXPECT_THAT(fallocate(fd, 0, INT64_MAX, 10), FailsWith(EFBIG));
}

TEST_F(FsyncTest, FilesAndDirectoriesCanBeSynced) {
  const Fd fd = OpenWith("file", "hello");
  const Fd dir(open(".", O_RDONLY));
  EXPECT_THAT(fsync(fd), Succeeds());
  EXPECT_THAT(fdatasync(fd), Succeeds());
  EXPECT_THAT(fsync(dir), Succeeds());
  EXPECT_THAT(syncfs(fd), Succeeds());
}

TEST_F(FsyncTest, Errors) {
  Pipe pipe;
  EXPECT_THAT(fsync(777), FailsWith(EBADF));
  EXPECT_THAT(fsync(pipe.write), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_fadvise64, int{pipe.read}, 0, 0, 0),
              FailsWith(ESPIPE));
  const Fd fd = OpenWith("file", "hello");
  EXPECT_THAT(syscall(SYS_fadvise64, int{fd}, 0, 0, POSIX_FADV_WILLNEED),
              Succeeds());
  EXPECT_THAT(syscall(SYS_fadvise64, int{fd}, 0, 0, 99), FailsWith(EINVAL));
  EXPECT_THAT(readahead(777, 0, 10), FailsWith(EBADF));
}

TEST_F(CopyFileRangeTest, CopiesBetweenOffsets) {
  const Fd in = OpenWith("in", "hello world");
  const Fd out = OpenWith("out", "");
  off64_t from = 6;
  EXPECT_THAT(copy_file_range(in, &from, out, nullptr, 100, 0),
              SucceedsWith(5));
  EXPECT_EQ(from, 11);
  EXPECT_EQ(ReadFile("out"), "world");
  EXPECT_THAT(lseek(in, 0, SEEK_CUR), SucceedsWith(0));
  EXPECT_THAT(lseek(out, 0, SEEK_CUR), SucceedsWith(5));
}

TEST_F(CopyFileRangeTest, Errors) {
  const Fd in = OpenWith("in", "hello world");
  const Fd out = OpenWith("out", "");
  EXPECT_THAT(copy_file_range(in, nullptr, out, nullptr, 5, 1),
              FailsWith(EINVAL));
  EXPECT_THAT(copy_file_range(777, nullptr, out, nullptr, 5, 0),
              FailsWith(EBADF));
  const Fd reader(open("out", O_RDONLY));
  EXPECT_THAT(copy_file_range(in, nullptr, reader, nullptr, 5, 0),
              FailsWith(EBADF));
  const Fd append(open("out", O_WRONLY | O_APPEND));
  EXPECT_THAT(copy_file_range(in, nullptr, append, nullptr, 5, 0),
              FailsWith(EBADF));
  const Fd dir(open(".", O_RDONLY));
  EXPECT_THAT(copy_file_range(dir, nullptr, out, nullptr, 5, 0),
              FailsWith(EISDIR));
  Pipe pipe;
  EXPECT_THAT(copy_file_range(in, nullptr, pipe.write, nullptr, 5, 0),
              FailsWith(EINVAL));
  off64_t from = 0;
  off64_t to = 2;
  EXPECT_THAT(copy_file_range(in, &from, in, &to, 5, 0), FailsWith(EINVAL));
}

TEST_F(SendfileTest, SendsFileIntoPipe) {
  const Fd in = OpenWith("in", "hello world");
  Pipe pipe;
  off_t from = 6;
  EXPECT_THAT(sendfile(pipe.write, in, &from, 100), SucceedsWith(5));
  EXPECT_EQ(from, 11);
  char buf[8];
  EXPECT_THAT(read(pipe.read, buf, 8), SucceedsWith(5));
  EXPECT_EQ(std::string(buf, 5), "world");
  EXPECT_THAT(lseek(in, 0, SEEK_CUR), SucceedsWith(0));
}

TEST_F(SendfileTest, WithoutOffsetMovesTheFiles) {
  const Fd in = OpenWith("in", "hello world");
  const Fd out = OpenWith("out", "");
  EXPECT_THAT(sendfile(out, in, nullptr, 5), SucceedsWith(5));
  EXPECT_THAT(lseek(in, 0, SEEK_CUR), SucceedsWith(5));
  EXPECT_EQ(ReadFile("out"), "hello");
}

TEST_F(SendfileTest, Errors) {
  const Fd in = OpenWith("in", "hello world");
  Pipe pipe;
  off_t from = -1;
  EXPECT_THAT(sendfile(pipe.write, in, &from, 1), FailsWith(EINVAL));
  from = 0;
  EXPECT_THAT(sendfile(777, in, &from, 1), FailsWith(EBADF));
  EXPECT_THAT(sendfile(pipe.write, 777, &from, 1), FailsWith(EBADF));
  EXPECT_THAT(sendfile(in, pipe.read, &from, 1), FailsWith(ESPIPE));
  EXPECT_THAT(sendfile(pipe.read, in, &from, 1), FailsWith(EBADF));
  const Fd append(open("out", O_WRONLY | O_CREAT | O_APPEND, 0644));
  EXPECT_THAT(sendfile(append, in, &from, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_sendfile, int{pipe.write}, int{in}, BadAddress(), 1),
              FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
