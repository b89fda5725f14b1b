// SPDX-License-Identifier: Apache-2.0
//
// mmap(2) of what cannot be mapped.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using MmapNodevTest = TempDirTest;

long Map(int fd, int prot = PROT_READ, int flags = MAP_PRIVATE) {
  return reinterpret_cast<long>(mmap(nullptr, 4096, prot, flags, fd, 0));
}

TEST_F(MmapNodevTest, OnlyFilesAreMapped) {
  const Fd directory(open(".", O_RDONLY));
  const Pipe pipe;
  const SocketPair sockets;
  const Fd event(eventfd(0, 0)), epoll(epoll_create1(0));
  EXPECT_THAT(Map(directory), FailsWith(ENODEV));
  EXPECT_THAT(Map(pipe.read), FailsWith(ENODEV));
  EXPECT_THAT(Map(sockets.a), FailsWith(ENODEV));
  EXPECT_THAT(Map(event), FailsWith(ENODEV));
  EXPECT_THAT(Map(epoll), FailsWith(ENODEV));
  EXPECT_THAT(Map(pipe.read, PROT_READ, MAP_SHARED), FailsWith(ENODEV));
}

TEST_F(MmapNodevTest, AccessIsCheckedFirst) {
  const Pipe pipe;
  EXPECT_THAT(Map(pipe.write), FailsWith(EACCES));
  EXPECT_THAT(Map(pipe.read, PROT_WRITE, MAP_SHARED), FailsWith(EACCES));
  EXPECT_THAT(Map(pipe.read, PROT_READ, 0), FailsWith(EINVAL));
  const Fd path(open(".", O_PATH));
  EXPECT_THAT(Map(path), FailsWith(EBADF));
}

}  // namespace
}  // namespace emu
