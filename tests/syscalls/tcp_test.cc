// SPDX-License-Identifier: Apache-2.0
//
// How TCP connections begin and end, what is left of them, and their options.

#include <gtest/gtest.h>
#include <signal.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "tests/util/child.h"
#include "tests/util/inet.h"

namespace emu {
namespace {

// --- Ends.

TEST(TcpEndTest, HalfClosedConnectionStillCarriesTheOtherWay) {
  TcpPair pair;
  EXPECT_THAT(shutdown(pair.client, SHUT_WR), Succeeds());
  EXPECT_EQ(Receive(pair.server), "");
  EXPECT_THAT(Send(pair.server, "reply"), SucceedsWith(5));
  EXPECT_EQ(Receive(pair.client), "reply");
  EXPECT_THAT(Send(pair.client, "x"), FailsWith(EPIPE));
  EXPECT_EQ(Poll(pair.server, POLLIN | POLLRDHUP), POLLIN | POLLRDHUP);
  EXPECT_THAT(shutdown(pair.client, SHUT_WR), Succeeds());
}

TEST(TcpEndTest, ShutReaderReadsEndOfFileAndWhatComesAfterIt) {
  TcpPair pair;
  EXPECT_THAT(shutdown(pair.client, SHUT_RD), Succeeds());
  EXPECT_EQ(Receive(pair.client), "");
  EXPECT_THAT(Send(pair.server, "late"), SucceedsWith(4));
  EXPECT_EQ(Poll(pair.client, POLLIN), POLLIN);
  usleep(10000);
  EXPECT_EQ(Receive(pair.client), "late");
}

TEST(TcpEndTest, FinThenResetBreaksThePipe) {
  TcpPair pair;
  pair.server.Reset();
  EXPECT_EQ(Receive(pair.client), "");
  EXPECT_THAT(Send(pair.client, "a"), SucceedsWith(1));
  EXPECT_NE(Poll(pair.client, POLLHUP) & POLLHUP, 0);
  EXPECT_THAT(Send(pair.client, "b"), FailsWith(EPIPE));
  EXPECT_EQ(Receive(pair.client), "");
}

TEST(TcpEndTest, ResetEndsALongSendInTheMiddle) {
  TcpPair pair;
  pair.server.Reset();
  const std::string much(64 << 20, 'x');
  const ssize_t sent = Send(pair.client, much);
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, static_cast<ssize_t>(much.size()));
  EXPECT_THAT(Send(pair.client, "x"), FailsWith(EPIPE));
}

TEST(TcpEndTest, ResetIsToldBehindWhatHadArrived) {
  TcpPair pair;
  EXPECT_THAT(Send(pair.client, "unread"), SucceedsWith(6));
  EXPECT_EQ(Poll(pair.server, POLLIN), POLLIN);
  EXPECT_THAT(Send(pair.server, "came"), SucceedsWith(4));
  EXPECT_EQ(Poll(pair.client, POLLIN), POLLIN);
  pair.server.Reset();
  EXPECT_EQ(Poll(pair.client, POLLHUP | POLLIN) & (POLLERR | POLLHUP),
            POLLERR | POLLHUP);
  EXPECT_EQ(Receive(pair.client), "came");
  EXPECT_EQ(Receive(pair.client), "ECONNRESET");
  EXPECT_EQ(Receive(pair.client), "");
  EXPECT_THAT(Send(pair.client, "x"), FailsWith(EPIPE));
}

TEST(TcpEndTest, LingerOfZeroResets) {
  TcpPair pair;
  const linger now = {1, 0};
  EXPECT_THAT(
      setsockopt(pair.server, SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
      Succeeds());
  pair.server.Reset();
  EXPECT_NE(Poll(pair.client, POLLIN) & POLLERR, 0);
  EXPECT_EQ(Option(pair.client, SOL_SOCKET, SO_ERROR), ECONNRESET);
  EXPECT_EQ(Option(pair.client, SOL_SOCKET, SO_ERROR), 0);
  EXPECT_EQ(Receive(pair.client), "");
}

TEST(TcpEndTest, DissolvedConnectionResetsThePeer) {
  TcpPair pair;
  sockaddr none = {};
  none.sa_family = AF_UNSPEC;
  EXPECT_THAT(Connect(pair.client, none), Succeeds());
  EXPECT_EQ(Receive(pair.server), "ECONNRESET");
  // The socket can be used again.
  EXPECT_THAT(Connect(pair.client, NameOf(pair.listener)), Succeeds());
}

TEST(TcpEndTest, ConnectionNobodyAcceptedIsReset) {
  Fd listener = TcpListener();
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
  listener.Reset();
  EXPECT_EQ(Receive(client), "ECONNRESET");
}

TEST(TcpEndTest, WaitingConnectionsOfAShutListenerAreReset) {
  Fd listener = TcpListener();
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
  EXPECT_THAT(shutdown(listener, SHUT_RDWR), Succeeds());
  EXPECT_EQ(Receive(client), "ECONNRESET");
  EXPECT_THAT(accept(listener, nullptr, nullptr), FailsWith(EINVAL));
  EXPECT_THAT(listen(listener, 1), Succeeds());
}

TEST(TcpEndTest, RefusedSocketCanTryAgain) {
  const Fd listener = TcpListener();
  Fd gone = TcpListener();
  const sockaddr_in nobody = NameOf(gone);
  gone.Reset();
  const Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, nobody), FailsWith(ECONNREFUSED));
  EXPECT_EQ(Option(client, SOL_SOCKET, SO_ERROR), 0);
  EXPECT_THAT(Send(client, "x"), FailsWith(EPIPE));
  EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
  EXPECT_THAT(Connect(client, NameOf(listener)), FailsWith(EISCONN));
}

