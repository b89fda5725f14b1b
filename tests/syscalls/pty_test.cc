// SPDX-License-Identifier: Apache-2.0
//
// Pseudo-terminals: the line discipline, termios(3), job control, sessions.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

// A fresh terminal in its default mode; not anyone's controlling terminal.
class PtyTest : public testing::Test {
 protected:
  PtyTest() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master_);
    unlockpt(master_);
    slave_ = Fd(open(ptsname(master_), O_RDWR | O_NOCTTY));
  }

  void Type(std::string_view keys) {
    EXPECT_THAT(write(master_, keys.data(), keys.size()),
                SucceedsWith(static_cast<ssize_t>(keys.size())));
  }
  // The next line that the slave reads.
  std::string Line() {
    WaitFor(slave_);
    return Read(slave_);
  }
  // As much as `expected` has of what the screen shows; it may come in pieces.
  void ExpectScreen(std::string_view expected) {
    std::string shown;
    while (shown.size() < expected.size() && WaitFor(master_)) {
      shown += Read(master_);
    }
    EXPECT_EQ(shown, expected);
  }
  static bool WaitFor(int fd, int milliseconds = 10000) {
    pollfd poll_fd = {fd, POLLIN, 0};
    return poll(&poll_fd, 1, milliseconds) == 1;
  }
  static bool IsSilent(int fd) { return !WaitFor(fd, 10); }

  static std::string Read(int fd) {
    char buffer[256];
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    return n < 0 ? "<error>" : std::string(buffer, n);
  }

  termios Mode() {
    termios mode = {};
    EXPECT_THAT(tcgetattr(slave_, &mode), Succeeds());
    return mode;
  }
  void SetMode(const termios& mode) {
    EXPECT_THAT(tcsetattr(slave_, TCSANOW, &mode), Succeeds());
  }
  void Clear(tcflag_t flags) {
    termios mode = Mode();
    mode.c_lflag &= ~flags;
    SetMode(mode);
  }

  // Runs body in a session of its own whose controlling terminal this is.
  template <typename Body>
  int RunInSession(Body body) {
    return RunInChild([&] {
      CHILD_CHECK(setsid() > 0);
      CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
      body();
    });
  }

  Fd master_;
  Fd slave_;
};

TEST_F(PtyTest, SlaveIsATerminalNamedInDevPts) {
  EXPECT_TRUE(isatty(slave_));
  EXPECT_TRUE(isatty(master_));
  EXPECT_EQ(std::string(ptsname(master_)).substr(0, 9), "/dev/pts/");
}

TEST_F(PtyTest, LockedSlaveCannotBeOpened) {
  const Fd master(posix_openpt(O_RDWR | O_NOCTTY));
  EXPECT_THAT(open(ptsname(master), O_RDWR | O_NOCTTY), FailsWith(EIO));
}

TEST_F(PtyTest, LinesArriveWhole) {
  Type("hel");
  EXPECT_TRUE(IsSilent(slave_));
  Type("lo\nrest");
  EXPECT_EQ(Line(), "hello\n");
  EXPECT_TRUE(IsSilent(slave_));
}

TEST_F(PtyTest, OneReadGivesOneLine) {
  Type("one\ntwo\n");
  EXPECT_EQ(Line(), "one\n");
  EXPECT_EQ(Line(), "two\n");
}

TEST_F(PtyTest, ShortReadsTakeALineInPieces) {
  Type("abc\n");
  char buffer[2];
  EXPECT_THAT(read(slave_, buffer, 2), SucceedsWith(2));
  EXPECT_EQ(Line(), "c\n");
}

TEST_F(PtyTest, EraseKillAndWordErase) {
  Type(
      "abx\x7f"
      "c\n");
  EXPECT_EQ(Line(), "abc\n");
  Type("wrong\x15right\n");
  EXPECT_EQ(Line(), "right\n");
  Type("one two\x17three\n");
  EXPECT_EQ(Line(), "one three\n");
}

TEST_F(PtyTest, EndOfFileEndsLineWithoutItself) {
  Type("ab\x04");
  EXPECT_EQ(Line(), "ab");
  Type("\x04");
  char c;
  EXPECT_THAT(read(slave_, &c, 1), SucceedsWith(0));
  Type("more\n");
  EXPECT_EQ(Line(), "more\n");
}

TEST_F(PtyTest, LiteralNextQuotes) {
  Type("a\x16\x7f\r");  // ... and a carriage return ends the line.
  EXPECT_EQ(Line(), "a\x7f\n");
}

TEST_F(PtyTest, EchoShowsInputWithControlsAsCarets) {
  Type("a\x01\n");
  ExpectScreen("a^A\r\n");
}

