// SPDX-License-Identifier: Apache-2.0
//
// Which kinds of sockets a user who is nobody special may have.

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

TEST(SocketFamiliesTest, ThoseThatNeedAModuleAreNotThere) {
  for (const int family : {AF_ALG, AF_BLUETOOTH, AF_CAN, AF_TIPC, AF_NFC,
                           AF_PPPOX, AF_RDS, AF_SMC, AF_APPLETALK, AF_X25}) {
    EXPECT_THAT(socket(family, SOCK_SEQPACKET, 0), FailsWith(EAFNOSUPPORT))
        << family;
  }
}

TEST(SocketFamiliesTest, UnknownOnesAreToldBeforeUnknownTypes) {
  EXPECT_THAT(socket(-1, 12, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(100, 12, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(AF_ALG, 12, 0), FailsWith(EINVAL));
  EXPECT_THAT(socket(AF_ALG, 0, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socket(100, 0x40, 0), FailsWith(EINVAL));  // no flag
}

TEST(SocketFamiliesTest, PacketsAreNotForUsersWhateverTheType) {
  for (const int type : {SOCK_RAW, SOCK_DGRAM, SOCK_STREAM, SOCK_PACKET}) {
    EXPECT_THAT(socket(AF_PACKET, type, 0), FailsWith(EPERM)) << type;
  }
  EXPECT_THAT(socket(AF_INET, SOCK_PACKET, 0), FailsWith(EPERM));
  EXPECT_THAT(socket(AF_INET6, SOCK_PACKET, 0), FailsWith(ESOCKTNOSUPPORT));
}

TEST(SocketFamiliesTest, NorIsPing) {
  EXPECT_EQ(ReadFile("/proc/sys/net/ipv4/ping_group_range"), "1\t0\n");
  EXPECT_THAT(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), FailsWith(EACCES));
  EXPECT_THAT(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6), FailsWith(EACCES));
  EXPECT_THAT(socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMP),
              FailsWith(EPROTONOSUPPORT));
  EXPECT_THAT(socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMPV6),
              FailsWith(EPROTONOSUPPORT));
}

TEST(SocketFamiliesTest, NorAreRawSockets) {
  EXPECT_THAT(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), FailsWith(EPERM));
  EXPECT_THAT(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), FailsWith(EPERM));
  EXPECT_THAT(socket(AF_INET, SOCK_RAW, 0), FailsWith(EPROTONOSUPPORT));
  EXPECT_THAT(socket(AF_INET, SOCK_SEQPACKET, 0), FailsWith(ESOCKTNOSUPPORT));
}

TEST(SocketFamiliesTest, NetlinkHasItsProtocols) {
  EXPECT_THAT(Fd(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)), Succeeds());
  EXPECT_THAT(Fd(socket(AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG)),
              Succeeds());
  EXPECT_THAT(socket(AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE),
              FailsWith(ESOCKTNOSUPPORT));
  EXPECT_THAT(socket(AF_NETLINK, SOCK_RAW, 23), FailsWith(EPROTONOSUPPORT));
  EXPECT_THAT(socket(AF_NETLINK, SOCK_RAW, 32), FailsWith(EPROTONOSUPPORT));
}

}  // namespace
}  // namespace emu