// --- Names that are in use.

TEST(TcpNameTest, SideThatClosedFirstKeepsThePortForAWhile) {
  Fd listener = TcpListener();
  const sockaddr_in name = NameOf(listener);
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, name), Succeeds());
  Fd server(accept(listener, nullptr, nullptr));
  server.Reset();
  EXPECT_EQ(Receive(client), "");
  client.Reset();
  listener.Reset();
  Fd again = TcpSocket();
  EXPECT_THAT(Bind(again, name), FailsWith(EADDRINUSE));
  EXPECT_THAT(SetOption(again, SOL_SOCKET, SO_REUSEADDR, 1), Succeeds());
  EXPECT_THAT(Bind(again, name), FailsWith(EADDRINUSE));
}

TEST(TcpNameTest, ServerThatAllowsItStartsAgainAtOnce) {
  Fd listener = TcpSocket();
  EXPECT_THAT(SetOption(listener, SOL_SOCKET, SO_REUSEADDR, 1), Succeeds());
  EXPECT_THAT(Bind(listener, Loopback()), Succeeds());
  EXPECT_THAT(listen(listener, 5), Succeeds());
  const sockaddr_in name = NameOf(listener);
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, name), Succeeds());
  Fd server(accept(listener, nullptr, nullptr));
  server.Reset();
  EXPECT_EQ(Receive(client), "");
  client.Reset();
  listener.Reset();
  Fd other = TcpSocket();
  EXPECT_THAT(Bind(other, name), FailsWith(EADDRINUSE));
  Fd again = TcpSocket();
  EXPECT_THAT(SetOption(again, SOL_SOCKET, SO_REUSEADDR, 1), Succeeds());
  EXPECT_THAT(Bind(again, name), Succeeds());
  EXPECT_THAT(listen(again, 5), Succeeds());
}

