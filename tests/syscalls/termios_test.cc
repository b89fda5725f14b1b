// SPDX-License-Identifier: Apache-2.0
//
// More of the terminal: flow control, special keys, packet mode, flushing,
// changes of mode while input waits, and the ioctls that shells use.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
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

class TermiosTest : public testing::Test {
 protected:
  TermiosTest() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    unlockpt(master_);
    slave_ = Fd(open(ptsname(master_), O_RDWR | O_NOCTTY));
  }

  void Type(std::string_view keys) {
    EXPECT_THAT(write(master_, keys.data(), keys.size()),
                SucceedsWith(static_cast<ssize_t>(keys.size())));
  }

  // What one read gives once there is something.
  static std::string Read(int fd) {
    WaitFor(fd);
    char buffer[256];
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    return n < 0 ? "<error>" : std::string(buffer, n);
  }
  // As many bytes as `expected` has.
  static void ExpectBytes(int fd, std::string_view expected) {
    std::string seen;
    while (seen.size() < expected.size() && WaitFor(fd)) seen += Read(fd);
    EXPECT_EQ(seen, expected);
  }
  static bool WaitFor(int fd, int milliseconds = 10000) {
    pollfd poll_fd = {fd, POLLIN, 0};
    return poll(&poll_fd, 1, milliseconds) == 1;
  }

  template <typename Change>
  void Mode(Change change, int when = TCSANOW) {
    termios mode = {};
    EXPECT_THAT(tcgetattr(slave_, &mode), Succeeds());
    change(mode);
    EXPECT_THAT(tcsetattr(slave_, when, &mode), Succeeds());
  }

  Fd master_;
  Fd slave_;
};

TEST_F(TermiosTest, OnlyThePrivilegedLockSettings) {
  termios locked;
  EXPECT_THAT(ioctl(slave_, TIOCGLCKTRMIOS, &locked), Succeeds());
  EXPECT_EQ(locked.c_lflag, 0u);
  EXPECT_THAT(ioctl(slave_, TIOCSLCKTRMIOS, &locked), FailsWith(EPERM));
}

TEST_F(TermiosTest, StopAndStartKeysHoldOutput) {
  Type("\x13");  // Ctrl-S
  // The key is seen once something typed behind it is echoed ... or held.
  Type("\n");
  ASSERT_TRUE(WaitFor(slave_));
  Child writer([&] { CHILD_CHECK(write(slave_, "held", 4) == 4); });
  writer.WaitUntilBlocked();
  Type("\x11");  // Ctrl-Q
  EXPECT_THAT(writer.Wait(), Exited(0));
}

TEST_F(TermiosTest, UppercaseMapAndStripChangeInput) {
  Mode([](termios& mode) {
    mode.c_iflag |= ISTRIP | IUCLC;
    mode.c_lflag |= IEXTEN;
    mode.c_lflag &= ~ECHO;
  });
  Type(
      "\xc1"
      "B\n");
  EXPECT_EQ(Read(slave_), "ab\n");
}

TEST_F(TermiosTest, NewlineAndReturnCanBeSwapped) {
  Mode([](termios& mode) {
    mode.c_iflag &= ~ICRNL;
    mode.c_iflag |= INLCR;
    mode.c_lflag &= ~(ICANON | ECHO);
  });
  Type("a\nb\r");
  ExpectBytes(slave_, "a\rb\r");
}

TEST_F(TermiosTest, IgnoredReturnVanishes) {
  Mode([](termios& mode) {
    mode.c_iflag |= IGNCR;
    mode.c_lflag &= ~ECHO;
  });
  Type("a\rb\n");
  EXPECT_EQ(Read(slave_), "ab\n");
}

TEST_F(TermiosTest, SecondEndOfLineCharacterEndsLine) {
  Mode([](termios& mode) {
    mode.c_cc[VEOL] = '!';
    mode.c_lflag &= ~ECHO;
  });
  Type("hey!more");
  EXPECT_EQ(Read(slave_), "hey!");
}

TEST_F(TermiosTest, EchoOfNewlineAloneIsPossible) {
  Mode([](termios& mode) {
    mode.c_lflag &= ~ECHO;
    mode.c_lflag |= ECHONL;
  });
  Type("secret\n");
  ExpectBytes(master_, "\r\n");
}

TEST_F(TermiosTest, ControlCharactersEchoPlainWithoutEchoctl) {
  Mode([](termios& mode) { mode.c_lflag &= ~ECHOCTL; });
  Type("\x01");
  ExpectBytes(master_, "\x01");
}

TEST_F(TermiosTest, KillKeyErasesLineOnScreen) {
  Type("ab\x15");
  ExpectBytes(master_, "ab\b \b\b \b");
}

TEST_F(TermiosTest, ReprintKeyShowsLineAgain) {
  Type("ab\x12");
  ExpectBytes(master_, "ab^R\r\nab");
}

TEST_F(TermiosTest, FlushDropsWhatWasTyped) {
  Type("lost\n");
  ASSERT_TRUE(WaitFor(slave_));
  Mode([](termios&) {}, TCSAFLUSH);
  Type("kept\n");
  EXPECT_EQ(Read(slave_), "kept\n");
}

