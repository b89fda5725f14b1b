// SPDX-License-Identifier: Apache-2.0
//
// Terminals and the sessions that they control: foreground and background,
// hang-up, who takes a terminal and who loses it.

#include "tests/util/terminal.h"

namespace emu {
namespace {

using TerminalControlTest = TerminalTest;

TEST_F(TerminalControlTest, ChangesFromTheBackgroundStopTheChanger) {
  EXPECT_THAT(RunInBackground([&] { tcsetpgrp(slave_, getpgrp()); }),
              StoppedBy(SIGTTOU));
  EXPECT_THAT(RunInBackground([&] {
                termios mode;
                tcgetattr(slave_, &mode);
                tcsetattr(slave_, TCSANOW, &mode);
              }),
              StoppedBy(SIGTTOU));
  EXPECT_THAT(RunInBackground([&] { tcflush(slave_, TCIFLUSH); }),
              StoppedBy(SIGTTOU));
  EXPECT_THAT(RunInBackground([&] { tcdrain(slave_); }), StoppedBy(SIGTTOU));
  EXPECT_THAT(RunInBackground([&] { tcflow(slave_, TCOON); }),
              StoppedBy(SIGTTOU));
  // Asking does not.
  EXPECT_THAT(RunInBackground([&] {
                termios mode;
                CHILD_CHECK(tcgetattr(slave_, &mode) == 0);
                CHILD_CHECK(tcgetpgrp(slave_) == getppid());
                CHILD_CHECK(tcgetsid(slave_) == getppid());
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, ChangesFromTheBackgroundGoThroughWithoutSignal) {
  EXPECT_THAT(RunInBackground([&] {
                signal(SIGTTOU, SIG_IGN);
                CHILD_CHECK(tcsetpgrp(slave_, getpgrp()) == 0);
                CHILD_CHECK(tcgetpgrp(slave_) == getpgrp());
              }),
              Exited(0));
  EXPECT_THAT(RunInBackground([&] {
                Block(SIGTTOU);
                CHILD_CHECK(tcsetpgrp(slave_, getpgrp()) == 0);
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, ReadersInTheBackgroundThatIgnoreItGetAnError) {
  EXPECT_THAT(RunInBackground([&] {
                signal(SIGTTIN, SIG_IGN);
                char c;
                CHILD_CHECK(read(slave_, &c, 1) == -1 && errno == EIO);
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, OrphansInTheBackgroundGetAnError) {
  Pipe result;
  EXPECT_THAT(RunInSession([&] {
                Child middle([&] {
                  setpgid(0, 0);
                  const pid_t parent = getpid();
                  if (fork() != 0) return;
                  signal(SIGHUP, SIG_IGN);
                  setpgid(0, 0);
                  while (getppid() == parent) usleep(1000);
                  char c;
                  CHILD_CHECK(read(slave_, &c, 1) == -1 && errno == EIO);
                  CHILD_CHECK(tcsetpgrp(slave_, getpgrp()) == -1 &&
                              errno == ENOTTY);
                  termios mode;
                  tcgetattr(slave_, &mode);
                  CHILD_CHECK(tcsetattr(slave_, TCSANOW, &mode) == -1 &&
                              errno == EIO);
                  CHILD_CHECK(write(result.write, "x", 1) == 1);
                });
                CHILD_CHECK(middle.Wait() == 0);
                CHILD_CHECK(WaitFor(result.read));
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, ForegroundMustBeAGroupOfTheSession) {
  EXPECT_THAT(RunInSession([&] {
                CHILD_CHECK(tcsetpgrp(slave_, 999999) == -1 && errno == ESRCH);
                CHILD_CHECK(tcsetpgrp(slave_, -1) == -1 && errno == EINVAL);
                CHILD_CHECK(tcsetpgrp(slave_, getppid()) == -1 &&
                            (errno == EPERM || errno == ESRCH));
                pid_t group = getpid();
                CHILD_CHECK(ioctl(slave_, TIOCSPGRP, nullptr) == -1 &&
                            errno == EFAULT);
                CHILD_CHECK(ioctl(master_, TIOCSPGRP, &group) == 0);
                CHILD_CHECK(ioctl(master_, TIOCGPGRP, &group) == 0 &&
                            group == getpid());
                CHILD_CHECK(ioctl(master_, TIOCGSID, &group) == 0 &&
                            group == getpid());
              }),
              Exited(0));
  // To those outside of the session it is no terminal of theirs.
  EXPECT_THAT(tcgetpgrp(slave_), FailsWith(ENOTTY));
  EXPECT_THAT(tcsetpgrp(slave_, getpgrp()), FailsWith(ENOTTY));
  EXPECT_THAT(tcgetsid(slave_), FailsWith(ENOTTY));
  EXPECT_THAT(tcgetsid(master_), FailsWith(ENOTTY));
  EXPECT_THAT(ioctl(slave_, TIOCNOTTY), FailsWith(ENOTTY));
}

TEST_F(TerminalControlTest, OnlyALeaderTakesATerminalAndNobodyStealsOne) {
  EXPECT_THAT(RunInSession([&] {
                // Again is no error.
                CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
                CHILD_CHECK(RunInChild([&] {
                              CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == -1 &&
                                          errno == EPERM);
                              CHILD_CHECK(setsid() > 0);
                              CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == -1 &&
                                          errno == EPERM);
                              CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 1) == -1 &&
                                          errno == EPERM);
                            }) == 0);
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, ProcessThatIsNoLeaderGivesItsOwnUpAlone) {
  EXPECT_THAT(RunInSession([&] {
                CHILD_CHECK(
                    RunInChild([&] {
                      CHILD_CHECK(ioctl(slave_, TIOCNOTTY) == 0);
                      CHILD_CHECK(open("/dev/tty", O_RDWR) == -1 &&
                                  errno == ENXIO);
                      CHILD_CHECK(ioctl(slave_, TIOCNOTTY) == -1 &&
                                  errno == ENOTTY);
                      // Its children have none, either.
                      CHILD_CHECK(RunInChild([] {
                                    CHILD_CHECK(open("/dev/tty", O_RDWR) == -1);
                                  }) == 0);
                    }) == 0);
                CHILD_CHECK(Fd(open("/dev/tty", O_RDWR)).valid());
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, LeaderThatGivesUpHangsUpTheForeground) {
  EXPECT_THAT(RunInSession([&] {
                Block(SIGHUP);
                Block(SIGCONT);
                CHILD_CHECK(ioctl(slave_, TIOCNOTTY) == 0);
                CHILD_CHECK(Arrives(SIGHUP));
                CHILD_CHECK(Arrives(SIGCONT));
                // The terminal is free to be taken again.
                CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, EndOfTheLeaderHangsUpTheForegroundJob) {
  Pipe ready, result;
  Child leader([&] {
    CHILD_CHECK(setsid() > 0);
    CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
    if (fork() == 0) {
      setpgid(0, 0);
      Block(SIGHUP);
      Block(SIGCONT);
      signal(SIGTTOU, SIG_IGN);
      CHILD_CHECK(tcsetpgrp(slave_, getpid()) == 0);
      CHILD_CHECK(write(ready.write, "x", 1) == 1);
      CHILD_CHECK(Arrives(SIGHUP));
      char c;
      // It is nobody's terminal any more.
      CHILD_CHECK(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
      CHILD_CHECK(tcgetpgrp(slave_) == -1 && errno == ENOTTY);
      CHILD_CHECK(write(result.write, &c, 1) == 1);
      _exit(0);
    }
    char c;
    CHILD_CHECK(read(ready.read, &c, 1) == 1);
  });
  EXPECT_THAT(leader.Wait(), Exited(0));
  EXPECT_TRUE(WaitFor(result.read));
}

TEST_F(TerminalControlTest, HangUpEndsReadsAndFailsWrites) {
  Child reader([&] {
    master_.Reset();
    char c;
    // Between the two steps of a hang-up it may be an error.
    const ssize_t n = read(slave_, &c, 1);
    CHILD_CHECK(n == 0 || (n == -1 && errno == EIO));
    pollfd events = {slave_, POLLIN, 0};
    while ((events.revents & POLLHUP) == 0) poll(&events, 1, -1);
    CHILD_CHECK(read(slave_, &c, 1) == 0);
    CHILD_CHECK(write(slave_, "x", 1) == -1 && errno == EIO);
    termios mode;
    CHILD_CHECK(tcgetattr(slave_, &mode) == -1 && errno == EIO);
  });
  reader.WaitUntilBlocked();
  const std::string name = ptsname(master_);
  master_.Reset();
  EXPECT_THAT(reader.Wait(), Exited(0));
  EXPECT_THAT(open(name.c_str(), O_RDWR | O_NOCTTY), FailsWith(ENOENT));
}

TEST_F(TerminalControlTest, HangUpTellsTheLeaderAndThenTheForeground) {
  Pipe ready;
  Child leader([&] {
    CHILD_CHECK(setsid() > 0);
    CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
    Block(SIGHUP);
    Block(SIGCONT);
    master_.Reset();
    CHILD_CHECK(write(ready.write, "x", 1) == 1);
    CHILD_CHECK(Arrives(SIGHUP));
    CHILD_CHECK(Arrives(SIGCONT));
    CHILD_CHECK(open("/dev/tty", O_RDWR) == -1 && errno == ENXIO);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  master_.Reset();
  EXPECT_THAT(leader.Wait(), Exited(0));
}

TEST_F(TerminalControlTest, SimulatedInputAndHangUpAreForThePrivileged) {
  char c = 'x';
  EXPECT_THAT(ioctl(slave_, TIOCSTI, &c),
              testing::AnyOf(FailsWith(EIO), FailsWith(EPERM)));
  EXPECT_THAT(vhangup(), FailsWith(EPERM));
  EXPECT_TRUE(IsSilent(slave_));
}

TEST_F(TerminalControlTest, SignalsCanBeSentFromTheMaster) {
  EXPECT_THAT(RunInSession([&] {
                Block(SIGQUIT);
                CHILD_CHECK(ioctl(master_, TIOCSIG, SIGQUIT) == 0);
                CHILD_CHECK(Arrives(SIGQUIT));
                CHILD_CHECK(ioctl(master_, TIOCSIG, SIGUSR1) == -1 &&
                            errno == EINVAL);
                CHILD_CHECK(ioctl(slave_, TIOCSIG, SIGQUIT) == -1 &&
                            errno == ENOTTY);
              }),
              Exited(0));
}

TEST_F(TerminalControlTest, LeaderOpensAFreeTerminalAsItsOwn) {
  const std::string name = ptsname(master_);
  EXPECT_THAT(RunInChild([&] {
                CHILD_CHECK(setsid() > 0);
                CHILD_CHECK(open(name.c_str(), O_RDWR) >= 0);
                CHILD_CHECK(tcgetsid(slave_) == getpid());
                // A second one is not taken.
                const int other = posix_openpt(O_RDWR);
                CHILD_CHECK(grantpt(other) == 0 && unlockpt(other) == 0);
                const int other_slave = open(ptsname(other), O_RDWR);
                CHILD_CHECK(other_slave >= 0);
                CHILD_CHECK(tcgetsid(other_slave) == -1);
                CHILD_CHECK(ioctl(other_slave, TIOCSCTTY, 0) == -1 &&
                            errno == EPERM);
              }),
              Exited(0));
}

}  // namespace
}  // namespace emu