TEST(TcpNameTest, PortIsFreeAfterResetOrWhenThePeerClosedFirst) {
  Fd listener = TcpListener();
  const sockaddr_in name = NameOf(listener);
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, name), Succeeds());
  Fd server(accept(listener, nullptr, nullptr));
  client.Reset();
  EXPECT_EQ(Receive(server), "");
  server.Reset();
  listener.Reset();
  usleep(10000);  // Its last word is on the way.
  Fd again = TcpSocket();
  EXPECT_THAT(Bind(again, name), Succeeds());
}

TEST(TcpNameTest, AcceptedConnectionKeepsThePort) {
  TcpPair pair;
  const sockaddr_in name = NameOf(pair.listener);
  pair.listener.Reset();
  Fd again = TcpSocket();
  EXPECT_THAT(Bind(again, name), FailsWith(EADDRINUSE));
  EXPECT_THAT(SetOption(pair.server, SOL_SOCKET, SO_REUSEADDR, 1), Succeeds());
  EXPECT_THAT(SetOption(again, SOL_SOCKET, SO_REUSEADDR, 1), Succeeds());
  EXPECT_THAT(Bind(again, name), Succeeds());
}

TEST(TcpNameTest, ReuseOfAddressesIsForThoseThatDoNotListen) {
  Fd a = TcpSocket(), b = TcpSocket();
  SetOption(a, SOL_SOCKET, SO_REUSEADDR, 1);
  EXPECT_THAT(Bind(a, Loopback()), Succeeds());
  EXPECT_THAT(Bind(b, NameOf(a)), FailsWith(EADDRINUSE));
  SetOption(b, SOL_SOCKET, SO_REUSEADDR, 1);
  EXPECT_THAT(Bind(b, NameOf(a)), Succeeds());
  EXPECT_THAT(listen(a, 1), Succeeds());
  EXPECT_THAT(listen(b, 1), FailsWith(EADDRINUSE));
}

TEST(TcpNameTest, PortsAreSharedByThoseThatAllAskedForIt) {
  Fd a = TcpSocket(), b = TcpSocket(), c = TcpSocket();
  SetOption(a, SOL_SOCKET, SO_REUSEPORT, 1);
  SetOption(b, SOL_SOCKET, SO_REUSEPORT, 1);
  EXPECT_THAT(Bind(a, Loopback()), Succeeds());
  EXPECT_THAT(Bind(b, NameOf(a)), Succeeds());
  EXPECT_THAT(Bind(c, NameOf(a)), FailsWith(EADDRINUSE));
  EXPECT_THAT(listen(a, 1), Succeeds());
  EXPECT_THAT(listen(b, 1), Succeeds());
}

TEST(TcpNameTest, WildcardAndAddressConflict) {
  Fd any = TcpSocket(), one = TcpSocket();
  sockaddr_in address = Loopback();
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  EXPECT_THAT(Bind(any, address), Succeeds());
  EXPECT_THAT(Bind(one, Loopback(NameOf(any).sin_port)),
              FailsWith(EADDRINUSE));
  // Another of the loopback's addresses is another.
  sockaddr_in second = Loopback();
  second.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  Fd a = TcpListener(), b = TcpSocket();
  second.sin_port = NameOf(a).sin_port;
  EXPECT_THAT(Bind(b, second), Succeeds());
  EXPECT_THAT(listen(b, 1), Succeeds());
}

// --- Both families.

TEST(DualStackTest, ListenerOfBothServesMappedAddresses) {
  Fd listener(socket(AF_INET6, SOCK_STREAM, 0));
  sockaddr_in6 any = {};
  any.sin6_family = AF_INET6;
  EXPECT_EQ(Option(listener, IPPROTO_IPV6, IPV6_V6ONLY), 0);
  EXPECT_THAT(Bind(listener, any), Succeeds());
  EXPECT_THAT(listen(listener, 5), Succeeds());
  const uint16_t port = NameOf<sockaddr_in6>(listener).sin6_port;
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, Loopback(port)), Succeeds());
  Fd server(accept(listener, nullptr, nullptr));
  const sockaddr_in6 peer = PeerOf<sockaddr_in6>(server);
  EXPECT_EQ(peer.sin6_family, AF_INET6);
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
  EXPECT_EQ(peer.sin6_port, NameOf(client).sin_port);
  const sockaddr_in6 own = NameOf<sockaddr_in6>(server);
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&own.sin6_addr));
  Fd four = TcpSocket();
  EXPECT_THAT(Bind(four, Loopback(port)), FailsWith(EADDRINUSE));
  EXPECT_THAT(SetOption(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1),
              FailsWith(EINVAL));
}