TEST_F(TermiosTest, UnfinishedLineBecomesReadableInRawMode) {
  Type("partial");
  ExpectBytes(master_, "partial");  // It has arrived.
  Mode([](termios& mode) { mode.c_lflag &= ~ICANON; });
  EXPECT_EQ(Read(slave_), "partial");
}

TEST_F(TermiosTest, InterCharacterTimeoutEndsRead) {
  Mode([](termios& mode) {
    cfmakeraw(&mode);
    mode.c_cc[VMIN] = 100;
    mode.c_cc[VTIME] = 1;
  });
  Type("ab");
  EXPECT_EQ(Read(slave_), "ab");
}

TEST_F(TermiosTest, NonblockingReadOfNothing) {
  ASSERT_THAT(fcntl(slave_, F_SETFL, O_NONBLOCK), Succeeds());
  char c;
  EXPECT_THAT(read(slave_, &c, 1), FailsWith(EAGAIN));
  Type("half");
  ExpectBytes(master_, "half");
  EXPECT_THAT(read(slave_, &c, 1), FailsWith(EAGAIN));
}

TEST_F(TermiosTest, PacketModeTellsOfDataAndFlush) {
  const int on = 1;
  ASSERT_THAT(ioctl(master_, TIOCPKT, &on), Succeeds());
  ASSERT_THAT(write(slave_, "hi", 2), SucceedsWith(2));
  EXPECT_EQ(Read(master_), std::string("\0hi", 3));
  ASSERT_THAT(tcflush(slave_, TCIFLUSH), Succeeds());
  EXPECT_EQ(Read(master_), std::string(1, TIOCPKT_FLUSHREAD));
}

TEST_F(TermiosTest, OutputQueueCanBeAskedAndDrained) {
  int bytes = -1;
  ASSERT_THAT(ioctl(slave_, TIOCOUTQ, &bytes), Succeeds());
  EXPECT_EQ(bytes, 0);
  EXPECT_THAT(tcdrain(slave_), Succeeds());
}

TEST_F(TermiosTest, PtyNumberMatchesName) {
  unsigned number = ~0u;
  ASSERT_THAT(ioctl(master_, TIOCGPTN, &number), Succeeds());
  EXPECT_EQ("/dev/pts/" + std::to_string(number), ptsname(master_));
  const Fd peer(ioctl(master_, TIOCGPTPEER, O_RDWR | O_NOCTTY));
  EXPECT_TRUE(peer.valid());
}

TEST_F(TermiosTest, ExclusiveModeKeepsOthersOut) {
  ASSERT_THAT(ioctl(slave_, TIOCEXCL), Succeeds());
  int exclusive = 0;
  ASSERT_THAT(ioctl(slave_, TIOCGEXCL, &exclusive), Succeeds());
  EXPECT_EQ(exclusive, 1);
  EXPECT_THAT(open(ptsname(master_), O_RDWR | O_NOCTTY), FailsWith(EBUSY));
  EXPECT_THAT(ioctl(slave_, TIOCNXCL), Succeeds());
}

TEST_F(TermiosTest, SpeedIsKept) {
  Mode([](termios& mode) { cfsetspeed(&mode, B9600); });
  termios mode;
  ASSERT_THAT(tcgetattr(slave_, &mode), Succeeds());
  EXPECT_EQ(cfgetospeed(&mode), speed_t{B9600});
}

TEST_F(TermiosTest, InterruptKeyDropsTypedInput) {
  EXPECT_THAT(RunInChild([&] {
                signal(SIGINT, SIG_IGN);
                CHILD_CHECK(setsid() > 0);
                CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
                Type("lost\x03kept\n");
                CHILD_CHECK(Read(slave_) == "kept\n");
              }),
              Exited(0));
}

TEST_F(TermiosTest, KeysDoNotSignalWithoutIsig) {
  Mode([](termios& mode) { mode.c_lflag &= ~ISIG; });
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(setsid() > 0);
                CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
                Type("a\x03\n");
                CHILD_CHECK(Read(slave_) == "a\x03\n");
              }),
              Exited(0));
}

TEST_F(TermiosTest, ForegroundGroupMustBeOfTheSession) {
  EXPECT_THAT(
      RunInChild([&] {
        CHILD_CHECK(setsid() > 0);
        CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
        CHILD_CHECK(tcsetpgrp(slave_, 0x3ffffff0) == -1 && errno == ESRCH);
        CHILD_CHECK(tcsetpgrp(slave_, -1) == -1 && errno == EINVAL);
        CHILD_CHECK(tcsetpgrp(slave_, getppid()) == -1);
      }),
      Exited(0));
}

TEST_F(TermiosTest, OnlyLeadersTakeControllingTerminals) {
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(setsid() > 0);
                CHILD_CHECK(RunInChild([&] {
                              CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == -1 &&
                                          errno == EPERM);
                            }) == 0);
              }),
              Exited(0));
}

TEST_F(TermiosTest, OpeningTakesControlUnlessNoctty) {
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(setsid() > 0);
                const char* name = ptsname(master_);
                CHILD_CHECK(open(name, O_RDWR | O_NOCTTY) >= 0);
                CHILD_CHECK(open("/dev/tty", O_RDWR) == -1);
                CHILD_CHECK(open(name, O_RDWR) >= 0);
                CHILD_CHECK(open("/dev/tty", O_RDWR) >= 0);
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
