// SPDX-License-Identifier: Apache-2.0
//
// What a signal does to a call that it finds blocked: which calls go on with
// SA_RESTART, which never do, and what happens without a handler.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

enum class Handler { kRestart, kInterrupt };

// Runs call() in a child where SIGUSR1 arrives while it is blocked, and then,
// should the call go on, wake() from another process. The child's exit code
// is call()'s errno, or 0.
template <typename Call, typename Wake>
int ErrnoOf(Handler handler, Call call, Wake wake) {
  Pipe ready;
  Pipe handled;
  Child child([&] {
    static int report;
    report = handled.write;
    struct sigaction action = {};
    action.sa_handler = [](int) { write(report, "x", 1); };
    action.sa_flags = handler == Handler::kRestart ? SA_RESTART : 0;
    sigaction(SIGUSR1, &action, nullptr);
    write(ready.write, "x", 1);
    errno = 0;
    _exit(call() < 0 ? errno : 0);
  });
  char c;
  EXPECT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  kill(child.pid(), SIGUSR1);
  EXPECT_THAT(read(handled.read, &c, 1), SucceedsWith(1));
  if (handler == Handler::kRestart) {
    child.WaitUntilBlocked();  // Again.
    wake();
  }
  const int status = child.Wait();
  EXPECT_TRUE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

// The two answers for a call that honours SA_RESTART.
template <typename Call, typename Wake>
void ExpectRestartable(Call call, Wake wake) {
  EXPECT_EQ(ErrnoOf(Handler::kRestart, call, wake), 0);
  EXPECT_EQ(ErrnoOf(Handler::kInterrupt, call, wake), EINTR);
}

// ... and for one that never goes on after a handler.
template <typename Call>
void ExpectInterrupted(Call call) {
  EXPECT_EQ(ErrnoOf(Handler::kRestart, call, [] {}), EINTR);
  EXPECT_EQ(ErrnoOf(Handler::kInterrupt, call, [] {}), EINTR);
}

TEST(RestartTest, ReadOfPipe) {
  Pipe pipe;
  char c;
  ExpectRestartable([&] { return read(pipe.read, &c, 1); },
                    [&] { write(pipe.write, "x", 1); });
}

TEST(RestartTest, WriteOfFullPipe) {
  static char data[65536];
  for (const Handler handler : {Handler::kRestart, Handler::kInterrupt}) {
    Pipe pipe;
    ASSERT_THAT(write(pipe.write, data, sizeof(data)), Succeeds());
    EXPECT_EQ(ErrnoOf(
                  handler, [&] { return write(pipe.write, "x", 1); },
                  [&] { read(pipe.read, data, sizeof(data)); }),
              handler == Handler::kRestart ? 0 : EINTR);
  }
}

TEST(RestartTest, ReceiveFromSocket) {
  SocketPair sockets;
  char c;
  ExpectRestartable([&] { return recv(sockets.a, &c, 1, 0); },
                    [&] { write(sockets.b, "x", 1); });
}

TEST(RestartTest, ReceiveWithTimeoutIsInterrupted) {
  SocketPair sockets;
  const timeval timeout = {1000, 0};
  ASSERT_THAT(
      setsockopt(sockets.a, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)),
      Succeeds());
  char c;
  ExpectInterrupted([&] { return recv(sockets.a, &c, 1, 0); });
}

TEST(RestartTest, Accept) {
  const Fd listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address = {AF_UNIX, {}};
  ASSERT_THAT(bind(listener, reinterpret_cast<sockaddr*>(&address),
                   sizeof(sa_family_t)),  // A name of the kernel's choice.
              Succeeds());
  socklen_t length = sizeof(address);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  ASSERT_THAT(listen(listener, 1), Succeeds());
  const Fd client(socket(AF_UNIX, SOCK_STREAM, 0));
  ExpectRestartable(
      [&] { return accept(listener, nullptr, nullptr); },
      [&] { connect(client, reinterpret_cast<sockaddr*>(&address), length); });
}

TEST(RestartTest, WaitForChild) {
  Pipe pipe;
  ExpectRestartable(
      [&] {
        const pid_t pid = fork();
        if (pid == 0) {
          close(pipe.write);
          char c;
          read(pipe.read, &c, 1);
          _exit(0);
        }
        return waitpid(pid, nullptr, 0);
      },
      [&] { write(pipe.write, "x", 1); });
}

TEST(RestartTest, FutexWaitWithoutTimeout) {
  Map map = Map::Shared(kPage);
  ExpectRestartable(
      [&] { return syscall(SYS_futex, map.data(), FUTEX_WAIT, 0, nullptr); },
      [&] { syscall(SYS_futex, map.data(), FUTEX_WAKE, 1); });
}

TEST(RestartTest, EventfdRead) {
  const Fd fd(eventfd(0, 0));
  uint64_t value = 1;
  ExpectRestartable([&] { return read(fd, &value, 8); },
                    [&] { write(fd, &value, 8); });
}

TEST(RestartTest, Flock) {
  const Fd holder(open("/proc/self/exe", O_RDONLY));
  for (const Handler handler : {Handler::kRestart, Handler::kInterrupt}) {
    ASSERT_THAT(flock(holder, LOCK_EX), Succeeds());
    EXPECT_EQ(ErrnoOf(
                  handler,
                  [] {
                    const Fd other(open("/proc/self/exe", O_RDONLY));
                    return flock(other, LOCK_EX);
                  },
                  [&] { flock(holder, LOCK_UN); }),
              handler == Handler::kRestart ? 0 : EINTR);
  }
}

