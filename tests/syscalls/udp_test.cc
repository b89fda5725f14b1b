// SPDX-License-Identifier: Apache-2.0
//
// UDP's queues, errors, ancillary data and groups; and sockets of kinds that are
// not everybody's.

#include <gtest/gtest.h>
#include <linux/errqueue.h>
#include <linux/if_packet.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <sys/ioctl.h>
#include <time.h>

#include "tests/util/inet.h"

namespace emu {
namespace {

// A datagram with what came along.
struct Message {
  ssize_t size = -1;
  int flags = 0;
  sockaddr_in from = {};
  std::string bytes;
  alignas(cmsghdr) char control[512];
  msghdr header = {};

  Message(int fd, int receive_flags, size_t most = 64) {
    bytes.resize(most);
    iovec part = {bytes.data(), bytes.size()};
    header.msg_name = &from;
    header.msg_namelen = sizeof(from);
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    size = recvmsg(fd, &header, receive_flags);
    flags = header.msg_flags;
    if (size >= 0) bytes.resize(std::min<size_t>(size, most));
  }
  template <typename T>
  const T* Item(int level, int type) {
    for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr;
         c = CMSG_NXTHDR(&header, c)) {
      if (c->cmsg_level == level && c->cmsg_type == type) {
        return reinterpret_cast<T*>(CMSG_DATA(c));
      }
    }
    return nullptr;
  }
};

int SendTo(int fd, const std::string& bytes, const sockaddr_in& to) {
  return sendto(fd, bytes.data(), bytes.size(), 0,
                reinterpret_cast<const sockaddr*>(&to), sizeof(to));
}

TEST(UdpQueueTest, PeekAndTruncate) {
  const Fd to = BoundUdp(), from = UdpSocket();
  EXPECT_EQ(Receive(to, MSG_DONTWAIT), "EAGAIN");
  EXPECT_THAT(SendTo(from, "abcdef", NameOf(to)), SucceedsWith(6));
  EXPECT_EQ(Poll(to, POLLIN), POLLIN);
  char two[2];
  EXPECT_THAT(recv(to, two, 2, MSG_PEEK | MSG_TRUNC), SucceedsWith(6));
  Message peeked(to, MSG_PEEK, 3);
  EXPECT_EQ(peeked.bytes, "abc");
  EXPECT_EQ(peeked.flags, MSG_TRUNC);
  // Of a datagram there is no rest to wait for.
  EXPECT_EQ(Receive(to, MSG_WAITALL), "abcdef");
  EXPECT_THAT(Send(from, "x", MSG_OOB), FailsWith(EOPNOTSUPP));
}

TEST(UdpQueueTest, PeekOffsetGoesThroughDatagrams) {
  const Fd to = BoundUdp(), from = UdpSocket();
  EXPECT_THAT(SetOption(to, SOL_SOCKET, SO_PEEK_OFF, 0), Succeeds());
  EXPECT_THAT(SendTo(from, "abcd", NameOf(to)), SucceedsWith(4));
  EXPECT_THAT(SendTo(from, "efgh", NameOf(to)), SucceedsWith(4));
  EXPECT_EQ(Receive(to, MSG_PEEK, 3), "abc");
  EXPECT_EQ(Option(to, SOL_SOCKET, SO_PEEK_OFF), 3);
  EXPECT_EQ(Receive(to, MSG_PEEK, 3), "d");
  EXPECT_EQ(Receive(to, MSG_PEEK, 3), "efg");
  EXPECT_EQ(Receive(to), "abcd");
  EXPECT_EQ(Option(to, SOL_SOCKET, SO_PEEK_OFF), 3);
  EXPECT_EQ(Receive(to, MSG_PEEK), "h");
}

TEST(UdpQueueTest, ConnectedSocketHearsItsPeerAlone) {
  const Fd a = BoundUdp(), b = BoundUdp(), c = BoundUdp();
  EXPECT_THAT(Connect(a, NameOf(b)), Succeeds());
  EXPECT_THAT(SendTo(c, "stranger", NameOf(a)), SucceedsWith(8));
  EXPECT_EQ(Receive(a, MSG_DONTWAIT), "EAGAIN");
  EXPECT_THAT(SendTo(b, "peer", NameOf(a)), SucceedsWith(4));
  EXPECT_EQ(Receive(a), "peer");
  // And may be connected again, and not at all.
  EXPECT_THAT(Connect(a, NameOf(c)), Succeeds());
  EXPECT_EQ(PeerOf(a).sin_port, NameOf(c).sin_port);
  sockaddr none = {};
  none.sa_family = AF_UNSPEC;
  EXPECT_THAT(Connect(a, none), Succeeds());
  sockaddr_in peer;
  socklen_t length = sizeof(peer);
  EXPECT_THAT(getpeername(a, reinterpret_cast<sockaddr*>(&peer), &length),
              FailsWith(ENOTCONN));
  EXPECT_THAT(Send(a, "x"), FailsWith(EDESTADDRREQ));
}

TEST(UdpErrorTest, RefusalIsToldOnceToTheConnected) {
  Fd gone = BoundUdp();
  const sockaddr_in nobody = NameOf(gone);
  gone.Reset();
  const Fd fd = UdpSocket();
  EXPECT_THAT(Connect(fd, nobody), Succeeds());
  EXPECT_THAT(Send(fd, "x"), SucceedsWith(1));
  EXPECT_NE(Poll(fd, POLLIN) & POLLERR, 0);
  EXPECT_EQ(Receive(fd), "ECONNREFUSED");
  EXPECT_EQ(Receive(fd, MSG_DONTWAIT), "EAGAIN");
  EXPECT_THAT(Send(fd, "x"), SucceedsWith(1));
  EXPECT_NE(Poll(fd, POLLIN) & POLLERR, 0);
  EXPECT_THAT(Send(fd, "x"), FailsWith(ECONNREFUSED));
}

TEST(UdpErrorTest, ErrorQueueTellsWhatWasRefused) {
  Fd gone = BoundUdp();
  const sockaddr_in nobody = NameOf(gone);
  gone.Reset();
  const Fd fd = BoundUdp();
  EXPECT_THAT(SetOption(fd, IPPROTO_IP, IP_RECVERR, 1), Succeeds());
  EXPECT_EQ(Message(fd, MSG_ERRQUEUE).size, -1);
  EXPECT_EQ(errno, EAGAIN);
  // Even a socket without a peer is told.
  EXPECT_THAT(SendTo(fd, "ping", nobody), SucceedsWith(4));
  EXPECT_NE(Poll(fd, POLLIN) & POLLERR, 0);
  Message error(fd, MSG_ERRQUEUE);
  EXPECT_EQ(error.size, 4);
  EXPECT_EQ(error.bytes, "ping");
  EXPECT_EQ(error.flags & MSG_ERRQUEUE, MSG_ERRQUEUE);
  EXPECT_EQ(error.from.sin_port, nobody.sin_port);
  EXPECT_EQ(error.from.sin_addr.s_addr, nobody.sin_addr.s_addr);
  const auto* told = error.Item<sock_extended_err>(IPPROTO_IP, IP_RECVERR);
  ASSERT_NE(told, nullptr);
  EXPECT_EQ(told->ee_errno, static_cast<unsigned>(ECONNREFUSED));
  EXPECT_EQ(told->ee_origin, SO_EE_ORIGIN_ICMP);
  EXPECT_EQ(told->ee_type, ICMP_DEST_UNREACH);
  EXPECT_EQ(told->ee_code, ICMP_PORT_UNREACH);
  sockaddr_in offender;
  memcpy(&offender, SO_EE_OFFENDER(told), sizeof(offender));
  EXPECT_EQ(offender.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  EXPECT_EQ(Receive(fd, MSG_ERRQUEUE), "EAGAIN");
}

TEST(UdpAncillaryTest, ArrivalIsTold) {
  const Fd to = UdpSocket(), from = BoundUdp();
  sockaddr_in any = Loopback();
  any.sin_addr.s_addr = INADDR_ANY;
  EXPECT_THAT(Bind(to, any), Succeeds());
  SetOption(to, IPPROTO_IP, IP_PKTINFO, 1);
  SetOption(to, IPPROTO_IP, IP_RECVTTL, 1);
  SetOption(to, IPPROTO_IP, IP_RECVORIGDSTADDR, 1);
  SetOption(to, SOL_SOCKET, SO_TIMESTAMP, 1);
  timespec before, after;
  clock_gettime(CLOCK_REALTIME, &before);
  EXPECT_THAT(SendTo(from, "x", Loopback(NameOf(to).sin_port)),
              SucceedsWith(1));
  Message message(to, 0);
  clock_gettime(CLOCK_REALTIME, &after);
  const auto* info = message.Item<in_pktinfo>(IPPROTO_IP, IP_PKTINFO);
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->ipi_addr.s_addr, htonl(INADDR_LOOPBACK));
  EXPECT_EQ(info->ipi_ifindex, 1);
  const auto* ttl = message.Item<int>(IPPROTO_IP, IP_TTL);
  ASSERT_NE(ttl, nullptr);
  EXPECT_EQ(*ttl, 64);
  const auto* meant =
      message.Item<sockaddr_in>(IPPROTO_IP, IP_RECVORIGDSTADDR);
  ASSERT_NE(meant, nullptr);
  EXPECT_EQ(meant->sin_port, NameOf(to).sin_port);
  EXPECT_EQ(meant->sin_addr.s_addr, htonl(INADDR_LOOPBACK));
  const auto* time = message.Item<timeval>(SOL_SOCKET, SO_TIMESTAMP);
  ASSERT_NE(time, nullptr);
  EXPECT_GE(time->tv_sec, before.tv_sec);
  EXPECT_LE(time->tv_sec, after.tv_sec);
}

TEST(UdpAncillaryTest, SourceCanBeChosen) {
  const Fd to = BoundUdp(), from = UdpSocket();
  sockaddr_in name = NameOf(to);
  char byte = 'x';
  iovec part = {&byte, 1};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(in_pktinfo))] = {};
  msghdr message = {};
  message.msg_name = &name;
  message.msg_namelen = sizeof(name);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof(control);
  cmsghdr* c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = IPPROTO_IP;
  c->cmsg_type = IP_PKTINFO;
  c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
  in_pktinfo info = {};
  info.ipi_spec_dst.s_addr = htonl(INADDR_LOOPBACK + 5);
  memcpy(CMSG_DATA(c), &info, sizeof(info));
  EXPECT_THAT(sendmsg(from, &message, 0), SucceedsWith(1));
  Message received(to, 0);
  EXPECT_EQ(received.from.sin_addr.s_addr, htonl(INADDR_LOOPBACK + 5));
}

