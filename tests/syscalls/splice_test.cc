// SPDX-License-Identifier: Apache-2.0
//
// splice(2), tee(2), vmsplice(2), memfd_create(2) with its seals.

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
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

using SpliceTest = TempDirTest;

std::string Drain(int fd) {
  char buf[256];
  const ssize_t n = read(fd, buf, sizeof(buf));
  return n < 0 ? "<error>" : std::string(buf, n);
}

TEST_F(SpliceTest, MovesFileIntoPipe) {
  const Fd file = OpenWith("file", "hello world");
  Pipe pipe;
  off64_t from = 6;
  EXPECT_THAT(splice(file, &from, pipe.write, nullptr, 100, 0),
              SucceedsWith(5));
  EXPECT_EQ(from, 11);
  EXPECT_EQ(Drain(pipe.read), "world");
}

TEST_F(SpliceTest, MovesPipeIntoFile) {
  const Fd file = OpenWith("file", "");
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "hello", 5), SucceedsWith(5));
  EXPECT_THAT(splice(pipe.read, nullptr, file, nullptr, 3, 0), SucceedsWith(3));
  EXPECT_EQ(ReadFile("file"), "hel");
  EXPECT_EQ(Drain(pipe.read), "lo");
}

TEST_F(SpliceTest, MovesPipeIntoPipe) {
  Pipe a;
  Pipe b;
  ASSERT_THAT(write(a.write, "hello", 5), SucceedsWith(5));
  EXPECT_THAT(splice(a.read, nullptr, b.write, nullptr, 100, 0),
              SucceedsWith(5));
  EXPECT_EQ(Drain(b.read), "hello");
}

TEST_F(SpliceTest, EndOfInputGivesZero) {
  const Fd file = OpenWith("file", "");
  Pipe pipe;
  EXPECT_THAT(splice(file, nullptr, pipe.write, nullptr, 10, 0),
              SucceedsWith(0));
  pipe.write.Reset();
  EXPECT_THAT(splice(pipe.read, nullptr, file, nullptr, 10, 0),
              SucceedsWith(0));
}

TEST_F(SpliceTest, NonblockFlagFailsOnEmptyPipe) {
  const Fd file = OpenWith("file", "");
  Pipe pipe;
  EXPECT_THAT(splice(pipe.read, nullptr, file, nullptr, 10, SPLICE_F_NONBLOCK),
              FailsWith(EAGAIN));
}

TEST_F(SpliceTest, Errors) {
  const Fd file = OpenWith("file", "hello");
  Pipe pipe;
  off64_t offset = 0;
  EXPECT_THAT(splice(file, nullptr, file, nullptr, 1, 0), FailsWith(EINVAL));
  EXPECT_THAT(splice(pipe.read, &offset, file, nullptr, 1, 0),
              FailsWith(ESPIPE));
  EXPECT_THAT(splice(file, nullptr, pipe.write, &offset, 1, 0),
              FailsWith(ESPIPE));
  EXPECT_THAT(splice(777, nullptr, pipe.write, nullptr, 1, 0),
              FailsWith(EBADF));
  EXPECT_THAT(splice(file, nullptr, pipe.write, nullptr, 1, 0x100),
              FailsWith(EINVAL));
  EXPECT_THAT(splice(777, nullptr, 777, nullptr, 0, 0), SucceedsWith(0));
  EXPECT_THAT(splice(pipe.read, nullptr, pipe.write, nullptr, 1, 0),
              FailsWith(EINVAL));
  EXPECT_THAT(splice(file, nullptr, pipe.read, nullptr, 1, 0),
              FailsWith(EBADF));
  const Fd append(open("file", O_WRONLY | O_APPEND));
  EXPECT_THAT(splice(pipe.read, nullptr, append, nullptr, 1, 0),
              FailsWith(EINVAL));
}

TEST(TeeTest, DuplicatesWithoutConsuming) {
  Pipe a;
  Pipe b;
  ASSERT_THAT(write(a.write, "hello", 5), SucceedsWith(5));
  EXPECT_THAT(tee(a.read, b.write, 100, 0), SucceedsWith(5));
  EXPECT_EQ(Drain(a.read), "hello");
  EXPECT_EQ(Drain(b.read), "hello");
}

TEST(TeeTest, Errors) {
  Pipe a;
  EXPECT_THAT(tee(a.read, a.write, 1, 0), FailsWith(EINVAL));
  EXPECT_THAT(tee(0, a.write, 1, 0), FailsWith(EINVAL));
  EXPECT_THAT(tee(777, a.write, 1, 0), FailsWith(EBADF));
  EXPECT_THAT(tee(777, a.write, 0, 0), SucceedsWith(0));
  Pipe b;
  EXPECT_THAT(tee(a.read, b.write, 1, SPLICE_F_NONBLOCK), FailsWith(EAGAIN));
}

