// SPDX-License-Identifier: Apache-2.0
//
// pipe(2), pipe2(2), and reading and writing pipes and FIFOs.

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
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

using FifoTest = TempDirTest;

// Fills a non-blocking pipe; how many bytes it took.
size_t Fill(int fd) {
  static const char data[4096] = {};
  size_t total = 0;
  ssize_t n;
  while ((n = write(fd, data, sizeof(data))) > 0) total += n;
  return total;
}

TEST(PipeTest, CarriesBytesInOrder) {
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "hello", 5), SucceedsWith(5));
  char buf[8];
  EXPECT_THAT(read(pipe.read, buf, 2), SucceedsWith(2));
  EXPECT_THAT(read(pipe.read, buf + 2, 6), SucceedsWith(3));
  EXPECT_EQ(std::string(buf, 5), "hello");
}

TEST(PipeTest, EndsAreForOneDirectionOnly) {
  Pipe pipe;
  char c = 0;
  EXPECT_THAT(write(pipe.read, &c, 1), FailsWith(EBADF));
  EXPECT_THAT(read(pipe.write, &c, 1), FailsWith(EBADF));
}

TEST(PipeTest, BadPointerLeavesNoDescriptors) {
  const int next = dup(0);
  close(next);
  EXPECT_THAT(syscall(SYS_pipe, BadAddress()), FailsWith(EFAULT));
  const Fd fd(dup(0));
  EXPECT_EQ(fd, next);
}

TEST(PipeTest, ReadSeesEndWhenAllWritersAreGone) {
  Pipe pipe;
  Fd copy(dup(pipe.write));
  pipe.write.Reset();
  ASSERT_THAT(write(copy, "x", 1), SucceedsWith(1));
  copy.Reset();
  char buf[2];
  EXPECT_THAT(read(pipe.read, buf, 2), SucceedsWith(1));
  EXPECT_THAT(read(pipe.read, buf, 2), SucceedsWith(0));
}

TEST(PipeTest, WriteWithoutReaderRaisesSigpipe) {
  Pipe pipe;
  pipe.read.Reset();
  EXPECT_THAT(RunInChild([&] { write(pipe.write, "x", 1); }),
              KilledBy(SIGPIPE));
}

TEST(PipeTest, WriteWithoutReaderAndIgnoredSignalFails) {
  Pipe pipe;
  pipe.read.Reset();
  EXPECT_THAT(RunInChild([&] {
                signal(SIGPIPE, SIG_IGN);
                CHILD_CHECK(write(pipe.write, "x", 1) == -1 && errno == EPIPE);
                CHILD_CHECK(write(pipe.write, "x", 0) == 0);
              }),
              Exited(0));
}

TEST(PipeTest, ReadOfNothingReturnsAtOnce) {
  Pipe pipe;
  char c;
  EXPECT_THAT(read(pipe.read, &c, 0), SucceedsWith(0));
}