TEST(DualStackTest, ListenerOfOneLeavesTheOtherAlone) {
  Fd listener(socket(AF_INET6, SOCK_STREAM, 0));
  EXPECT_THAT(SetOption(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1), Succeeds());
  sockaddr_in6 any = {};
  any.sin6_family = AF_INET6;
  EXPECT_THAT(Bind(listener, any), Succeeds());
  EXPECT_THAT(listen(listener, 5), Succeeds());
  const uint16_t port = NameOf<sockaddr_in6>(listener).sin6_port;
  EXPECT_THAT(Connect(TcpSocket(), Loopback(port)), FailsWith(ECONNREFUSED));
  Fd four = TcpSocket();
  EXPECT_THAT(Bind(four, Loopback(port)), Succeeds());
  EXPECT_THAT(listen(four, 5), Succeeds());
  EXPECT_THAT(Connect(TcpSocket(), Loopback(port)), Succeeds());
}

TEST(DualStackTest, SocketOfBothConnectsByMappedAddress) {
  const Fd listener = TcpListener();
  sockaddr_in6 mapped = {};
  mapped.sin6_family = AF_INET6;
  mapped.sin6_port = NameOf(listener).sin_port;
  mapped.sin6_addr.s6_addr[10] = mapped.sin6_addr.s6_addr[11] = 0xff;
  mapped.sin6_addr.s6_addr[12] = 127;
  mapped.sin6_addr.s6_addr[15] = 1;
  Fd client(socket(AF_INET6, SOCK_STREAM, 0));
  EXPECT_THAT(Connect(client, mapped), Succeeds());
  const sockaddr_in6 own = NameOf<sockaddr_in6>(client);
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&own.sin6_addr));
  Fd server(accept(listener, nullptr, nullptr));
  EXPECT_EQ(PeerOf(server).sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  Fd six(socket(AF_INET6, SOCK_STREAM, 0));
  SetOption(six, IPPROTO_IPV6, IPV6_V6ONLY, 1);
  EXPECT_THAT(Connect(six, mapped), FailsWith(ENETUNREACH));
}

// --- Options.