TEST(VmspliceTest, PutsMemoryIntoPipeAndBack) {
  Pipe pipe;
  char text[] = "hello";
  const iovec in = {text, 5};
  EXPECT_THAT(vmsplice(pipe.write, &in, 1, 0), SucceedsWith(5));
  char buf[8];
  const iovec out = {buf, 8};
  EXPECT_THAT(vmsplice(pipe.read, &out, 1, 0), SucceedsWith(5));
  EXPECT_EQ(std::string(buf, 5), "hello");
}

TEST(VmspliceTest, Errors) {
  char text[] = "hello";
  const iovec in = {text, 5};
  EXPECT_THAT(vmsplice(0, &in, 1, 0), FailsWith(EBADF));
  EXPECT_THAT(vmsplice(777, &in, 1, 0), FailsWith(EBADF));
  Pipe pipe;
  EXPECT_THAT(vmsplice(pipe.write, &in, 1, 0x100), FailsWith(EINVAL));
}

TEST(MemfdCreateTest, IsAnUnlinkedReadWriteFile) {
  const Fd fd(memfd_create("name", 0));
  struct stat st;
  ASSERT_THAT(fstat(fd, &st), Succeeds());
  EXPECT_EQ(st.st_mode, S_IFREG | 0777u);
  EXPECT_EQ(st.st_nlink, 0u);
  EXPECT_EQ(st.st_size, 0);
  EXPECT_THAT(write(fd, "hello", 5), SucceedsWith(5));
  char buf[8];
  EXPECT_THAT(pread(fd, buf, 8, 0), SucceedsWith(5));
  EXPECT_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
}

TEST(MemfdCreateTest, NameShowsInProc) {
  const Fd fd(memfd_create("some name", MFD_CLOEXEC));
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
  char target[128];
  const ssize_t n =
      readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, 128);
  ASSERT_GT(n, 0);
  EXPECT_EQ(std::string(target, n), "/memfd:some name (deleted)");
}

TEST(MemfdCreateTest, ChecksArguments) {
  EXPECT_THAT(memfd_create("name", 0x1000), FailsWith(EINVAL));
  EXPECT_THAT(memfd_create(std::string(250, 'x').c_str(), 0),
              FailsWith(EINVAL));
  EXPECT_TRUE(Fd(memfd_create(std::string(249, 'x').c_str(), 0)).valid());
  EXPECT_THAT(syscall(SYS_memfd_create, BadAddress(), 0), FailsWith(EFAULT));
}

TEST(MemfdSealTest, WithoutPermissionNothingCanBeSealed) {
  const Fd fd(memfd_create("name", 0));
  EXPECT_THAT(fcntl(fd, F_GET_SEALS), SucceedsWith(F_SEAL_SEAL));
  EXPECT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), FailsWith(EPERM));
}

TEST(MemfdSealTest, WriteGrowAndShrinkAreRefused) {
  const Fd fd(memfd_create("name", MFD_ALLOW_SEALING));
  ASSERT_THAT(write(fd, "hello", 5), SucceedsWith(5));
  ASSERT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), Succeeds());
  EXPECT_THAT(ftruncate(fd, 6), FailsWith(EPERM));
  EXPECT_THAT(pwrite(fd, "x", 1, 5), FailsWith(EPERM));
  EXPECT_THAT(pwrite(fd, "x", 1, 0), SucceedsWith(1));
  ASSERT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), Succeeds());
  EXPECT_THAT(ftruncate(fd, 1), FailsWith(EPERM));
  ASSERT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), Succeeds());
  EXPECT_THAT(pwrite(fd, "x", 1, 0), FailsWith(EPERM));
  EXPECT_THAT(fcntl(fd, F_GET_SEALS),
              SucceedsWith(F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_WRITE));
}

TEST(MemfdSealTest, SharedWritableMappingPreventsWriteSeal) {
  const Fd fd(memfd_create("name", MFD_ALLOW_SEALING));
  ASSERT_THAT(ftruncate(fd, kPage), Succeeds());
  Map map = Map::Of(fd, kPage);
  EXPECT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), FailsWith(EBUSY));
  map.Reset();
  EXPECT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), Succeeds());
  EXPECT_THAT(mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
              FailsWith(EPERM));
  EXPECT_TRUE(Map::Of(fd, kPage, MAP_PRIVATE).valid());
}

TEST(MemfdSealTest, SealedSealsCannotChange) {
  const Fd fd(memfd_create("name", MFD_ALLOW_SEALING));
  ASSERT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL), Succeeds());
  EXPECT_THAT(fcntl(fd, F_ADD_SEALS, F_SEAL_GROW), FailsWith(EPERM));
}

TEST(MemfdSealTest, OtherFilesHaveNone) {
  Pipe pipe;
  EXPECT_THAT(fcntl(pipe.read, F_GET_SEALS), FailsWith(EINVAL));
  const Fd fd(memfd_create("name", MFD_ALLOW_SEALING));
  EXPECT_THAT(fcntl(fd, F_ADD_SEALS, 0x1000), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
