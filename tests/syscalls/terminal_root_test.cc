// SPDX-License-Identifier: Apache-2.0
//
// What only the privileged may do to terminals.

#include "tests/util/terminal.h"

namespace emu {
namespace {

using TerminalRootTest = TerminalTest;

TEST_F(TerminalRootTest, TerminalIsStolenOnRequest) {
  EXPECT_THAT(RunInSession([&] {
                CHILD_CHECK(RunInChild([&] {
                              CHILD_CHECK(setsid() > 0);
                              CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == -1 &&
                                          errno == EPERM);
                              CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 1) == 0);
                              CHILD_CHECK(tcgetsid(slave_) == getpid());
                              // It stays without when the thief ends.
                              signal(SIGHUP, SIG_IGN);
                            }) == 0);
                CHILD_CHECK(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
                CHILD_CHECK(tcgetpgrp(slave_) == -1 && errno == ENOTTY);
              }),
              Exited(0));
}

TEST_F(TerminalRootTest, InputCanBeSimulated) {
  const char line[] = "fake\n";
  for (const char* c = line; *c != '\0'; ++c) {
    EXPECT_THAT(ioctl(slave_, TIOCSTI, c), Succeeds());
  }
  char buffer[16];
  EXPECT_THAT(read(slave_, buffer, sizeof(buffer)), SucceedsWith(5));
  EXPECT_THAT(ioctl(slave_, TIOCSTI, nullptr), FailsWith(EFAULT));
}

TEST_F(TerminalRootTest, ExclusiveModeDoesNotKeepThePrivilegedOut) {
  EXPECT_THAT(ioctl(slave_, TIOCEXCL), Succeeds());
  EXPECT_TRUE(Fd(open(ptsname(master_), O_RDWR | O_NOCTTY)).valid());
}

TEST_F(TerminalRootTest, LockedSettingsStay) {
  termios old = {}, locked = {}, now = {};
  ASSERT_THAT(tcgetattr(slave_, &old), Succeeds());
  ASSERT_TRUE((old.c_lflag & ECHO) != 0 && (old.c_lflag & ICANON) != 0);
  locked.c_lflag = ECHO;
  locked.c_cc[VINTR] = 1;
  EXPECT_THAT(ioctl(slave_, TIOCSLCKTRMIOS, &locked), Succeeds());
  EXPECT_THAT(ioctl(master_, TIOCGLCKTRMIOS, &now), Succeeds());
  EXPECT_EQ(now.c_lflag, static_cast<tcflag_t>(ECHO));
  EXPECT_EQ(now.c_cc[VINTR], 1);

  now = old;
  now.c_lflag &= ~(ECHO | ICANON);
  now.c_cc[VINTR] = 'i';
  now.c_cc[VQUIT] = 'q';
  ASSERT_THAT(tcsetattr(slave_, TCSANOW, &now), Succeeds());
  ASSERT_THAT(tcgetattr(slave_, &now), Succeeds());
  EXPECT_EQ(now.c_lflag, old.c_lflag & ~ICANON);
  EXPECT_EQ(now.c_cc[VINTR], old.c_cc[VINTR]);
  EXPECT_EQ(now.c_cc[VQUIT], 'q');
}

TEST_F(TerminalRootTest, VhangupHangsUpTheCallersTerminal) {
  EXPECT_THAT(RunInSession([&] {
                Block(SIGHUP);
                Block(SIGCONT);
                CHILD_CHECK(vhangup() == 0);
                CHILD_CHECK(Arrives(SIGHUP));
                CHILD_CHECK(Arrives(SIGCONT));
                char c;
                CHILD_CHECK(read(slave_, &c, 1) == 0);
                CHILD_CHECK(write(slave_, "x", 1) == -1 && errno == EIO);
                CHILD_CHECK(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
                // The line is there for others to open.
                CHILD_CHECK(open(ptsname(master_), O_RDWR | O_NOCTTY) >= 0);
              }),
              Exited(0));
  // Without a terminal nothing happens.
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setsid() > 0);
                CHILD_CHECK(vhangup() == 0);
              }),
              Exited(0));
}

TEST_F(TerminalRootTest, TerminalIsHungUpByItsDescriptor) {
  EXPECT_THAT(RunInSession([&] {
                Block(SIGHUP);
                CHILD_CHECK(ioctl(slave_, TIOCVHANGUP) == 0);
                CHILD_CHECK(Arrives(SIGHUP));
                termios mode;
                CHILD_CHECK(tcgetattr(slave_, &mode) == -1 && errno == EIO);
                pid_t group = getpgrp();
                CHILD_CHECK(ioctl(slave_, TIOCSPGRP, &group) == -1 &&
                            errno == ENOTTY);
                pollfd events = {slave_, POLLIN, 0};
                CHILD_CHECK(poll(&events, 1, 0) == 1);
                CHILD_CHECK((events.revents & POLLHUP) != 0);
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
