// SPDX-License-Identifier: Apache-2.0
//
// Fd owns a file descriptor and closes it. It converts to the number, so that
// it can be handed to any call.

#ifndef EMU_TESTS_UTIL_FD_H_
#define EMU_TESTS_UTIL_FD_H_

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace emu {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) : fd_(other.Release()) {}
  Fd& operator=(Fd&& other) {
    Reset(other.Release());
    return *this;
  }
  ~Fd() { Reset(); }

  operator int() const { return fd_; }  // NOLINT: by design, see above.

  bool valid() const { return fd_ >= 0; }

  // Gives the descriptor up without closing it.
  int Release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

  void Reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// Both ends of a pipe; invalid where pipe2 fails.
struct Pipe {
  explicit Pipe(int flags = 0) {
    int fds[2];
    if (pipe2(fds, flags) != 0) return;
    read = Fd(fds[0]);
    write = Fd(fds[1]);
  }

  Fd read;
  Fd write;
};

// Two connected AF_UNIX sockets; invalid where socketpair fails.
struct SocketPair {
  explicit SocketPair(int type = SOCK_STREAM) {
    int fds[2];
    if (socketpair(AF_UNIX, type, 0, fds) != 0) return;
    a = Fd(fds[0]);
    b = Fd(fds[1]);
  }

  Fd a;
  Fd b;
};

}  // namespace emu

#endif  // EMU_TESTS_UTIL_FD_H_
