// SPDX-License-Identifier: Apache-2.0

#include "arch/host/standard_streams.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "arch/host/host_signals.h"
#include "arch/host/owned_fd.h"
#include "gtest/gtest.h"

namespace emu {
namespace {

using Kind = Env::StreamKind;

struct Pipe {
  Pipe() {
    int fds[2];
    EXPECT_EQ(pipe(fds), 0);
    read = OwnedFd(fds[0]);
    write = OwnedFd(fds[1]);
  }
  OwnedFd read;
  OwnedFd write;
};

struct Pty {
  Pty() {
    int master_fd, slave_fd;
    EXPECT_EQ(openpty(&master_fd, &slave_fd, nullptr, nullptr, nullptr), 0);
    master = OwnedFd(master_fd);
    slave = OwnedFd(slave_fd);
  }
  bool Canonical() const {
    termios modes = {};
    EXPECT_EQ(tcgetattr(slave.get(), &modes), 0);
    return modes.c_lflag & ICANON;
  }
  OwnedFd master;
  OwnedFd slave;
};

class StandardStreamsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto signals = HostSignals::Install();
    ASSERT_TRUE(signals.ok()) << signals.status();
    signals_ = *std::move(signals);
  }

  // Streams on these; 1 and 2 are the same.
  std::unique_ptr<StandardStreams> Streams(int in, int out) {
    return std::make_unique<StandardStreams>(*signals_,
                                             std::array<int, 3>{in, out, out});
  }

  Result<size_t> Read(StandardStreams& streams) {
    return streams.Read(absl::MakeSpan(buffer_));
  }
  Result<size_t> ReadTerminal(StandardStreams& streams) {
    return streams.ReadTerminal(absl::MakeSpan(buffer_));
  }
  Result<size_t> Write(StandardStreams& streams, const std::string& text) {
    return streams.Write(StdStream::kOut, text);
  }
  std::string ReadFrom(int fd) {
    const ssize_t n = read(fd, buffer_, sizeof(buffer_));
    return n < 0 ? "error" : std::string(buffer_, n);
  }

  OwnedFd null_{open("/dev/null", O_RDWR)};
  std::unique_ptr<HostSignals> signals_;
  char buffer_[256] = {};
};

TEST_F(StandardStreamsTest, TellsKindsApart) {
  Pipe pipe;
  Pty pty;
  const auto a = Streams(pipe.read.get(), pty.slave.get());
  EXPECT_EQ(a->Kind(StdStream::kIn), Kind::kPipe);
  EXPECT_EQ(a->Kind(StdStream::kOut), Kind::kTerminal);
  const auto b = Streams(null_.get(), 99);
  EXPECT_EQ(b->Kind(StdStream::kIn), Kind::kNull);
  EXPECT_EQ(b->Kind(StdStream::kErr), Kind::kClosed);
}

TEST_F(StandardStreamsTest, ReadsAPipeWithoutWaitingUntilItsEnd) {
  Pipe pipe;
  const auto streams = Streams(pipe.read.get(), null_.get());
  EXPECT_EQ(Read(*streams).error(), Errno(EAGAIN));
  ASSERT_EQ(write(pipe.write.get(), "abc", 3), 3);
  EXPECT_EQ(*Read(*streams), 3u);
  EXPECT_EQ(std::string(buffer_, 3), "abc");
  pipe.write.Reset();
  EXPECT_EQ(*Read(*streams), 0u);
}