TEST(UdpGroupTest, MembersHearAndOthersDoNot) {
  const Fd member = UdpSocket(), other = UdpSocket(), from = UdpSocket();
  SetOption(member, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(other, SOL_SOCKET, SO_REUSEADDR, 1);
  sockaddr_in any = Loopback();
  any.sin_addr.s_addr = INADDR_ANY;
  EXPECT_THAT(Bind(member, any), Succeeds());
  any.sin_port = NameOf(member).sin_port;
  EXPECT_THAT(Bind(other, any), Succeeds());
  SetOption(other, IPPROTO_IP, IP_MULTICAST_ALL, 0);
  ip_mreqn group = {};
  group.imr_multiaddr.s_addr = htonl(0xef010203);  // 239.1.2.3
  group.imr_ifindex = 1;
  EXPECT_THAT(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
                         sizeof(group)),
              Succeeds());
  EXPECT_THAT(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
                         sizeof(group)),
              FailsWith(EADDRINUSE));
  EXPECT_THAT(setsockopt(from, IPPROTO_IP, IP_MULTICAST_IF, &group,
                         sizeof(group)),
              Succeeds());
  sockaddr_in to = any;
  to.sin_addr = group.imr_multiaddr;
  EXPECT_THAT(SendTo(from, "all", to), SucceedsWith(3));
  EXPECT_EQ(Receive(member), "all");
  EXPECT_EQ(Receive(other, MSG_DONTWAIT), "EAGAIN");
  EXPECT_THAT(setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group,
                         sizeof(group)),
              Succeeds());
  EXPECT_THAT(setsockopt(member, IPPROTO_IP, IP_DROP_MEMBERSHIP, &group,
                         sizeof(group)),
              FailsWith(EADDRNOTAVAIL));
  group.imr_multiaddr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_THAT(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
                         sizeof(group)),
              FailsWith(EINVAL));
  group.imr_multiaddr.s_addr = htonl(0xef010203);
  group.imr_ifindex = 99;
  EXPECT_THAT(setsockopt(member, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group,
                         sizeof(group)),
              FailsWith(ENODEV));
}

