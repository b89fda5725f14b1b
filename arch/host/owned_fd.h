// SPDX-License-Identifier: Apache-2.0
//
// A host file descriptor that is closed with its owner.

#ifndef ARCH_HOST_OWNED_FD_H_
#define ARCH_HOST_OWNED_FD_H_

#include <unistd.h>

#include <utility>

namespace emu {

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(other.Release()) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  ~OwnedFd() { Reset(); }

  // -1 when there is none.
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

}  // namespace emu

#endif  // ARCH_HOST_OWNED_FD_H_
