// SPDX-License-Identifier: Apache-2.0
//
// AF_INET and AF_INET6 on the loopback interface: TCP, UDP, options, and
// getifaddrs over NETLINK_ROUTE.

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"

namespace emu {
namespace {

sockaddr_in Loopback(uint16_t port = 0) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = port;  // In network order, as getsockname gives it.
  return address;
}

const sockaddr* Any(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int Bind(int fd, const sockaddr_in& address) {
  return bind(fd, Any(address), sizeof(address));
}

int Connect(int fd, const sockaddr_in& address) {
  return connect(fd, Any(address), sizeof(address));
}

sockaddr_in NameOf(int fd) {
  sockaddr_in address = {};
  socklen_t length = sizeof(address);
  EXPECT_THAT(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length),
              Succeeds());
  EXPECT_EQ(length, sizeof(address));
  return address;
}

Fd TcpListener() {
  Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_THAT(Bind(fd, Loopback()), Succeeds());
  EXPECT_THAT(listen(fd, 5), Succeeds());
  return fd;
}

struct TcpPair {
  TcpPair() {
    const Fd listener = TcpListener();
    client = Fd(socket(AF_INET, SOCK_STREAM, 0));
    EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
    server = Fd(accept(listener, nullptr, nullptr));
  }
  Fd client;
  Fd server;
};

std::string Receive(int fd) {
  char buffer[256];
  const ssize_t n = read(fd, buffer, sizeof(buffer));
  return n < 0 ? "<error>" : std::string(buffer, n);
}

// Waits, for a transport that may deliver a moment later.
short Poll(int fd, short events) {
  pollfd poll_fd = {fd, events, 0};
  poll(&poll_fd, 1, 10000);
  return poll_fd.revents;
}

TEST(TcpTest, ConnectsAndTalksBothWays) {
  TcpPair pair;
  ASSERT_THAT(write(pair.client, "ping", 4), SucceedsWith(4));
  EXPECT_EQ(Receive(pair.server), "ping");
  ASSERT_THAT(write(pair.server, "pong", 4), SucceedsWith(4));
  EXPECT_EQ(Receive(pair.client), "pong");
}

TEST(TcpTest, NamesAgreeOnBothEnds) {
  TcpPair pair;
  sockaddr_in peer = {};
  socklen_t length = sizeof(peer);
  ASSERT_THAT(
      getpeername(pair.client, reinterpret_cast<sockaddr*>(&peer), &length),
      Succeeds());
  EXPECT_EQ(peer.sin_port, NameOf(pair.server).sin_port);
  EXPECT_EQ(peer.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
}

TEST(TcpTest, AcceptTellsAPeerThatIsGone) {
  const Fd listener = TcpListener();
  sockaddr_in name;
  {
    const Fd client(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_THAT(Connect(client, NameOf(listener)), Succeeds());
    name = NameOf(client);
  }
  sockaddr_in peer = {};
  socklen_t length = sizeof(peer);
  const Fd server(
      accept(listener, reinterpret_cast<sockaddr*>(&peer), &length));
  EXPECT_TRUE(server.valid());
  EXPECT_EQ(peer.sin_port, name.sin_port);
  EXPECT_EQ(Receive(server), "");
}

TEST(TcpTest, ClosedAfterNonblockingConnectIsEndOfFile) {
  const Fd listener = TcpListener();
  Fd server;
  {
    const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ASSERT_THAT(Connect(client, NameOf(listener)), FailsWith(EINPROGRESS));
    EXPECT_EQ(Poll(client, POLLOUT), POLLOUT);
    server = Fd(accept(listener, nullptr, nullptr));
    ASSERT_THAT(write(client, "bye", 3), SucceedsWith(3));
  }
  EXPECT_EQ(Receive(server), "bye");
  EXPECT_EQ(Receive(server), "");
}

TEST(TcpTest, BoundPortZeroGetsAPort) {
  const Fd fd = TcpListener();
  EXPECT_NE(NameOf(fd).sin_port, 0);
}

TEST(TcpTest, NobodyListeningRefuses) {
  Fd fd = TcpListener();
  const sockaddr_in address = NameOf(fd);
  fd.Reset();
  const Fd client(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_THAT(Connect(client, address), FailsWith(ECONNREFUSED));
}

TEST(TcpTest, TakenPortIsInUse) {
  const Fd first = TcpListener();
  const Fd second(socket(AF_INET, SOCK_STREAM, 0));
  EXPECT_THAT(Bind(second, NameOf(first)), FailsWith(EADDRINUSE));
}

TEST(TcpTest, NonblockingConnectCompletes) {
  const Fd listener = TcpListener();
  const Fd client(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const int result = Connect(client, NameOf(listener));
  EXPECT_TRUE(result == 0 || errno == EINPROGRESS);
  EXPECT_EQ(Poll(client, POLLOUT), POLLOUT);
  int error = -1;
  socklen_t length = sizeof(error);
  ASSERT_THAT(getsockopt(client, SOL_SOCKET, SO_ERROR, &error, &length),
              Succeeds());
  EXPECT_EQ(error, 0);
  EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
  EXPECT_THAT(Connect(client, NameOf(listener)), FailsWith(EISCONN));
}

TEST(TcpTest, ShutdownGivesEndOfFile) {
  TcpPair pair;
  ASSERT_THAT(shutdown(pair.client, SHUT_WR), Succeeds());
  EXPECT_EQ(Receive(pair.server), "");
  EXPECT_THAT(send(pair.client, "x", 1, MSG_NOSIGNAL), FailsWith(EPIPE));
  ASSERT_THAT(write(pair.server, "late", 4), SucceedsWith(4));
  EXPECT_EQ(Receive(pair.client), "late");
}

TEST(TcpTest, CloseWithUnreadDataResets) {
  TcpPair pair;
  ASSERT_THAT(write(pair.client, "x", 1), SucceedsWith(1));
  EXPECT_EQ(Poll(pair.server, POLLIN), POLLIN);
  pair.server.Reset();
  EXPECT_TRUE(Poll(pair.client, POLLIN) & POLLHUP);
  char c;
  EXPECT_THAT(read(pair.client, &c, 1), FailsWith(ECONNRESET));
}

TEST(TcpTest, BlocksUntilDataComes) {
  TcpPair pair;
  Child child([&] { CHILD_CHECK(Receive(pair.server) == "x"); });
  child.WaitUntilBlocked();
  ASSERT_THAT(write(pair.client, "x", 1), SucceedsWith(1));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(TcpTest, CarriesAMegabyte) {
  TcpPair pair;
  constexpr size_t kSize = 1 << 20;
  Child child([&] {
    Map data = Map::Private(kSize);
    for (size_t i = 0; i < kSize; ++i) data[i] = static_cast<char>(i * 7);
    size_t sent = 0;
    while (sent < kSize) {
      const ssize_t n = write(pair.client, data.data() + sent, kSize - sent);
      CHILD_CHECK(n > 0);
      sent += n;
    }
  });
  pair.client.Reset();
  std::string all;
  std::string piece;
  while (!(piece = Receive(pair.server)).empty()) all += piece;
  ASSERT_EQ(all.size(), kSize);
  EXPECT_EQ(all[12345], static_cast<char>(12345 * 7));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST(TcpTest, OptionsRoundTrip) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  constexpr int kOptions[][2] = {{SOL_SOCKET, SO_REUSEADDR},
                                 {SOL_SOCKET, SO_KEEPALIVE},
                                 {IPPROTO_TCP, TCP_NODELAY}};
  for (const auto [level, name] : kOptions) {
    int value = 1;
    socklen_t length = sizeof(value);
    ASSERT_THAT(setsockopt(fd, level, name, &value, length), Succeeds());
    value = 0;
    ASSERT_THAT(getsockopt(fd, level, name, &value, &length), Succeeds());
    EXPECT_EQ(value, 1) << name;
  }
}

TEST(TcpTest, BufferSizeIsDoubled) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  int value = 20000;
  socklen_t length = sizeof(value);
  ASSERT_THAT(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, length),
              Succeeds());
  ASSERT_THAT(getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, &length),
              Succeeds());
  EXPECT_EQ(value, 40000);
}

TEST(TcpTest, Errors) {
  const Fd fd(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = Loopback();
  char c;
  EXPECT_THAT(bind(fd, Any(address), 8), FailsWith(EINVAL));
  EXPECT_THAT(recv(fd, &c, 1, 0), FailsWith(ENOTCONN));
  EXPECT_THAT(send(fd, "x", 1, MSG_NOSIGNAL), FailsWith(EPIPE));
  address.sin_family = AF_UNIX;
  EXPECT_THAT(Bind(fd, address), FailsWith(EAFNOSUPPORT));
  address = Loopback();
  address.sin_addr.s_addr = inet_addr("192.0.2.1");
  EXPECT_THAT(Bind(fd, address), FailsWith(EADDRNOTAVAIL));
  int value = 1;
  EXPECT_THAT(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &value, 1),
              FailsWith(EINVAL));
  EXPECT_THAT(setsockopt(fd, IPPROTO_TCP, 9999, &value, sizeof(value)),
              FailsWith(ENOPROTOOPT));
  EXPECT_THAT(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), FailsWith(EPERM));
}

TEST(UdpTest, SendsAndTellsSender) {
  const Fd a(socket(AF_INET, SOCK_DGRAM, 0));
  const Fd b(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(Bind(a, Loopback()), Succeeds());
  ASSERT_THAT(Bind(b, Loopback()), Succeeds());
  const sockaddr_in to = NameOf(b);
  ASSERT_THAT(sendto(a, "hello", 5, 0, Any(to), sizeof(to)), SucceedsWith(5));
  char buffer[8];
  sockaddr_in from = {};
  socklen_t length = sizeof(from);
  ASSERT_THAT(
      recvfrom(b, buffer, 8, 0, reinterpret_cast<sockaddr*>(&from), &length),
      SucceedsWith(5));
  EXPECT_EQ(from.sin_port, NameOf(a).sin_port);
}

TEST(UdpTest, ConnectedSocketTalksToOnePeer) {
  const Fd a(socket(AF_INET, SOCK_DGRAM, 0));
  const Fd b(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(Bind(b, Loopback()), Succeeds());
  EXPECT_THAT(send(a, "x", 1, 0), FailsWith(EDESTADDRREQ));
  ASSERT_THAT(Connect(a, NameOf(b)), Succeeds());
  ASSERT_THAT(send(a, "x", 1, 0), SucceedsWith(1));
  EXPECT_EQ(Receive(b), "x");
}

TEST(UdpTest, DissolvedConnectionForgetsItsOwnName) {
  const Fd fd(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(Connect(fd, Loopback(htons(9))), Succeeds());
  EXPECT_EQ(NameOf(fd).sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  sockaddr_in nobody = {};
  nobody.sin_family = AF_UNSPEC;
  ASSERT_THAT(Connect(fd, nobody), Succeeds());
  EXPECT_EQ(NameOf(fd).sin_addr.s_addr, htonl(INADDR_ANY));
  EXPECT_EQ(NameOf(fd).sin_port, 0);
}

TEST(UdpTest, ControlMessageTellsTimeToLive) {
  const Fd to(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(Bind(to, Loopback()), Succeeds());
  const int on = 1, ttl = 17;
  ASSERT_THAT(setsockopt(to, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)),
              Succeeds());
  const Fd from(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(setsockopt(from, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)),
              Succeeds());
  ASSERT_THAT(Connect(from, NameOf(to)), Succeeds());
  ASSERT_THAT(send(from, "x", 1, 0), SucceedsWith(1));
  char data;
  iovec iov = {&data, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  msghdr message = {};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  ASSERT_THAT(recvmsg(to, &message, 0), SucceedsWith(1));
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  EXPECT_EQ(header->cmsg_type, IP_TTL);
  int told;
  memcpy(&told, CMSG_DATA(header), sizeof(told));
  EXPECT_EQ(told, ttl);
}

TEST(UdpTest, KeepsBoundaries) {
  const Fd a(socket(AF_INET, SOCK_DGRAM, 0));
  const Fd b(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(Bind(b, Loopback()), Succeeds());
  ASSERT_THAT(Connect(a, NameOf(b)), Succeeds());
  ASSERT_THAT(send(a, "ab", 2, 0), SucceedsWith(2));
  ASSERT_THAT(send(a, "", 0, 0), SucceedsWith(0));
  char c;
  EXPECT_THAT(recv(b, &c, 1, MSG_TRUNC), SucceedsWith(2));
  EXPECT_EQ(Receive(b), "");
}

TEST(UdpTest, RefusedDatagramIsReportedToConnectedSender) {
  const Fd a(socket(AF_INET, SOCK_DGRAM, 0));
  Fd b(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(Bind(b, Loopback()), Succeeds());
  ASSERT_THAT(Connect(a, NameOf(b)), Succeeds());
  b.Reset();
  ASSERT_THAT(send(a, "x", 1, 0), SucceedsWith(1));
  char c;
  EXPECT_THAT(recv(a, &c, 1, 0), FailsWith(ECONNREFUSED));
}

TEST(UdpTest, TooLargeDatagramIsRefused) {
  const Fd a(socket(AF_INET, SOCK_DGRAM, 0));
  static char data[65536];
  const sockaddr_in to = Loopback(htons(9));
  EXPECT_THAT(sendto(a, data, sizeof(data), 0, Any(to), sizeof(to)),
              FailsWith(EMSGSIZE));
}

TEST(Inet6Test, LoopbackConnects) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const Fd listener(socket(AF_INET6, SOCK_STREAM, 0));
  ASSERT_THAT(
      bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)),
      Succeeds());
  ASSERT_THAT(listen(listener, 1), Succeeds());
  socklen_t length = sizeof(address);
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  const Fd client(socket(AF_INET6, SOCK_STREAM, 0));
  ASSERT_THAT(connect(client, reinterpret_cast<sockaddr*>(&address), length),
              Succeeds());
  const Fd server(accept(listener, nullptr, nullptr));
  ASSERT_THAT(write(client, "six", 3), SucceedsWith(3));
  EXPECT_EQ(Receive(server), "six");
}

TEST(InterfaceTest, LoopbackIsListedAndUp) {
  ifaddrs* list = nullptr;
  ASSERT_THAT(getifaddrs(&list), Succeeds());
  bool found = false;
  for (const ifaddrs* at = list; at; at = at->ifa_next) {
    if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET) continue;
    const auto* address = reinterpret_cast<const sockaddr_in*>(at->ifa_addr);
    if (address->sin_addr.s_addr != htonl(INADDR_LOOPBACK)) continue;
    found = true;
    EXPECT_STREQ(at->ifa_name, "lo");
    EXPECT_TRUE(at->ifa_flags & IFF_UP);
    EXPECT_TRUE(at->ifa_flags & IFF_LOOPBACK);
  }
  freeifaddrs(list);
  EXPECT_TRUE(found);
  EXPECT_NE(if_nametoindex("lo"), 0u);
}

}  // namespace
}  // namespace emu