TEST_F(PtyTest, ErasingIsShownOnScreen) {
  Type("ab\x7f");
  ExpectScreen("ab\b \b");
}

TEST_F(PtyTest, NoEchoWhenSwitchedOff) {
  Clear(ECHO);
  Type("secret\n");
  EXPECT_EQ(Line(), "secret\n");
  EXPECT_TRUE(IsSilent(master_));
}

TEST_F(PtyTest, OutputNewlineGetsCarriageReturn) {
  ASSERT_THAT(write(slave_, "a\nb", 3), SucceedsWith(3));
  ExpectScreen("a\r\nb");
  termios mode = Mode();
  mode.c_oflag &= ~OPOST;
  SetMode(mode);
  ASSERT_THAT(write(slave_, "a\nb", 3), SucceedsWith(3));
  ExpectScreen("a\nb");
}

TEST_F(PtyTest, RawModeGivesBytesAtOnce) {
  termios mode = Mode();
  cfmakeraw(&mode);
  SetMode(mode);
  Type("a\x7f\x03\r");
  EXPECT_EQ(Line(), "a\x7f\x03\r");
  EXPECT_TRUE(IsSilent(master_));
}

TEST_F(PtyTest, MinimumIsWaitedFor) {
  termios mode = Mode();
  cfmakeraw(&mode);
  mode.c_cc[VMIN] = 3;
  mode.c_cc[VTIME] = 0;
  SetMode(mode);
  Child child([&] {
    char buffer[8];
    CHILD_CHECK(read(slave_, buffer, 8) == 3);
  });
  Type("ab");
  child.WaitUntilBlocked();
  Type("c");
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(PtyTest, TimeoutAloneEndsRead) {
  termios mode = Mode();
  cfmakeraw(&mode);
  mode.c_cc[VMIN] = 0;
  mode.c_cc[VTIME] = 0;
  SetMode(mode);
  char c;
  EXPECT_THAT(read(slave_, &c, 1), SucceedsWith(0));
}

TEST_F(PtyTest, ModesRoundTrip) {
  termios mode = Mode();
  EXPECT_TRUE(mode.c_lflag & ICANON);
  EXPECT_TRUE(mode.c_lflag & ISIG);
  EXPECT_TRUE(mode.c_iflag & ICRNL);
  EXPECT_EQ(mode.c_cc[VINTR], 3);
  mode.c_cc[VINTR] = 7;
  mode.c_lflag &= ~ICANON;
  SetMode(mode);
  termios now = {};
  ASSERT_THAT(tcgetattr(master_, &now), Succeeds());
  EXPECT_EQ(now.c_cc[VINTR], 7);
  EXPECT_FALSE(now.c_lflag & ICANON);
}

TEST_F(PtyTest, WindowSizeRoundTrips) {
  winsize size = {};
  ASSERT_THAT(ioctl(slave_, TIOCGWINSZ, &size), Succeeds());
  EXPECT_EQ(size.ws_row, 0);
  size = {25, 80, 0, 0};
  ASSERT_THAT(ioctl(master_, TIOCSWINSZ, &size), Succeeds());
  ASSERT_THAT(ioctl(slave_, TIOCGWINSZ, &size), Succeeds());
  EXPECT_EQ(size.ws_col, 80);
}

TEST_F(PtyTest, FionreadCountsTheLine) {
  Type("abc\n");
  ASSERT_TRUE(WaitFor(slave_));
  int bytes = 0;
  ASSERT_THAT(ioctl(slave_, FIONREAD, &bytes), Succeeds());
  EXPECT_EQ(bytes, 4);
  ASSERT_THAT(tcflush(slave_, TCIFLUSH), Succeeds());
  ASSERT_THAT(ioctl(slave_, FIONREAD, &bytes), Succeeds());
  EXPECT_EQ(bytes, 0);
}

TEST_F(PtyTest, ClosedSlaveGivesMasterAnError) {
  ASSERT_THAT(write(slave_, "bye", 3), SucceedsWith(3));
  slave_.Reset();
  ExpectScreen("bye");
  char c;
  EXPECT_THAT(read(master_, &c, 1), FailsWith(EIO));
  pollfd poll_fd = {master_, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(1));
  EXPECT_TRUE(poll_fd.revents & POLLHUP);
}

TEST_F(PtyTest, ClosedMasterHangsUpSlave) {
  master_.Reset();
  char c;
  EXPECT_THAT(read(slave_, &c, 1), SucceedsWith(0));
  EXPECT_THAT(write(slave_, "x", 1), FailsWith(EIO));
}

TEST_F(PtyTest, ControllingTerminalBelongsToSessionLeader) {
  EXPECT_THAT(RunInSession([&] {
                CHILD_CHECK(tcgetsid(slave_) == getpid());
                CHILD_CHECK(tcgetpgrp(slave_) == getpid());
                const Fd tty(open("/dev/tty", O_RDWR));
                CHILD_CHECK(tty.valid() && isatty(tty));
              }),
              Exited(0));
}

TEST_F(PtyTest, LeaderThatGivesItsTerminalUpIsHungUp) {
  EXPECT_THAT(RunInSession([&] { ioctl(slave_, TIOCNOTTY); }),
              KilledBy(SIGHUP));
}

TEST_F(PtyTest, WithoutControllingTerminalDevTtyIsMissing) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setsid() > 0);
                CHILD_CHECK(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
              }),
              Exited(0));
}