TEST(UdpNameTest, ReuseOfAddressesLetsTheLastBoundHear) {
  const Fd a = UdpSocket(), b = UdpSocket(), c = UdpSocket();
  SetOption(a, SOL_SOCKET, SO_REUSEADDR, 1);
  SetOption(b, SOL_SOCKET, SO_REUSEADDR, 1);
  EXPECT_THAT(Bind(a, Loopback()), Succeeds());
  EXPECT_THAT(Bind(b, NameOf(a)), Succeeds());
  EXPECT_THAT(Bind(c, NameOf(a)), FailsWith(EADDRINUSE));
  EXPECT_THAT(SendTo(c, "x", NameOf(a)), SucceedsWith(1));
  EXPECT_EQ(Receive(b, MSG_DONTWAIT), "x");
}

TEST(SocketKindTest, WhatTheUnprivilegedMayNotHave) {
  EXPECT_THAT(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), FailsWith(EPERM));
  EXPECT_THAT(socket(AF_INET, SOCK_RAW, 0), FailsWith(EPROTONOSUPPORT));
  EXPECT_THAT(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), FailsWith(EPERM));
  EXPECT_THAT(socket(AF_PACKET, SOCK_RAW, 0), FailsWith(EPERM));
  EXPECT_THAT(socket(AF_PACKET, SOCK_DGRAM, 0), FailsWith(EPERM));
}

