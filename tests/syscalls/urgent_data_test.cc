// SPDX-License-Identifier: Apache-2.0
//
// MSG_OOB over TCP and over AF_UNIX streams.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "tests/util/inet.h"

namespace emu {
namespace {

int AtMark(int fd) {
  int at = -1;
  EXPECT_THAT(ioctl(fd, SIOCATMARK, &at), Succeeds());
  return at;
}
int Readable(int fd) {
  int size = -1;
  EXPECT_THAT(ioctl(fd, FIONREAD, &size), Succeeds());
  return size;
}

// The same over each transport, but for what is said otherwise.
class UrgentDataTest : public testing::TestWithParam<const char*> {
 protected:
  UrgentDataTest() {
    if (is_tcp()) {
      TcpPair pair;
      from_ = std::move(pair.client);
      to_ = std::move(pair.server);
    } else {
      SocketPair pair;
      from_ = std::move(pair.a);
      to_ = std::move(pair.b);
    }
  }
  bool is_tcp() const { return std::string(GetParam()) == "Tcp"; }
  void SendUrgent(const std::string& bytes) {
    EXPECT_THAT(Send(from_, bytes, MSG_OOB),
                SucceedsWith(static_cast<int>(bytes.size())));
    EXPECT_EQ(Poll(to_, POLLPRI), POLLPRI);
  }

  Fd from_;
  Fd to_;
};

TEST_P(UrgentDataTest, LastByteComesApart) {
  SendUrgent("abc");
  EXPECT_EQ(Readable(to_), is_tcp() ? 2 : 3);
  EXPECT_EQ(Receive(to_, MSG_OOB), "c");
  EXPECT_EQ(Receive(to_, MSG_OOB), "EINVAL");
  EXPECT_EQ(Poll(to_, POLLPRI, 0), 0);
  EXPECT_EQ(Receive(to_), "ab");
  EXPECT_EQ(Receive(to_, MSG_DONTWAIT), "EAGAIN");
}

TEST_P(UrgentDataTest, ThereIsNoneWithoutSending) {
  EXPECT_EQ(Receive(to_, MSG_OOB), "EINVAL");
  EXPECT_EQ(AtMark(to_), 0);
  EXPECT_EQ(Poll(to_, POLLPRI, 0), 0);
}

TEST_P(UrgentDataTest, ReadsStopAtTheMark) {
  SendUrgent("ab!");
  EXPECT_THAT(Send(from_, "cd"), SucceedsWith(2));
  EXPECT_EQ(Poll(to_, POLLIN), POLLIN);
  EXPECT_EQ(AtMark(to_), 0);
  EXPECT_EQ(Receive(to_), "ab");
  EXPECT_EQ(AtMark(to_), 1);
  EXPECT_EQ(Receive(to_, MSG_OOB), "!");
  EXPECT_EQ(AtMark(to_), 1);
  EXPECT_EQ(Receive(to_), "cd");
  EXPECT_EQ(AtMark(to_), 0);
}

TEST_P(UrgentDataTest, UnreadUrgentByteIsPassedOver) {
  SendUrgent("ab!");
  EXPECT_THAT(Send(from_, "cd"), SucceedsWith(2));
  EXPECT_EQ(Receive(to_), "ab");
  EXPECT_EQ(Receive(to_), "cd");
  EXPECT_EQ(Receive(to_, MSG_OOB), "EINVAL");
}

TEST_P(UrgentDataTest, InlineByteIsPartOfTheStream) {
  EXPECT_THAT(SetOption(to_, SOL_SOCKET, SO_OOBINLINE, 1), Succeeds());
  SendUrgent("ab!");
  EXPECT_THAT(Send(from_, "cd"), SucceedsWith(2));
  EXPECT_EQ(Receive(to_, MSG_OOB), "EINVAL");
  EXPECT_EQ(Receive(to_), "ab");
  EXPECT_EQ(AtMark(to_), 1);
  EXPECT_EQ(Receive(to_, 0, 1), "!");
  EXPECT_EQ(AtMark(to_), 0);
  EXPECT_EQ(Receive(to_), "cd");
}

TEST_P(UrgentDataTest, PeekLeavesIt) {
  SendUrgent("a!");
  EXPECT_EQ(Receive(to_, MSG_OOB | MSG_PEEK), "!");
  EXPECT_EQ(Poll(to_, POLLPRI, 0), POLLPRI);
  EXPECT_EQ(Receive(to_, MSG_PEEK), "a");
  EXPECT_EQ(Receive(to_, MSG_OOB), "!");
}

TEST_P(UrgentDataTest, NewerOneMakesTheOlderOrdinary) {
  SendUrgent("a1");
  SendUrgent("b2");
  EXPECT_EQ(Receive(to_, MSG_OOB), "2");
  std::string seen = Receive(to_);
  EXPECT_EQ(seen, "a1b");
}

TEST_P(UrgentDataTest, OwnerIsSignalled) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGURG);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  const timespec soon = {0, 20'000'000};
  SendUrgent("1");
  EXPECT_THAT(sigtimedwait(&set, nullptr, &soon), FailsWith(EAGAIN));
  EXPECT_EQ(Receive(to_, MSG_OOB), "1");
  EXPECT_THAT(fcntl(to_, F_SETOWN, getpid()), Succeeds());
  SendUrgent("2");
  const timespec later = {10, 0};
  EXPECT_THAT(sigtimedwait(&set, nullptr, &later), SucceedsWith(SIGURG));
}

