// SPDX-License-Identifier: Apache-2.0
//
// A fresh pseudo-terminal in its default mode, for tests that run as guests; and
// sessions that it controls.

#ifndef TESTS_UTIL_TERMINAL_H_
#define TESTS_UTIL_TERMINAL_H_

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {

class TerminalTest : public testing::Test {
 protected:
  TerminalTest() : master_(posix_openpt(O_RDWR | O_NOCTTY)) {
    grantpt(master_);
    unlockpt(master_);
    slave_ = OpenSlave();
  }

  Fd OpenSlave() { return Fd(open(ptsname(master_), O_RDWR | O_NOCTTY)); }
  void Type(std::string_view keys) {
    EXPECT_THAT(write(master_, keys.data(), keys.size()),
                SucceedsWith(static_cast<ssize_t>(keys.size())));
  }
  static bool WaitFor(int fd, short events = POLLIN, int milliseconds = 10000) {
    pollfd poll_fd = {fd, events, 0};
    return poll(&poll_fd, 1, milliseconds) == 1;
  }
  static bool IsSilent(int fd) { return !WaitFor(fd, POLLIN, 10); }
  static std::string Read(int fd) {
    char buffer[4096];
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    return n < 0 ? strerror(errno) : std::string(buffer, n);
  }
  std::string Line() {
    WaitFor(slave_);
    return Read(slave_);
  }
  void ExpectScreen(std::string_view expected) {
    std::string shown;
    while (shown.size() < expected.size() && WaitFor(master_)) {
      shown += Read(master_);
    }
    EXPECT_EQ(shown, expected);
  }
  termios Mode() {
    termios mode = {};
    EXPECT_THAT(tcgetattr(slave_, &mode), Succeeds());
    return mode;
  }
  void SetMode(const termios& mode) {
    EXPECT_THAT(tcsetattr(slave_, TCSANOW, &mode), Succeeds());
  }
  void NoEcho() {
    termios mode = Mode();
    mode.c_lflag &= ~ECHO;
    SetMode(mode);
  }

  template <typename Body>
  int RunInSession(Body body) {
    return RunInChild([&] {
      CHILD_CHECK(setsid() > 0);
      CHILD_CHECK(ioctl(slave_, TIOCSCTTY, 0) == 0);
      body();
    });
  }
  // Runs body in a background group of such a session, and gives its status as
  // waitpid tells it, stops too.
  template <typename Body>
  int RunInBackground(Body body) {
    Pipe result;
    EXPECT_THAT(RunInSession([&] {
                  Child job([&] {
                    setpgid(0, 0);
                    body();
                  });
                  int status = 0;
                  CHILD_CHECK(waitpid(job.pid(), &status, WUNTRACED) > 0);
                  CHILD_CHECK(write(result.write, &status, sizeof(status)) ==
                              sizeof(status));
                }),
                Exited(0));
    int status = -1;
    EXPECT_THAT(read(result.read, &status, sizeof(status)),
                SucceedsWith(static_cast<ssize_t>(sizeof(status))));
    return status;
  }

  Fd master_;
  Fd slave_;
};

// Keeps `signo` for sigtimedwait.
inline void Block(int signo) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signo);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}
inline bool Arrives(int signo, int seconds = 10) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signo);
  const timespec time = {seconds, 0};
  return sigtimedwait(&set, nullptr, &time) == signo;
}

}  // namespace emu

#endif  // TESTS_UTIL_TERMINAL_H_