TEST(SocketKindTest, WhatDoesNotExist) {
  EXPECT_THAT(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP),
              FailsWith(EPROTONOSUPPORT));
  EXPECT_THAT(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP),
              FailsWith(EPROTONOSUPPORT));
  EXPECT_THAT(socket(AF_INET, SOCK_SEQPACKET, IPPROTO_TCP),
              FailsWith(ESOCKTNOSUPPORT));
  EXPECT_THAT(socket(AF_INET, SOCK_RDM, 0), FailsWith(ESOCKTNOSUPPORT));
  EXPECT_THAT(socket(AF_INET, 15, 0), FailsWith(EINVAL));
  EXPECT_THAT(socket(AF_INET, SOCK_STREAM, -1), FailsWith(EINVAL));
  EXPECT_THAT(socket(AF_INET, SOCK_STREAM, 1000), FailsWith(EINVAL));
  EXPECT_THAT(socket(99, SOCK_STREAM, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(-1, SOCK_STREAM, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(AF_UNSPEC, SOCK_STREAM, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(AF_AX25, SOCK_DGRAM, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(AF_DECnet, SOCK_DGRAM, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(AF_NETLINK, SOCK_STREAM, 0), FailsWith(ESOCKTNOSUPPORT));
  EXPECT_THAT(socket(AF_NETLINK, SOCK_RAW, 99), FailsWith(EPROTONOSUPPORT));
  int pair[2];
  EXPECT_THAT(socketpair(AF_INET, SOCK_STREAM, 0, pair), FailsWith(EOPNOTSUPP));
}

TEST(SocketKindTest, SizesOfBuffers) {
  const Fd fd = UdpSocket();
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_RCVBUF), 212992);
  EXPECT_THAT(SetOption(fd, SOL_SOCKET, SO_RCVBUF, 1), Succeeds());
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_RCVBUF), 2304);
  EXPECT_THAT(SetOption(fd, SOL_SOCKET, SO_SNDBUF, 1), Succeeds());
  EXPECT_EQ(Option(fd, SOL_SOCKET, SO_SNDBUF), 4608);
  EXPECT_THAT(SetOption(fd, SOL_SOCKET, SO_RCVBUFFORCE, 1), FailsWith(EPERM));
  EXPECT_THAT(SetOption(fd, SOL_SOCKET, SO_PRIORITY, 7), FailsWith(EPERM));
  EXPECT_THAT(SetOption(fd, SOL_SOCKET, SO_TYPE, 1), FailsWith(ENOPROTOOPT));
}

}  // namespace
}  // namespace emu