TEST(PipeTest, ReadBlocksUntilDataComes) {
  Pipe pipe;
  Child child([&] {
    char c = 0;
    CHILD_CHECK(read(pipe.read, &c, 1) == 1 && c == 'x');
  });
  child.WaitUntilBlocked();
  ASSERT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(PipeTest, WriteBlocksUntilThereIsRoom) {
  Pipe pipe;
  ASSERT_THAT(fcntl(pipe.write, F_SETPIPE_SZ, 4096), SucceedsWith(4096));
  static char data[8192];
  Child child([&] { CHILD_CHECK(write(pipe.write, data, 8192) == 8192); });
  child.WaitUntilBlocked();
  ssize_t total = 0;
  while (total < 8192) {
    const ssize_t n = read(pipe.read, data, sizeof(data));
    ASSERT_GT(n, 0);
    total += n;
  }
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(PipeTest, BadBufferKeepsContent) {
  Pipe pipe;
  ASSERT_THAT(write(pipe.write, "abc", 3), SucceedsWith(3));
  EXPECT_THAT(read(pipe.read, BadAddress(), 3), FailsWith(EFAULT));
  char buf[3];
  EXPECT_THAT(read(pipe.read, buf, 3), SucceedsWith(3));
  EXPECT_EQ(std::string(buf, 3), "abc");
}

TEST(PipeTest, BadSourceWritesNothing) {
  Pipe pipe(O_NONBLOCK);
  EXPECT_THAT(write(pipe.write, BadAddress(), 3), FailsWith(EFAULT));
  char c;
  EXPECT_THAT(read(pipe.read, &c, 1), FailsWith(EAGAIN));
}

TEST(PipeTest, NonblockingReadOfEmptyPipeFails) {
  Pipe pipe(O_NONBLOCK);
  char c;
  EXPECT_THAT(read(pipe.read, &c, 1), FailsWith(EAGAIN));
}

TEST(PipeTest, HoldsSixteenPages) {
  Pipe pipe(O_NONBLOCK);
  EXPECT_EQ(Fill(pipe.write), 65536u);
  EXPECT_THAT(write(pipe.write, "x", 1), FailsWith(EAGAIN));
}

TEST(PipeTest, NonblockingAtomicWriteIsAllOrNothing) {
  Pipe pipe(O_NONBLOCK);
  Fill(pipe.write);
  static char data[PIPE_BUF];
  ASSERT_THAT(read(pipe.read, data, PIPE_BUF - 1), SucceedsWith(PIPE_BUF - 1));
  EXPECT_THAT(write(pipe.write, data, PIPE_BUF), FailsWith(EAGAIN));
  ASSERT_THAT(read(pipe.read, data, 1), SucceedsWith(1));
  EXPECT_THAT(write(pipe.write, data, PIPE_BUF), SucceedsWith(PIPE_BUF));
}

TEST(PipeTest, NonblockingLargeWriteIsPartial) {
  Pipe pipe(O_NONBLOCK);
  static char data[70000];
  EXPECT_THAT(write(pipe.write, data, sizeof(data)), SucceedsWith(65536));
}

TEST(PipeTest, FionreadCountsBytes) {
  Pipe pipe;
  int n = -1;
  EXPECT_THAT(ioctl(pipe.read, FIONREAD, &n), Succeeds());
  EXPECT_EQ(n, 0);
  ASSERT_THAT(write(pipe.write, "abc", 3), SucceedsWith(3));
  EXPECT_THAT(ioctl(pipe.read, FIONREAD, &n), Succeeds());
  EXPECT_EQ(n, 3);
}

TEST(PipeTest, SignalInterruptsBlockedRead) {
  Pipe pipe;
  Pipe ready;
  Child child([&] {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    write(ready.write, "x", 1);
    char c;
    CHILD_CHECK(read(pipe.read, &c, 1) == -1 && errno == EINTR);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  kill(child.pid(), SIGUSR1);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(PipeTest, StatDescribesFifo) {
  Pipe pipe;
  struct stat read_end;
  struct stat write_end;
  ASSERT_THAT(fstat(pipe.read, &read_end), Succeeds());
  ASSERT_THAT(fstat(pipe.write, &write_end), Succeeds());
  EXPECT_EQ(read_end.st_mode, S_IFIFO | 0600u);
  EXPECT_EQ(read_end.st_ino, write_end.st_ino);
  EXPECT_EQ(read_end.st_uid, getuid());
}

TEST(PipeTest, CanBeReopenedThroughProc) {
  Pipe pipe;
  const std::string name = "/proc/self/fd/" + std::to_string(pipe.read);
  const Fd writer(open(name.c_str(), O_WRONLY));
  ASSERT_TRUE(writer.valid());
  ASSERT_THAT(write(writer, "z", 1), SucceedsWith(1));
  char c = 0;
  EXPECT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  EXPECT_EQ(c, 'z');
}

TEST(Pipe2Test, RejectsUnknownFlags) {
  int fds[2];
  EXPECT_THAT(pipe2(fds, 0x40000000), FailsWith(EINVAL));
  EXPECT_THAT(pipe2(fds, O_APPEND), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_pipe2, BadAddress(), O_APPEND), FailsWith(EINVAL));
}

TEST(Pipe2Test, SetsFlagsOnBothEnds) {
  Pipe pipe(O_CLOEXEC | O_NONBLOCK);
  for (const int fd : {int{pipe.read}, int{pipe.write}}) {
    EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
    EXPECT_TRUE(fcntl(fd, F_GETFL) & O_NONBLOCK);
  }
}

TEST(Pipe2Test, PacketModeKeepsBoundaries) {
  Pipe pipe(O_DIRECT);
  ASSERT_THAT(write(pipe.write, "abc", 3), SucceedsWith(3));
  ASSERT_THAT(write(pipe.write, "de", 2), SucceedsWith(2));
  char buf[8];
  EXPECT_THAT(read(pipe.read, buf, 2), SucceedsWith(2));  // The rest is lost.
  EXPECT_THAT(read(pipe.read, buf, 8), SucceedsWith(2));
  EXPECT_EQ(std::string(buf, 2), "de");
}

TEST_F(FifoTest, OpenForReadingWaitsForWriter) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  Child child([&] {
    const Fd fd(open("fifo", O_RDONLY));
    char c = 0;
    CHILD_CHECK(read(fd, &c, 1) == 1 && c == 'x');
    CHILD_CHECK(read(fd, &c, 1) == 0);
  });
  child.WaitUntilBlocked();
  Fd fd(open("fifo", O_WRONLY));
  ASSERT_THAT(write(fd, "x", 1), SucceedsWith(1));
  fd.Reset();
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(FifoTest, OpenForWritingWaitsForReader) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  Child child([&] {
    const Fd fd(open("fifo", O_WRONLY));
    CHILD_CHECK(write(fd, "x", 1) == 1);
  });
  child.WaitUntilBlocked();
  const Fd fd(open("fifo", O_RDONLY));
  char c = 0;
  EXPECT_THAT(read(fd, &c, 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(FifoTest, NonblockingOpenForReadingSucceedsAtOnce) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  const Fd fd(open("fifo", O_RDONLY | O_NONBLOCK));
  ASSERT_TRUE(fd.valid());
  char c;
  EXPECT_THAT(read(fd, &c, 1), SucceedsWith(0));  // No writer: end of file.
}

TEST_F(FifoTest, NonblockingOpenForWritingNeedsReader) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  EXPECT_THAT(open("fifo", O_WRONLY | O_NONBLOCK), FailsWith(ENXIO));
  const Fd reader(open("fifo", O_RDONLY | O_NONBLOCK));
  const Fd writer(open("fifo", O_WRONLY | O_NONBLOCK));
  EXPECT_TRUE(writer.valid());
}

TEST_F(FifoTest, OpenForBothNeverWaits) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  const Fd fd(open("fifo", O_RDWR));
  ASSERT_THAT(write(fd, "x", 1), SucceedsWith(1));
  char c = 0;
  EXPECT_THAT(read(fd, &c, 1), SucceedsWith(1));
}

TEST_F(FifoTest, SignalInterruptsOpen) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  Pipe ready;
  Child child([&] {
    struct sigaction action = {};
    action.sa_handler = [](int) {};
    sigaction(SIGUSR1, &action, nullptr);
    write(ready.write, "x", 1);
    CHILD_CHECK(open("fifo", O_RDONLY) == -1 && errno == EINTR);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  kill(child.pid(), SIGUSR1);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(FifoTest, LastCloseDropsContent) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  {
    const Fd fd(open("fifo", O_RDWR));
    ASSERT_THAT(write(fd, "x", 1), SucceedsWith(1));
  }
  const Fd fd(open("fifo", O_RDWR | O_NONBLOCK));
  char c;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EAGAIN));
}

TEST_F(FifoTest, CannotSeekOrTruncate) {
  ASSERT_THAT(mkfifo("fifo", 0644), Succeeds());
  const Fd fd(open("fifo", O_RDWR));
  EXPECT_THAT(lseek(fd, 0, SEEK_SET), FailsWith(ESPIPE));
  EXPECT_THAT(ftruncate(fd, 0), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
