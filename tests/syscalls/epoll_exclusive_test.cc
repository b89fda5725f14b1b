// SPDX-License-Identifier: Apache-2.0
//
// EPOLLEXCLUSIVE: of several instances that watch one file so, one is woken.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

constexpr int kPatience = 300;  // milliseconds

int Watch(int epoll, int fd, uint32_t events) {
  epoll_event event = {};
  event.events = events;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

// Lets one thread wait for each of `instances`, and says how many of them see
// what `happens`.
int Woken(const std::vector<Fd>& instances,
          const std::function<void()>& happens) {
  std::atomic<int> woken = 0;
  std::vector<std::thread> threads;
  std::vector<std::atomic<pid_t>> tids(instances.size());
  for (size_t i = 0; i < instances.size(); ++i) {
    threads.emplace_back([&, i] {
      tids[i] = gettid();
      epoll_event event = {};
      woken += epoll_wait(instances[i], &event, 1, kPatience) == 1;
    });
  }
  for (const auto& tid : tids) {
    while (tid == 0) usleep(100);
    WaitUntilBlocked(tid);
  }
  happens();
  for (std::thread& thread : threads) thread.join();
  return woken;
}

std::vector<Fd> Instances(int count, int fd, uint32_t events) {
  std::vector<Fd> instances;
  for (int i = 0; i < count; ++i) {
    instances.emplace_back(epoll_create1(0));
    EXPECT_THAT(Watch(instances.back(), fd, events), Succeeds());
  }
  return instances;
}

TEST(EpollExclusiveWakeTest, OneOfThoseAtAPipe) {
  Pipe pipe;
  const auto write_one = [&] {
    EXPECT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  };
  EXPECT_EQ(Woken(Instances(3, pipe.read, EPOLLIN | EPOLLEXCLUSIVE), write_one),
            1);
}

TEST(EpollExclusiveWakeTest, AllOfThoseThatShare) {
  Pipe pipe;
  const auto write_one = [&] {
    EXPECT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  };
  EXPECT_EQ(Woken(Instances(3, pipe.read, EPOLLIN), write_one), 3);
}

TEST(EpollExclusiveWakeTest, OneOfThoseAtAnEventfd) {
  const Fd fd(eventfd(0, 0));
  const auto signal = [&] { EXPECT_THAT(eventfd_write(fd, 1), Succeeds()); };
  EXPECT_EQ(
      Woken(Instances(4, fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE), signal), 1);
}

TEST(EpollExclusiveWakeTest, OneOfThoseAtADatagramSocket) {
  SocketPair pair(SOCK_DGRAM);
  const auto send_one = [&] {
    EXPECT_THAT(send(pair.b, "x", 1, 0), SucceedsWith(1));
  };
  EXPECT_EQ(Woken(Instances(3, pair.a, EPOLLIN | EPOLLEXCLUSIVE), send_one), 1);
}

TEST(EpollExclusiveWakeTest, OneOfThoseThatAccept) {
  const Fd listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name = {AF_UNIX, ""};
  socklen_t size = sizeof(sa_family_t);
  auto* address = reinterpret_cast<sockaddr*>(&name);
  ASSERT_THAT(bind(listener, address, size), Succeeds());  // a name is made up
  ASSERT_THAT(listen(listener, 5), Succeeds());
  size = sizeof(name);
  ASSERT_THAT(getsockname(listener, address, &size), Succeeds());
  const Fd client(socket(AF_UNIX, SOCK_STREAM, 0));
  const auto connect_one = [&] {
    EXPECT_THAT(connect(client, address, size), Succeeds());
  };
  EXPECT_EQ(
      Woken(Instances(3, listener, EPOLLIN | EPOLLEXCLUSIVE), connect_one), 1);
}

TEST(EpollExclusiveWakeTest, OthersAreWokenBesides) {
  Pipe pipe;
  std::vector<Fd> all = Instances(3, pipe.read, EPOLLIN | EPOLLEXCLUSIVE);
  for (Fd& shared : Instances(2, pipe.read, EPOLLIN)) {
    all.push_back(std::move(shared));
  }
  const auto write_one = [&] {
    EXPECT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  };
  EXPECT_EQ(Woken(all, write_one), 3);
}

// One that nobody waits for does not take the event from those behind it.
TEST(EpollExclusiveWakeTest, OneThatIsBusyGivesWay) {
  Pipe pipe;
  const auto busy = Instances(2, pipe.read, EPOLLIN | EPOLLEXCLUSIVE);
  const auto write_one = [&] {
    EXPECT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  };
  EXPECT_EQ(Woken(Instances(3, pipe.read, EPOLLIN | EPOLLEXCLUSIVE), write_one),
            1);
  // It finds it when it looks.
  epoll_event event = {};
  EXPECT_THAT(epoll_wait(busy[0], &event, 1, 0), SucceedsWith(1));
}

TEST(EpollExclusiveWakeTest, TheNextEventIsForTheNext) {
  Pipe pipe;
  const auto write_two = [&] {
    EXPECT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
    usleep(10'000);
    EXPECT_THAT(write(pipe.write, "x", 1), SucceedsWith(1));
  };
  EXPECT_EQ(Woken(Instances(4, pipe.read, EPOLLIN | EPOLLEXCLUSIVE), write_two),
            2);
}

TEST(EpollExclusiveWakeTest, AnEndIsForAll) {
  Pipe pipe;
  const auto hang_up = [&] { pipe.write.Reset(); };
  EXPECT_EQ(Woken(Instances(3, pipe.read, EPOLLIN | EPOLLEXCLUSIVE), hang_up),
            3);
}

}  // namespace
}  // namespace emu
