// SPDX-License-Identifier: Apache-2.0
//
// pidfd_open(2), pidfd_send_signal(2), pidfd_getfd(2), CLONE_PIDFD,
// waitid(P_PIDFD), process_vm_readv(2), process_vm_writev(2).

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr idtype_t kPidfd = static_cast<idtype_t>(3);  // P_PIDFD

Fd PidfdOpen(pid_t pid, unsigned flags = 0) {
  return Fd(syscall(SYS_pidfd_open, pid, flags));
}

long SendSignal(int fd, int sig, siginfo_t* info = nullptr) {
  return syscall(SYS_pidfd_send_signal, fd, sig, info, 0);
}

void Sleep() {
  for (;;) pause();
}

TEST(PidfdOpenTest, RefersToProcessAndIsCloexec) {
  const Fd fd = PidfdOpen(getpid());
  ASSERT_TRUE(fd.valid());
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
  EXPECT_THAT(SendSignal(fd, 0), Succeeds());
}

TEST(PidfdOpenTest, Errors) {
  EXPECT_THAT(syscall(SYS_pidfd_open, 0, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_pidfd_open, -1, 0), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_pidfd_open, 0x3ffffff0, 0), FailsWith(ESRCH));
  EXPECT_THAT(syscall(SYS_pidfd_open, getpid(), 1), FailsWith(EINVAL));
}

TEST(PidfdTest, BecomesReadableWhenProcessEnds) {
  Child child(Sleep);
  const Fd fd = PidfdOpen(child.pid());
  pollfd poll_fd = {fd, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), SucceedsWith(0));
  ASSERT_THAT(SendSignal(fd, SIGKILL), Succeeds());
  EXPECT_THAT(poll(&poll_fd, 1, -1), SucceedsWith(1));
  EXPECT_TRUE(poll_fd.revents & POLLIN);
  EXPECT_THAT(child.Wait(), KilledBy(SIGKILL));
  EXPECT_THAT(SendSignal(fd, 0), FailsWith(ESRCH));
}