TEST_P(UrgentDataTest, LoneUrgentByteIsNotReadable) {
  SendUrgent("!");
  EXPECT_EQ(AtMark(to_), 1);
  EXPECT_EQ(Poll(to_, POLLIN, 0), is_tcp() ? 0 : POLLIN);
  EXPECT_EQ(Receive(to_, MSG_DONTWAIT), "EAGAIN");
}

TEST_P(UrgentDataTest, MessageFlagsTellOfIt) {
  SendUrgent("!");
  char byte = 0;
  iovec part = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  EXPECT_THAT(recvmsg(to_, &message, MSG_OOB), SucceedsWith(1));
  EXPECT_EQ(byte, '!');
  EXPECT_EQ(message.msg_flags & MSG_OOB, MSG_OOB);
}

INSTANTIATE_TEST_SUITE_P(, UrgentDataTest, testing::Values("Tcp", "Unix"),
                         [](const auto& info) {
                           return std::string(info.param);
                         });

TEST(UrgentDataKindTest, OtherSocketsHaveNone) {
  SocketPair datagrams(SOCK_DGRAM), packets(SOCK_SEQPACKET);
  EXPECT_THAT(Send(datagrams.a, "x", MSG_OOB), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(Send(packets.a, "x", MSG_OOB), FailsWith(EOPNOTSUPP));
  EXPECT_EQ(Receive(datagrams.a, MSG_OOB), "EOPNOTSUPP");
  EXPECT_EQ(Receive(packets.a, MSG_OOB), "EOPNOTSUPP");
  SocketPair streams;
  EXPECT_THAT(Send(streams.a, "", MSG_OOB), FailsWith(EOPNOTSUPP));
}

class PeekOffsetTest : public testing::TestWithParam<int> {};

TEST_P(PeekOffsetTest, MovesWithPeeksAndReads) {
  SocketPair pair(GetParam());
  EXPECT_EQ(Option(pair.b, SOL_SOCKET, SO_PEEK_OFF), -1);
  EXPECT_THAT(SetOption(pair.b, SOL_SOCKET, SO_PEEK_OFF, 0), Succeeds());
  EXPECT_THAT(Send(pair.a, "abcd"), SucceedsWith(4));
  EXPECT_THAT(Send(pair.a, "efgh"), SucceedsWith(4));
  EXPECT_EQ(Receive(pair.b, MSG_PEEK, 2), "ab");
  EXPECT_EQ(Receive(pair.b, MSG_PEEK, 2), "cd");
  EXPECT_EQ(Receive(pair.b, MSG_PEEK, 3), "efg");
  EXPECT_EQ(Receive(pair.b, 0, 4), "abcd");
  EXPECT_EQ(Receive(pair.b, MSG_PEEK, 3), "h");
}

INSTANTIATE_TEST_SUITE_P(, PeekOffsetTest,
                         testing::Values(SOCK_STREAM, SOCK_DGRAM,
                                         SOCK_SEQPACKET));

}  // namespace
}  // namespace emu
