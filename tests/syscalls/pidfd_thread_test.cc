// SPDX-License-Identifier: Apache-2.0
//
// Pidfds of threads, the scopes of pidfd_send_signal(2), and what a pidfd's
// ioctls tell.

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr unsigned kThread = O_EXCL;  // PIDFD_THREAD
constexpr unsigned kToThread = 1, kToProcess = 2, kToGroup = 4;
constexpr int kSelfThread = -10000, kSelfProcess = -10001;

Fd Open(pid_t pid, unsigned flags = 0) {
  return Fd(syscall(SYS_pidfd_open, pid, flags));
}

long Send(int fd, int signo, unsigned flags, siginfo_t* info = nullptr) {
  return syscall(SYS_pidfd_send_signal, fd, signo, info, flags);
}

// A thread that lives until it is told to end.
class Thread {
 public:
  Thread() {
    EXPECT_EQ(pthread_create(&thread_, nullptr, Run, this), 0);
    char byte;
    EXPECT_THAT(read(started_.read, &byte, 1), SucceedsWith(1));
  }
  ~Thread() {
    if (!ended_) End();
  }
  pid_t tid() const { return tid_; }
  void End() {
    ended_ = true;
    EXPECT_THAT(write(end_.write, "x", 1), SucceedsWith(1));
    EXPECT_EQ(pthread_join(thread_, nullptr), 0);
  }

 private:
  static void* Run(void* self) {
    auto& thread = *static_cast<Thread*>(self);
    thread.tid_ = gettid();
    char byte = 0;
    (void)!write(thread.started_.write, &byte, 1);
    (void)!read(thread.end_.read, &byte, 1);
    return nullptr;
  }

  Pipe started_, end_;
  pthread_t thread_;
  pid_t tid_ = 0;
  bool ended_ = false;
};

short Poll(int fd) {
  pollfd poll_fd = {fd, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, 0), Succeeds());
  return poll_fd.revents;
}

TEST(PidfdThreadTest, NeedsTheFlag) {
  Thread thread;
  EXPECT_THAT(syscall(SYS_pidfd_open, thread.tid(), 0), FailsWith(ENOENT));
  const Fd fd = Open(thread.tid(), kThread);
  ASSERT_TRUE(fd.valid());
  EXPECT_THAT(fcntl(fd, F_GETFD), SucceedsWith(FD_CLOEXEC));
}

TEST(PidfdThreadTest, IsReadableWhenTheThreadHasEnded) {
  Thread thread;
  const Fd fd = Open(thread.tid(), kThread);
  const Fd leader = Open(getpid(), kThread);
  EXPECT_EQ(Poll(fd), 0);
  thread.End();
  // It is joined a little before it is gone.
  pollfd poll_fd = {fd, POLLIN, 0};
  EXPECT_THAT(poll(&poll_fd, 1, -1), SucceedsWith(1));
  while (Send(fd, 0, 0) == 0) {
  }
  EXPECT_EQ(errno, ESRCH);
  EXPECT_EQ(Poll(fd), POLLIN | POLLHUP);
  EXPECT_EQ(Poll(leader), 0);
}

TEST(PidfdThreadTest, CannotBeWaitedFor) {
  Thread thread;
  const Fd fd = Open(thread.tid(), kThread);
  siginfo_t info;
  EXPECT_THAT(waitid(static_cast<idtype_t>(3), fd, &info, WEXITED),
              FailsWith(ECHILD));
}

volatile sig_atomic_t got_tid, got_code;

void OnSignal(int, siginfo_t* info, void*) {
  got_code = info->si_code;
  got_tid = gettid();
}

TEST(PidfdSendSignalTest, ScopesChooseTheTarget) {
  struct sigaction action = {};
  action.sa_sigaction = OnSignal;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ASSERT_THAT(sigaction(SIGUSR1, &action, nullptr), Succeeds());
  const Fd self = Open(getpid());
  got_tid = 0;
  ASSERT_THAT(Send(self, SIGUSR1, kToThread), Succeeds());
  EXPECT_EQ(got_tid, getpid());
  EXPECT_EQ(got_code, SI_TKILL);
  ASSERT_THAT(Send(self, SIGUSR1, kToProcess), Succeeds());
  EXPECT_EQ(got_code, SI_USER);
  const Fd thread = Open(getpid(), kThread);
  ASSERT_THAT(Send(thread, SIGUSR1, 0), Succeeds());
  EXPECT_EQ(got_code, SI_TKILL);
  ASSERT_THAT(Send(kSelfThread, SIGUSR1, 0), Succeeds());
  EXPECT_EQ(got_code, SI_TKILL);
  ASSERT_THAT(Send(kSelfProcess, SIGUSR1, 0), Succeeds());
  EXPECT_EQ(got_code, SI_USER);
  signal(SIGUSR1, SIG_DFL);
}