TEST_F(PtyTest, InterruptKeySignalsForeground) {
  EXPECT_THAT(RunInSession([&] {
                write(master_, "\x03", 1);
                for (;;) pause();
              }),
              KilledBy(SIGINT));
  EXPECT_THAT(RunInSession([&] {
                write(master_, "\x1c", 1);
                for (;;) pause();
              }),
              KilledBy(SIGQUIT));
}

TEST_F(PtyTest, SuspendKeyStopsForegroundJob) {
  EXPECT_THAT(RunInSession([&] {
                Child job([&] {
                  for (;;) pause();
                });
                CHILD_CHECK(setpgid(job.pid(), job.pid()) == 0);
                CHILD_CHECK(tcsetpgrp(slave_, job.pid()) == 0);
                write(master_, "\x1a", 1);
                int status = 0;
                CHILD_CHECK(waitpid(job.pid(), &status, WUNTRACED) > 0);
                CHILD_CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP);
              }),
              Exited(0));
}

TEST_F(PtyTest, BackgroundReaderIsStopped) {
  EXPECT_THAT(RunInSession([&] {
                Child job([&] {
                  setpgid(0, 0);
                  char c;
                  read(slave_, &c, 1);
                });
                int status = 0;
                CHILD_CHECK(waitpid(job.pid(), &status, WUNTRACED) > 0);
                CHILD_CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
              }),
              Exited(0));
}

TEST_F(PtyTest, BackgroundWriterIsStoppedOnlyWithTostop) {
  EXPECT_THAT(RunInSession([&] {
                auto write_in_background = [&] {
                  setpgid(0, 0);
                  CHILD_CHECK(write(slave_, "x", 1) == 1);
                };
                CHILD_CHECK(RunInChild(write_in_background) == 0);
                termios mode;
                tcgetattr(slave_, &mode);
                mode.c_lflag |= TOSTOP;
                tcsetattr(slave_, TCSANOW, &mode);
                Child job(write_in_background);
                int status = 0;
                CHILD_CHECK(waitpid(job.pid(), &status, WUNTRACED) > 0);
                CHILD_CHECK(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTOU);
              }),
              Exited(0));
}

TEST_F(PtyTest, ResizeSignalsForeground) {
  EXPECT_THAT(RunInSession([&] {
                sigset_t set;
                sigemptyset(&set);
                sigaddset(&set, SIGWINCH);
                sigprocmask(SIG_BLOCK, &set, nullptr);
                const winsize size = {30, 90, 0, 0};
                CHILD_CHECK(ioctl(master_, TIOCSWINSZ, &size) == 0);
                CHILD_CHECK(sigwaitinfo(&set, nullptr) == SIGWINCH);
              }),
              Exited(0));
}

TEST_F(PtyTest, HangupSignalsSessionLeader) {
  Pipe ready;
  Child leader([&] {
    CHILD_CHECK(setsid() > 0);
    CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
    master_.Reset();
    write(ready.write, "x", 1);
    for (;;) pause();
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  master_.Reset();  // The last one.
  EXPECT_THAT(leader.Wait(), KilledBy(SIGHUP));
}

TEST_F(PtyTest, ErrorsForOtherFiles) {
  Pipe pipe;
  termios mode;
  winsize size;
  EXPECT_THAT(tcgetattr(pipe.read, &mode), FailsWith(ENOTTY));
  EXPECT_THAT(ioctl(pipe.read, TIOCGWINSZ, &size), FailsWith(ENOTTY));
  EXPECT_THAT(tcgetpgrp(pipe.read), FailsWith(ENOTTY));
  EXPECT_THAT(tcgetpgrp(slave_), FailsWith(ENOTTY));  // Not controlling.
  EXPECT_THAT(ioctl(slave_, TIOCGWINSZ, BadAddress()), FailsWith(EFAULT));
}

}  // namespace
}  // namespace emu