TEST(PidfdTest, WorksWithEpoll) {
  Child child([] {});
  const Fd fd = PidfdOpen(child.pid());
  const Fd epoll(epoll_create1(0));
  epoll_event event = {EPOLLIN, {.fd = fd}};
  ASSERT_THAT(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), Succeeds());
  EXPECT_THAT(epoll_wait(epoll, &event, 1, -1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(PidfdTest, WaitidReapsThroughIt) {
  Child child([] { _exit(6); });
  const Fd fd = PidfdOpen(child.pid());
  siginfo_t info = {};
  ASSERT_THAT(waitid(kPidfd, fd, &info, WEXITED), Succeeds());
  EXPECT_EQ(info.si_status, 6);
  child.Forget();
}

TEST(PidfdTest, WaitidErrors) {
  siginfo_t info;
  EXPECT_THAT(waitid(kPidfd, 0, &info, WEXITED), FailsWith(EBADF));
  const Fd self = PidfdOpen(getpid());
  EXPECT_THAT(waitid(kPidfd, self, &info, WEXITED), FailsWith(ECHILD));
}

TEST(PidfdTest, CannotBeReadOrWritten) {
  const Fd fd = PidfdOpen(getpid());
  char c = 0;
  EXPECT_THAT(read(fd, &c, 1), FailsWith(EINVAL));
  EXPECT_THAT(write(fd, &c, 1), FailsWith(EINVAL));
}

TEST(PidfdTest, CloneGivesOne) {
  int pidfd = -1;
  clone_args args = {};
  args.flags = CLONE_PIDFD;
  args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  args.exit_signal = SIGCHLD;
  const long pid = syscall(SYS_clone3, &args, sizeof(args));
  if (pid == 0) _exit(5);
  ASSERT_THAT(pid, Succeeds());
  const Fd fd(pidfd);
  siginfo_t info = {};
  ASSERT_THAT(waitid(kPidfd, fd, &info, WEXITED), Succeeds());
  EXPECT_EQ(info.si_pid, pid);
  EXPECT_EQ(info.si_status, 5);
}

TEST(PidfdTest, FdinfoNamesThePid) {
  const Fd fd = PidfdOpen(getpid());
  const Fd info(
      open(("/proc/self/fdinfo/" + std::to_string(fd)).c_str(), O_RDONLY));
  char text[512] = {};
  ASSERT_THAT(read(info, text, sizeof(text) - 1), Succeeds());
  EXPECT_THAT(std::string(text),
              testing::HasSubstr("Pid:\t" + std::to_string(getpid())));
}

TEST(PidfdSendSignalTest, Errors) {
  const Fd self = PidfdOpen(getpid());
  EXPECT_THAT(SendSignal(777, 0), FailsWith(EBADF));
  EXPECT_THAT(SendSignal(0, 0), FailsWith(EBADF));
  EXPECT_THAT(SendSignal(self, 65), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_pidfd_send_signal, int{self}, 0, nullptr, 0x1000),
              FailsWith(EINVAL));
  siginfo_t info = {};
  info.si_signo = SIGUSR1;
  EXPECT_THAT(SendSignal(self, SIGUSR2, &info), FailsWith(EINVAL));
}

TEST(PidfdSendSignalTest, TakesADirectoryOfProcfs) {
  Child child(Sleep);
  const std::string name = "/proc/" + std::to_string(child.pid());
  const Fd process(open(name.c_str(), O_DIRECTORY));
  const Fd path(open(name.c_str(), O_DIRECTORY | O_PATH));
  const Fd thread(
      open((name + "/task/" + std::to_string(child.pid())).c_str(), O_DIRECTORY));
  const Fd fds(open((name + "/fd").c_str(), O_DIRECTORY));
  ASSERT_TRUE(process.valid() && path.valid() && thread.valid() && fds.valid());
  EXPECT_THAT(SendSignal(process, 0), Succeeds());
  EXPECT_THAT(SendSignal(path, 0), FailsWith(EBADF));
  EXPECT_THAT(SendSignal(thread, 0), FailsWith(EBADF));
  EXPECT_THAT(SendSignal(fds, 0), FailsWith(EBADF));
  EXPECT_THAT(SendSignal(process, SIGTERM), Succeeds());
  EXPECT_THAT(child.Wait(), KilledBy(SIGTERM));
  EXPECT_THAT(SendSignal(process, 0), FailsWith(ESRCH));
}

TEST(PidfdGetfdTest, TakesDescriptorFromChild) {
  Pipe pipe;
  Pipe ready;
  Child child([&] {
    dup2(pipe.write, 100);
    write(ready.write, "x", 1);
    Sleep();
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  const Fd pidfd = PidfdOpen(child.pid());
  const Fd fd(syscall(SYS_pidfd_getfd, int{pidfd}, 100, 0));
  ASSERT_TRUE(fd.valid());
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
  EXPECT_THAT(write(fd, "y", 1), SucceedsWith(1));
  EXPECT_THAT(read(pipe.read, &c, 1), SucceedsWith(1));
  EXPECT_EQ(c, 'y');
}

TEST(PidfdGetfdTest, Errors) {
  const Fd self = PidfdOpen(getpid());
  EXPECT_THAT(syscall(SYS_pidfd_getfd, int{self}, 777, 0), FailsWith(EBADF));
  EXPECT_THAT(syscall(SYS_pidfd_getfd, int{self}, 0, 1), FailsWith(EINVAL));
  EXPECT_THAT(syscall(SYS_pidfd_getfd, 0, 0, 0), FailsWith(EBADF));
}

TEST(ProcessVmTest, ReadsAndWritesChild) {
  Map map = Map::Private(kPage);
  memcpy(map.data(), "hello", 5);
  Pipe start;
  Child child([&] {
    char c;
    CHILD_CHECK(read(start.read, &c, 1) == 1);
    CHILD_CHECK(memcmp(map.data(), "HEllo", 5) == 0);
  });
  char buffer[5];
  iovec local = {buffer, 5};
  iovec remote = {map.data(), 5};
  ASSERT_THAT(process_vm_readv(child.pid(), &local, 1, &remote, 1, 0),
              SucceedsWith(5));
  EXPECT_EQ(std::string(buffer, 5), "hello");
  memcpy(buffer, "HE", 2);
  local.iov_len = 2;
  ASSERT_THAT(process_vm_writev(child.pid(), &local, 1, &remote, 1, 0),
              SucceedsWith(2));
  EXPECT_EQ(map[0], 'h');  // The parent's copy is its own.
  ASSERT_THAT(write(start.write, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(ProcessVmTest, StopsAtUnmappedRemoteMemory) {
  GuardedMap map;
  char buffer[16];
  const iovec local = {buffer, 16};
  const iovec remote[] = {{map.end(4), 4}, {map.end(), 4}};
  EXPECT_THAT(process_vm_readv(getpid(), &local, 1, remote, 2, 0),
              SucceedsWith(4));
  EXPECT_THAT(process_vm_readv(getpid(), &local, 1, remote + 1, 1, 0),
              FailsWith(EFAULT));
}

TEST(ProcessVmTest, Errors) {
  char buffer[4];
  const iovec vec = {buffer, 4};
  EXPECT_THAT(process_vm_readv(getpid(), &vec, 1, &vec, 1, 1),
              FailsWith(EINVAL));
  EXPECT_THAT(process_vm_readv(0x3ffffff0, &vec, 1, &vec, 1, 0),
              FailsWith(ESRCH));
  EXPECT_THAT(process_vm_readv(getpid(), &vec, 1, &vec, 0, 0), SucceedsWith(0));
}

}  // namespace
}  // namespace emu