TEST(PidfdSendSignalTest, GroupIsTheOneOfThatId) {
  EXPECT_THAT(RunInChild([] {
                CHILD_CHECK(setpgid(0, 0) == 0);
                const Fd self = Open(getpid());
                Child child([] {
                  for (;;) pause();
                });
                signal(SIGTERM, SIG_IGN);
                CHILD_CHECK(Send(self, SIGTERM, kToGroup) == 0);
                CHILD_CHECK(WTERMSIG(child.Wait()) == SIGTERM);
                // Not the group that it is in.
                Child member([] {
                  for (;;) pause();
                });
                const Fd other = Open(member.pid());
                CHILD_CHECK(Send(other, SIGTERM, kToGroup) == -1);
                CHILD_CHECK(errno == ESRCH);
              }),
              Exited(0));
}

TEST(PidfdSendSignalTest, Errors) {
  const Fd self = Open(getpid());
  EXPECT_THAT(Send(self, 0, 3), FailsWith(EINVAL));
  EXPECT_THAT(Send(self, 0, 8), FailsWith(EINVAL));
  EXPECT_THAT(Send(-1, 0, 0), FailsWith(EBADF));
  EXPECT_THAT(Send(-1, 0, 8), FailsWith(EINVAL));
  EXPECT_THAT(Send(self, 99, 0), FailsWith(EINVAL));
  siginfo_t info = {};
  info.si_signo = SIGUSR1;
  info.si_code = SI_USER;
  Child child([] {
    for (;;) pause();
  });
  const Fd other = Open(child.pid());
  EXPECT_THAT(Send(other, SIGUSR1, 0, &info), FailsWith(EPERM));
  EXPECT_THAT(Send(other, SIGUSR2, 0, &info), FailsWith(EINVAL));
  info.si_code = SI_QUEUE;
  EXPECT_THAT(Send(other, SIGUSR1, 0, &info), Succeeds());
  EXPECT_THAT(child.Wait(), KilledBy(SIGUSR1));
}

struct Info {
  uint64_t mask, cgroup;
  uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  int32_t exit_code;
  uint32_t more[2];
};
constexpr unsigned long kGetInfo = _IOWR(0xff, 11, Info);
constexpr uint64_t kPid = 1, kCreds = 2, kExit = 8;

TEST(PidfdInfoTest, TellsIdsAndCredentials) {
  Thread thread;
  const Fd fd = Open(thread.tid(), kThread);
  Info info = {};
  info.mask = kPid | kExit;
  ASSERT_THAT(ioctl(fd, kGetInfo, &info), Succeeds());
  EXPECT_EQ(info.mask & (kPid | kCreds | kExit), kPid | kCreds);
  EXPECT_EQ(info.pid, static_cast<uint32_t>(thread.tid()));
  EXPECT_EQ(info.tgid, static_cast<uint32_t>(getpid()));
  EXPECT_EQ(info.ppid, static_cast<uint32_t>(getppid()));
  EXPECT_EQ(info.ruid, getuid());
  EXPECT_EQ(info.fsgid, getegid());
}

TEST(PidfdInfoTest, OfOneReapedTheStatusIsLeft) {
  Child child([] { _exit(5); });
  const Fd fd = Open(child.pid());
  EXPECT_THAT(child.Wait(), Exited(5));
  Info info = {};
  info.mask = kPid | kExit;
  ASSERT_THAT(ioctl(fd, kGetInfo, &info), Succeeds());
  EXPECT_EQ(info.mask & (kPid | kCreds | kExit), kExit);
  EXPECT_EQ(info.exit_code, 5 << 8);
  info.mask = kPid;
  EXPECT_THAT(ioctl(fd, kGetInfo, &info), FailsWith(ESRCH));
}

TEST(PidfdInfoTest, SizesAndErrors) {
  const Fd self = Open(getpid());
  char bytes[256] = {};
  EXPECT_THAT(ioctl(self, _IOC(3, 0xff, 11, 56), bytes), FailsWith(ENOTTY));
  EXPECT_THAT(ioctl(self, _IOC(3, 0xff, 11, 64), bytes), Succeeds());
  EXPECT_THAT(ioctl(self, _IOC(3, 0xff, 11, 200), bytes), Succeeds());
  EXPECT_THAT(ioctl(self, kGetInfo, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(ioctl(self, kGetInfo, BadAddress()), FailsWith(EFAULT));
  EXPECT_THAT(ioctl(self, _IO(0xff, 12), 0), FailsWith(ENOTTY));
  EXPECT_THAT(ioctl(self, TIOCGWINSZ, bytes), FailsWith(ENOTTY));
}

TEST(PidfdInfoTest, OpensNamespaces) {
  const Fd self = Open(getpid());
  const Fd net(ioctl(self, _IO(0xff, 4), 0));
  ASSERT_TRUE(net.valid());
  EXPECT_THAT(fcntl(net, F_GETFD), SucceedsWith(FD_CLOEXEC));
  struct stat there, named;
  ASSERT_THAT(fstat(net, &there), Succeeds());
  ASSERT_THAT(stat("/proc/self/ns/net", &named), Succeeds());
  EXPECT_EQ(there.st_ino, named.st_ino);
  EXPECT_THAT(ioctl(self, _IO(0xff, 4), 1), FailsWith(EINVAL));
}

}  // namespace
}  // namespace emu