TEST(InterruptTest, Poll) {
  Pipe pipe;
  pollfd poll_fd = {pipe.read, POLLIN, 0};
  ExpectInterrupted([&] { return poll(&poll_fd, 1, -1); });
  ExpectInterrupted([&] { return poll(&poll_fd, 1, 1000000); });
}

TEST(InterruptTest, Select) {
  Pipe pipe;
  ExpectInterrupted([&] {
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe.read, &set);
    return select(pipe.read + 1, &set, nullptr, nullptr, nullptr);
  });
}

TEST(InterruptTest, EpollWait) {
  const Fd fd(epoll_create1(0));
  epoll_event event;
  ExpectInterrupted([&] { return epoll_wait(fd, &event, 1, -1); });
}

TEST(InterruptTest, NanosleepReportsWhatIsLeft) {
  ExpectInterrupted([&] {
    const timespec sleep = {1000, 0};
    timespec left = {};
    const int result = nanosleep(&sleep, &left);
    const int error = errno;
    CHILD_CHECK(left.tv_sec >= 900 && left.tv_sec <= 1000);
    errno = error;
    return result;
  });
}

TEST(InterruptTest, ClockNanosleepAbsoluteKeepsRemainderAlone) {
  ExpectInterrupted([&] {
    timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += 1000;
    timespec left = {7, 7};
    const long result = syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC,
                                TIMER_ABSTIME, &until, &left);
    const int error = errno;
    CHILD_CHECK(left.tv_sec == 7);
    errno = error;
    return result;
  });
}

TEST(InterruptTest, SemaphoreOperation) {
  const int id = semget(IPC_PRIVATE, 1, 0600);
  ASSERT_THAT(id, Succeeds());
  ExpectInterrupted([&] {
    sembuf down = {0, -1, 0};
    return semop(id, &down, 1);
  });
  semctl(id, 0, IPC_RMID);
}

TEST(InterruptTest, MessageReceive) {
  const int id = msgget(IPC_PRIVATE, 0600);
  ASSERT_THAT(id, Succeeds());
  ExpectInterrupted([&] {
    char buffer[64];
    return msgrcv(id, buffer, 8, 0, 0);
  });
  msgctl(id, IPC_RMID, nullptr);
}

TEST(InterruptTest, FutexWaitWithTimeout) {
  Map map = Map::Shared(kPage);
  const timespec timeout = {1000, 0};
  EXPECT_EQ(ErrnoOf(
                Handler::kInterrupt,
                [&] {
                  return syscall(SYS_futex, map.data(), FUTEX_WAIT, 0,
                                 &timeout);
                },
                [] {}),
            EINTR);
}

TEST(NoHandlerTest, IgnoredSignalDoesNotDisturb) {
  Pipe pipe;
  Child child([&] {
    signal(SIGUSR1, SIG_IGN);
    char c;
    CHILD_CHECK(read(pipe.read, &c, 1) == 1);
  });
  child.WaitUntilBlocked();
  // SIGCHLD and SIGWINCH are ignored by default.
  kill(child.pid(), SIGWINCH);
  kill(child.pid(), SIGCHLD);
  write(pipe.write, "x", 1);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(NoHandlerTest, StopAndContinueGoOnWithPoll) {
  Pipe pipe;
  Child child([&] {
    pollfd poll_fd = {pipe.read, POLLIN, 0};
    CHILD_CHECK(poll(&poll_fd, 1, -1) == 1);
  });
  child.WaitUntilBlocked();
  siginfo_t info;
  kill(child.pid(), SIGSTOP);
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WSTOPPED), Succeeds());
  kill(child.pid(), SIGCONT);
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WCONTINUED), Succeeds());
  write(pipe.write, "x", 1);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(NoHandlerTest, StopAndContinueGoOnWithNanosleep) {
  Child child([&] {
    const timespec sleep = {0, 20000000};
    CHILD_CHECK(nanosleep(&sleep, nullptr) == 0);
  });
  siginfo_t info;
  kill(child.pid(), SIGSTOP);
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WSTOPPED | WEXITED | WNOWAIT),
              Succeeds());
  kill(child.pid(), SIGCONT);
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(NoHandlerTest, StopInterruptsEpollAllTheSame) {
  Pipe ready;
  Child child([&] {
    const Fd fd(epoll_create1(0));
    epoll_event event;
    write(ready.write, "x", 1);
    CHILD_CHECK(epoll_wait(fd, &event, 1, -1) == -1 && errno == EINTR);
  });
  char c;
  ASSERT_THAT(read(ready.read, &c, 1), SucceedsWith(1));
  child.WaitUntilBlocked();
  siginfo_t info;
  kill(child.pid(), SIGSTOP);
  ASSERT_THAT(waitid(P_PID, child.pid(), &info, WSTOPPED), Succeeds());
  kill(child.pid(), SIGCONT);
  EXPECT_THAT(child.Wait(), Exited(0));
}

}  // namespace
}  // namespace emu
