// SPDX-License-Identifier: Apache-2.0
//
// getpid(2) and getppid(2).

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

TEST(GetpidTest, ChildHasAnIdOfItsOwn) {
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child == 0) _exit(getpid() != parent && getppid() == parent ? 0 : 1);
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(GetpidTest, IsTheIdThatForkReturned) {
  int pipe_fds[2];
  ASSERT_EQ(pipe(pipe_fds), 0);
  const pid_t child = fork();
  if (child == 0) {
    const pid_t self = getpid();
    _exit(write(pipe_fds[1], &self, sizeof(self)) == sizeof(self) ? 0 : 1);
  }
  pid_t seen = -1;
  EXPECT_EQ(read(pipe_fds[0], &seen, sizeof(seen)),
            static_cast<ssize_t>(sizeof(seen)));
  EXPECT_EQ(seen, child);
  EXPECT_EQ(waitpid(child, nullptr, 0), child);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
}

}  // namespace
