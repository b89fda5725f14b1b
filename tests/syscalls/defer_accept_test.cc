// SPDX-License-Identifier: Apache-2.0
//
// TCP_DEFER_ACCEPT: a connection is there to be accepted once something came.

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <time.h>

#include "tests/util/inet.h"

namespace emu {
namespace {

class DeferAcceptTest : public testing::Test {
 protected:
  void SetUp() override {
    listener_ = Fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    Defer(10);
    ASSERT_THAT(Bind(listener_, Loopback()), Succeeds());
    ASSERT_THAT(listen(listener_, 5), Succeeds());
    client_ = Fd(socket(AF_INET, SOCK_STREAM, 0));
  }
  void Defer(int seconds) {
    ASSERT_THAT(setsockopt(listener_, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
                           sizeof(seconds)),
                Succeeds());
  }
  void ConnectClient() {
    ASSERT_THAT(Connect(client_, NameOf(listener_)), Succeeds());
  }
  // Whether there is a connection to accept, within so many milliseconds.
  bool Arrives(int patience) {
    pollfd fd = {listener_, POLLIN, 0};
    return poll(&fd, 1, patience) == 1;
  }
  int Accept() { return accept(listener_, nullptr, nullptr); }

  Fd listener_, client_;
};

TEST_F(DeferAcceptTest, WaitsForData) {
  ConnectClient();
  EXPECT_FALSE(Arrives(100));
  EXPECT_THAT(Accept(), FailsWith(EAGAIN));
  ASSERT_THAT(send(client_, "x", 1, 0), SucceedsWith(1));
  ASSERT_TRUE(Arrives(1000));
  const Fd server(Accept());
  char c = 0;
  EXPECT_THAT(recv(server, &c, 1, MSG_DONTWAIT), SucceedsWith(1));
  EXPECT_EQ(c, 'x');
}

TEST_F(DeferAcceptTest, TheClientIsConnectedAtOnce) {
  ConnectClient();
  EXPECT_EQ(PeerOf(client_).sin_port, NameOf(listener_).sin_port);
  pollfd fd = {client_, POLLIN | POLLOUT, 0};
  EXPECT_THAT(poll(&fd, 1, 0), SucceedsWith(1));
  EXPECT_EQ(fd.revents, POLLOUT);
}

TEST_F(DeferAcceptTest, AnEndCountsAsWell) {
  ConnectClient();
  ASSERT_THAT(shutdown(client_, SHUT_WR), Succeeds());
  ASSERT_TRUE(Arrives(1000));
  const Fd server(Accept());
  char c = 0;
  EXPECT_THAT(recv(server, &c, 1, MSG_DONTWAIT), SucceedsWith(0));
}

TEST_F(DeferAcceptTest, IsOverAfterItsTime) {
  Defer(1);
  ConnectClient();
  EXPECT_FALSE(Arrives(200));
  EXPECT_TRUE(Arrives(3000));
  EXPECT_THAT(Fd(Accept()), Succeeds());
}

TEST_F(DeferAcceptTest, EachConnectionWaitsForItsOwn) {
  ConnectClient();
  const Fd other(socket(AF_INET, SOCK_STREAM, 0));
  ASSERT_THAT(Connect(other, NameOf(listener_)), Succeeds());
  ASSERT_THAT(send(other, "y", 1, 0), SucceedsWith(1));
  ASSERT_TRUE(Arrives(1000));
  const Fd server(Accept());
  EXPECT_EQ(PeerOf(server).sin_port, NameOf(other).sin_port);
  EXPECT_THAT(Accept(), FailsWith(EAGAIN));
}

TEST_F(DeferAcceptTest, NothingIsLostThatCameBefore) {
  ConnectClient();
  ASSERT_THAT(send(client_, "ab", 2, 0), SucceedsWith(2));
  ASSERT_THAT(send(client_, "cd", 2, 0), SucceedsWith(2));
  client_.Reset();
  ASSERT_TRUE(Arrives(1000));
  const Fd server(Accept());
  char text[8] = {};
  EXPECT_THAT(recv(server, text, sizeof(text), MSG_WAITALL), SucceedsWith(4));
  EXPECT_STREQ(text, "abcd");
}

}  // namespace
}  // namespace emu