TEST(TcpOptionTest, AcceptedSocketsInheritTheListeners) {
  const Fd listener = TcpListener();
  SetOption(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(listener, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(listener, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(listener, IPPROTO_TCP, TCP_KEEPIDLE, 11);
  SetOption(listener, IPPROTO_TCP, TCP_KEEPINTVL, 12);
  SetOption(listener, IPPROTO_TCP, TCP_KEEPCNT, 3);
  SetOption(listener, IPPROTO_IP, IP_TTL, 33);
  SetOption(listener, IPPROTO_IP, IP_TOS, 16);
  SetOption(listener, IPPROTO_TCP, TCP_USER_TIMEOUT, 4321);
  const timeval time = {7, 0};
  setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
  Fd server(accept(listener, nullptr, nullptr));
  EXPECT_EQ(Option(server, SOL_SOCKET, SO_KEEPALIVE), 1);
  EXPECT_EQ(Option(server, SOL_SOCKET, SO_REUSEADDR), 1);
  EXPECT_EQ(Option(server, IPPROTO_TCP, TCP_NODELAY), 1);
  EXPECT_EQ(Option(server, IPPROTO_TCP, TCP_KEEPIDLE), 11);
  EXPECT_EQ(Option(server, IPPROTO_TCP, TCP_KEEPINTVL), 12);
  EXPECT_EQ(Option(server, IPPROTO_TCP, TCP_KEEPCNT), 3);
  EXPECT_EQ(Option(server, IPPROTO_IP, IP_TTL), 33);
  EXPECT_EQ(Option(server, IPPROTO_TCP, TCP_USER_TIMEOUT), 4321);
  EXPECT_EQ(Option(server, SOL_SOCKET, SO_ACCEPTCONN), 0);
  timeval inherited = {};
  socklen_t length = sizeof(inherited);
  getsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &inherited, &length);
  EXPECT_EQ(inherited.tv_sec, 7);
}

TEST(TcpOptionTest, ValuesAreKeptAndChecked) {
  const Fd fd = TcpSocket();
  for (const int name : {TCP_NODELAY, TCP_CORK}) {
    EXPECT_EQ(Option(fd, IPPROTO_TCP, name), 0);
    EXPECT_THAT(SetOption(fd, IPPROTO_TCP, name, 5), Succeeds());
    EXPECT_EQ(Option(fd, IPPROTO_TCP, name), 1);
  }
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_QUICKACK), 1);
  EXPECT_THAT(SetOption(fd, IPPROTO_TCP, TCP_QUICKACK, 0), Succeeds());
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_QUICKACK), 0);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 7200);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 75);
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_KEEPCNT), 9);
  for (const int name : {TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT}) {
    EXPECT_THAT(SetOption(fd, IPPROTO_TCP, name, 0), FailsWith(EINVAL));
    EXPECT_THAT(SetOption(fd, IPPROTO_TCP, name, 40000), FailsWith(EINVAL));
    EXPECT_THAT(SetOption(fd, IPPROTO_TCP, name, 100), Succeeds());
    EXPECT_EQ(Option(fd, IPPROTO_TCP, name), 100);
  }
  // Seconds, as they can be told by counting retransmissions.
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 0);
  EXPECT_THAT(SetOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1), Succeeds());
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 1);
  EXPECT_THAT(SetOption(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 5), Succeeds());
  EXPECT_EQ(Option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), 7);
  EXPECT_THAT(SetOption(fd, IPPROTO_TCP, TCP_SYNCNT, 128), FailsWith(EINVAL));
  EXPECT_THAT(SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, -1),
              FailsWith(EINVAL));
  EXPECT_THAT(SetOption(fd, IPPROTO_TCP, 9999, 1), FailsWith(ENOPROTOOPT));
  EXPECT_THAT(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, "x", 1),
              FailsWith(EINVAL));
  EXPECT_THAT(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, nullptr, 4),
              FailsWith(EFAULT));
}

TEST(TcpOptionTest, InformationFollowsTheConnection) {
  const auto info_of = [](int fd) {
    tcp_info info = {};
    socklen_t length = sizeof(info);
    EXPECT_THAT(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length),
                Succeeds());
    return info;
  };
  Fd fresh = TcpSocket();
  EXPECT_EQ(info_of(fresh).tcpi_state, TCP_CLOSE);
  TcpPair pair;
  EXPECT_EQ(info_of(pair.listener).tcpi_state, TCP_LISTEN);
  const tcp_info info = info_of(pair.client);
  EXPECT_EQ(info.tcpi_state, TCP_ESTABLISHED);
  EXPECT_GT(info.tcpi_snd_mss, 1000u);
  EXPECT_GT(info.tcpi_rto, 0u);
  EXPECT_GT(info.tcpi_snd_cwnd, 0u);
  EXPECT_NE(info.tcpi_options & TCPI_OPT_SACK, 0);
  EXPECT_THAT(shutdown(pair.client, SHUT_WR), Succeeds());
  EXPECT_EQ(Receive(pair.server), "");
  EXPECT_EQ(info_of(pair.server).tcpi_state, TCP_CLOSE_WAIT);
  while (info_of(pair.client).tcpi_state == TCP_FIN_WAIT1) usleep(1000);
  EXPECT_EQ(info_of(pair.client).tcpi_state, TCP_FIN_WAIT2);
  EXPECT_GT(Option(pair.client, IPPROTO_TCP, TCP_MAXSEG), 1000);
}