TEST_F(StandardStreamsTest, LeavesSharedDescriptionsBlocking) {
  Pipe in, out;
  const auto streams = Streams(in.read.get(), out.write.get());
  (void)Read(*streams);
  (void)Write(*streams, "x");
  EXPECT_EQ(fcntl(in.read.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_EQ(fcntl(out.write.get(), F_GETFL) & O_NONBLOCK, 0);
}

TEST_F(StandardStreamsTest, ReadsASocketWithoutWaiting) {
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  const OwnedFd ours(fds[0]), theirs(fds[1]);
  const auto streams = Streams(ours.get(), ours.get());
  EXPECT_EQ(Read(*streams).error(), Errno(EAGAIN));
  ASSERT_EQ(write(theirs.get(), "hi", 2), 2);
  EXPECT_EQ(*Read(*streams), 2u);
  EXPECT_EQ(*Write(*streams, "ho"), 2u);
  EXPECT_EQ(ReadFrom(theirs.get()), "ho");
}

TEST_F(StandardStreamsTest, ReadsAFileFromItsSharedOffset) {
  FILE* file = tmpfile();
  fputs("0123456789", file);
  fflush(file);
  ASSERT_EQ(lseek(fileno(file), 4, SEEK_SET), 4);
  const auto streams = Streams(fileno(file), null_.get());
  EXPECT_EQ(*Read(*streams), 6u);
  EXPECT_EQ(lseek(fileno(file), 0, SEEK_CUR), 10);
  EXPECT_EQ(*Read(*streams), 0u);
  fclose(file);
}

TEST_F(StandardStreamsTest, WritesMoreThanAPipeHolds) {
  Pipe pipe;
  const auto streams = Streams(null_.get(), pipe.write.get());
  const std::string big(1 << 20, 'x');
  const pid_t reader = fork();
  if (reader == 0) {
    pipe.write.Reset();
    size_t sum = 0;
    char bytes[4096];
    for (ssize_t n; sum < big.size() && (n = read(pipe.read.get(), bytes,
                                                  sizeof(bytes))) > 0;) {
      sum += n;
    }
    _exit(sum == big.size() ? 0 : 1);
  }
  size_t done = 0;
  while (done < big.size()) {
    const auto n = Write(*streams, big.substr(done));
    if (n.ok()) done += *n;
  }
  int status = -1;
  // The handler of SIGCHLD leaves it to us: no guest runs.
  ASSERT_EQ(waitpid(reader, &status, 0), reader);
  EXPECT_EQ(status, 0);
}

TEST_F(StandardStreamsTest, ASignalEndsTheWaitForRoom) {
  Pipe pipe;
  const auto streams = Streams(null_.get(), pipe.write.get());
  raise(SIGTERM);
  const std::string big(1 << 20, 'x');
  const auto some = Write(*streams, big);
  ASSERT_TRUE(some.ok());
  EXPECT_LT(*some, big.size());
  EXPECT_EQ(Write(*streams, "x").error(), Errno(EAGAIN));
  EXPECT_EQ(signals_->Take(), SIGTERM);
}

TEST_F(StandardStreamsTest, AReaderThatIsGoneIsEpipe) {
  Pipe pipe;
  const auto streams = Streams(null_.get(), pipe.write.get());
  pipe.read.Reset();
  EXPECT_EQ(Write(*streams, "x").error(), Errno(EPIPE));
}

TEST_F(StandardStreamsTest, AFullDeviceIsEnospc) {
  const OwnedFd full(open("/dev/full", O_WRONLY));
  const auto streams = Streams(null_.get(), full.get());
  EXPECT_EQ(Write(*streams, "x").error(), Errno(ENOSPC));
}

TEST_F(StandardStreamsTest, TheTerminalIsRawFromTheFirstWaitToTheEnd) {
  Pty pty;
  auto streams = Streams(pty.slave.get(), pty.slave.get());
  EXPECT_TRUE(pty.Canonical());
  EXPECT_EQ(*Write(*streams, "x"), 1u);
  EXPECT_TRUE(pty.Canonical());
  EXPECT_EQ(ReadTerminal(*streams).error(), Errno(EAGAIN));
  EXPECT_FALSE(pty.Canonical());
  streams->Suspend();
  EXPECT_TRUE(pty.Canonical());
  streams->Resume();
  EXPECT_FALSE(pty.Canonical());
  streams.reset();
  EXPECT_TRUE(pty.Canonical());
}

TEST_F(StandardStreamsTest, ATerminalsBytesRaiseSigio) {
  Pty pty;
  const auto streams = Streams(pty.slave.get(), pty.slave.get());
  streams->EnterRaw();
  EXPECT_EQ(ReadTerminal(*streams).error(), Errno(EAGAIN));
  EXPECT_FALSE(signals_->Pending());
  ASSERT_EQ(write(pty.master.get(), "\003", 1), 1);
  // The terminal's bytes take a moment to arrive.
  pollfd in = {.fd = streams->terminal_fd(), .events = POLLIN, .revents = 0};
  ASSERT_EQ(poll(&in, 1, 5000), 1);
  EXPECT_TRUE(signals_->Pending());
  EXPECT_EQ(*ReadTerminal(*streams), 1u);
  EXPECT_EQ(buffer_[0], '\003');
  EXPECT_EQ(ReadTerminal(*streams).error(), Errno(EAGAIN));
}

TEST_F(StandardStreamsTest, ACookedTerminalShowsOneCarriageReturnALine) {
  Pty pty;
  const auto streams = Streams(null_.get(), pty.slave.get());
  EXPECT_EQ(*Write(*streams, "a\r\nb\r\n"), 6u);
  EXPECT_EQ(ReadFrom(pty.master.get()), "a\r\nb\r\n");
}

TEST_F(StandardStreamsTest, ARawTerminalGetsTheBytesAsTheyAre) {
  Pty pty;
  const auto streams = Streams(pty.slave.get(), pty.slave.get());
  streams->EnterRaw();
  EXPECT_EQ(*Write(*streams, "a\r\nb\n"), 5u);
  EXPECT_EQ(ReadFrom(pty.master.get()), "a\r\nb\n");
}

TEST_F(StandardStreamsTest, ReportsTheTerminalsSize) {
  Pty pty;
  const winsize size = {.ws_row = 33, .ws_col = 101, .ws_xpixel = 0,
                        .ws_ypixel = 0};
  ASSERT_EQ(ioctl(pty.master.get(), TIOCSWINSZ, &size), 0);
  const auto streams = Streams(null_.get(), pty.slave.get());
  EXPECT_EQ(streams->WindowSize().rows, 33);
  EXPECT_EQ(streams->WindowSize().columns, 101);
  EXPECT_EQ(Streams(null_.get(), null_.get())->WindowSize().columns, 80);
}

// A crash in a child process, on its own terminal.
TEST_F(StandardStreamsTest, ACrashRestoresTheTerminal) {
  for (const int signo : {SIGSEGV, SIGABRT}) {
    Pty pty;
    const pid_t child = fork();
    if (child == 0) {
      signal(signo, SIG_DFL);
      const auto streams = Streams(pty.slave.get(), pty.slave.get());
      streams->EnterRaw();
      raise(signo);
      // The handler leaves the death to the fault's second coming.
      raise(signo);
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(WTERMSIG(status), signo);
    EXPECT_TRUE(pty.Canonical());
  }
}

TEST_F(StandardStreamsTest, ExitRestoresTheTerminal) {
  Pty pty;
  const pid_t child = fork();
  if (child == 0) {
    // Leaked: exit(3) runs no destructors of locals.
    Streams(pty.slave.get(), pty.slave.get()).release()->EnterRaw();
    exit(0);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(pty.Canonical());
}

}  // namespace
}  // namespace emu