TEST(TcpOptionTest, DevicesMustExist) {
  const Fd fd = TcpSocket();
  EXPECT_THAT(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "none", 4),
              FailsWith(ENODEV));
  EXPECT_THAT(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), Succeeds());
  char name[IFNAMSIZ];
  socklen_t length = sizeof(name);
  EXPECT_THAT(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &length),
              Succeeds());
  EXPECT_EQ(std::string(name, length), std::string("lo", 3));
  EXPECT_THAT(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0),
              FailsWith(EPERM));
}

// --- Receiving.

TEST(TcpReceiveTest, PeekWaitAndTruncate) {
  TcpPair pair;
  EXPECT_EQ(Receive(pair.server, MSG_DONTWAIT), "EAGAIN");
  EXPECT_THAT(Send(pair.client, "abcdef"), SucceedsWith(6));
  EXPECT_EQ(Poll(pair.server, POLLIN), POLLIN);
  EXPECT_EQ(Receive(pair.server, MSG_PEEK, 3), "abc");
  EXPECT_EQ(Receive(pair.server, MSG_PEEK), "abcdef");
  // A stream's truncation drops bytes without storing them.
  char c = 'z';
  EXPECT_THAT(recv(pair.server, &c, 1, MSG_TRUNC), SucceedsWith(1));
  EXPECT_EQ(c, 'z');
  EXPECT_EQ(Receive(pair.server, MSG_WAITALL, 5), "bcdef");
  EXPECT_EQ(Receive(pair.server, MSG_ERRQUEUE), "EAGAIN");
}

TEST(TcpReceiveTest, WaitallEndsWithTheConnection) {
  TcpPair pair;
  Child sender([&] {
    CHILD_CHECK(Send(pair.client, "ab") == 2);
    usleep(10000);
    CHILD_CHECK(Send(pair.client, "cd") == 2);
  });
  EXPECT_THAT(sender.Wait(), Exited(0));
  pair.client.Reset();
  EXPECT_EQ(Receive(pair.server, MSG_WAITALL, 10), "abcd");
}

TEST(TcpReceiveTest, PeekOffsetMovesWithReads) {
  TcpPair pair;
  EXPECT_EQ(Option(pair.server, SOL_SOCKET, SO_PEEK_OFF), -1);
  EXPECT_THAT(SetOption(pair.server, SOL_SOCKET, SO_PEEK_OFF, 1), Succeeds());
  EXPECT_THAT(Send(pair.client, "abcdef"), SucceedsWith(6));
  EXPECT_EQ(Poll(pair.server, POLLIN), POLLIN);
  EXPECT_EQ(Receive(pair.server, MSG_PEEK, 2), "bc");
  EXPECT_EQ(Receive(pair.server, MSG_PEEK, 2), "de");
  EXPECT_EQ(Option(pair.server, SOL_SOCKET, SO_PEEK_OFF), 5);
  EXPECT_EQ(Receive(pair.server, 0, 2), "ab");
  EXPECT_EQ(Option(pair.server, SOL_SOCKET, SO_PEEK_OFF), 3);
  EXPECT_EQ(Receive(pair.server, MSG_PEEK), "f");
  EXPECT_EQ(Receive(pair.server, MSG_PEEK | MSG_DONTWAIT), "EAGAIN");
  EXPECT_THAT(SetOption(pair.server, SOL_SOCKET, SO_PEEK_OFF, -1), Succeeds());
  EXPECT_EQ(Receive(pair.server, MSG_PEEK), "cdef");
}

}  // namespace
}  // namespace emu
