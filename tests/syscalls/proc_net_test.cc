// SPDX-License-Identifier: Apache-2.0
//
// /proc/net: sockets as ss(8) and netstat(8) find them.

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "tests/util/inet.h"

namespace emu {
namespace {

using Fields = std::vector<std::string>;

Fields Split(const std::string& line) {
  std::istringstream words(line);
  Fields fields;
  for (std::string word; words >> word;) fields.push_back(word);
  return fields;
}

ino_t InodeOf(int fd) {
  struct stat st = {};
  EXPECT_THAT(fstat(fd, &st), Succeeds());
  return st.st_ino;
}

std::vector<std::string> Lines(const char* table) {
  std::ifstream file(std::string("/proc/net/") + table);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// The line whose field `index` is the socket's inode; empty: none.
std::string LineOf(const char* table, size_t index, int fd) {
  const std::string wanted = std::to_string(InodeOf(fd));
  for (const std::string& line : Lines(table)) {
    const Fields fields = Split(line);
    if (fields.size() > index && fields[index] == wanted) return line;
  }
  return "";
}

constexpr size_t kInode = 9;

std::string Hex(uint16_t port) {
  char text[8];
  snprintf(text, sizeof(text), "%04X", ntohs(port));
  return text;
}

TEST(ProcNetTest, ListenerIsListed) {
  const Fd listener = TcpListener();
  const Fields fields = Split(LineOf("tcp", kInode, listener));
  ASSERT_EQ(fields.size(), 17u);
  EXPECT_EQ(fields[1], "0100007F:" + Hex(NameOf(listener).sin_port));
  EXPECT_EQ(fields[2], "00000000:0000");
  EXPECT_EQ(fields[3], "0A");
  EXPECT_EQ(fields[4], "00000000:00000000");
  EXPECT_EQ(fields[7], std::to_string(getuid()));
  EXPECT_EQ(LineOf("tcp", kInode, listener).size(), 149u);
  EXPECT_EQ(Lines("tcp")[0].substr(0, 32), "  sl  local_address rem_address ");
  // One that waits to be accepted is counted.
  Fd client = TcpSocket();
  EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
  EXPECT_EQ(Split(LineOf("tcp", kInode, listener))[4], "00000000:00000001");
}

TEST(ProcNetTest, ConnectionIsListedTwice) {
  TcpPair pair;
  EXPECT_THAT(Send(pair.client, "abc"), SucceedsWith(3));
  EXPECT_EQ(Poll(pair.server, POLLIN), POLLIN);
  const std::string here = "0100007F:" + Hex(NameOf(pair.client).sin_port);
  const std::string there = "0100007F:" + Hex(NameOf(pair.server).sin_port);
  const Fields client = Split(LineOf("tcp", kInode, pair.client));
  const Fields server = Split(LineOf("tcp", kInode, pair.server));
  ASSERT_EQ(client.size(), 17u);
  ASSERT_EQ(server.size(), 17u);
  EXPECT_EQ(client[1], here);
  EXPECT_EQ(client[2], there);
  EXPECT_EQ(client[3], "01");
  EXPECT_EQ(server[1], there);
  EXPECT_EQ(server[2], here);
  EXPECT_EQ(server[4], "00000000:00000003");
  EXPECT_THAT(shutdown(pair.server, SHUT_WR), Succeeds());
  EXPECT_EQ(Receive(pair.client), "");
  EXPECT_EQ(Split(LineOf("tcp", kInode, pair.client))[3], "08");
}

TEST(ProcNetTest, EndedConnectionWaits) {
  TcpPair pair;
  const std::string name = "0100007F:" + Hex(NameOf(pair.client).sin_port);
  pair.client.Reset();
  EXPECT_EQ(Receive(pair.server), "");
  pair.server.Reset();
  std::string state;
  for (const std::string& line : Lines("tcp")) {
    const Fields fields = Split(line);
    if (fields.size() > 3 && fields[1] == name) state = fields[3];
  }
  EXPECT_EQ(state, "06");
}

TEST(ProcNetTest, Ipv6HasTablesOfItsOwn) {
  Fd listener(socket(AF_INET6, SOCK_STREAM, 0));
  EXPECT_THAT(Bind(listener, Loopback6()), Succeeds());
  EXPECT_THAT(listen(listener, 1), Succeeds());
  EXPECT_EQ(LineOf("tcp", kInode, listener), "");
  const Fields fields = Split(LineOf("tcp6", kInode, listener));
  ASSERT_EQ(fields.size(), 17u);
  EXPECT_EQ(fields[1], "00000000000000000000000001000000:" +
                           Hex(NameOf<sockaddr_in6>(listener).sin6_port));
  EXPECT_EQ(fields[2], "00000000000000000000000000000000:0000");
}

TEST(ProcNetTest, DatagramSocketsAreListedOnceBound) {
  const Fd unbound = UdpSocket(), bound = BoundUdp();
  EXPECT_EQ(LineOf("udp", kInode, unbound), "");
  Fields fields = Split(LineOf("udp", kInode, bound));
  ASSERT_EQ(fields.size(), 13u);
  EXPECT_EQ(fields[1], "0100007F:" + Hex(NameOf(bound).sin_port));
  EXPECT_EQ(fields[3], "07");
  EXPECT_EQ(fields[12], "0");
  EXPECT_THAT(Connect(bound, Loopback(htons(9))), Succeeds());
  fields = Split(LineOf("udp", kInode, bound));
  EXPECT_EQ(fields[2], "0100007F:0009");
  EXPECT_EQ(fields[3], "01");
}

TEST(ProcNetTest, UnixSocketsHaveNamesAndStates) {
  const Fd listener(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name = {};
  name.sun_family = AF_UNIX;
  memcpy(name.sun_path, "\0proc-net", 9);
  EXPECT_THAT(bind(listener, reinterpret_cast<sockaddr*>(&name),
                   offsetof(sockaddr_un, sun_path) + 9),
              Succeeds());
  EXPECT_THAT(listen(listener, 1), Succeeds());
  Fields fields = Split(LineOf("unix", 6, listener));
  ASSERT_EQ(fields.size(), 8u);
  EXPECT_EQ(fields[1], "00000002");
  EXPECT_EQ(fields[3], "00010000");
  EXPECT_EQ(fields[4], "0001");
  EXPECT_EQ(fields[5], "01");
  EXPECT_EQ(fields[7], "@proc-net");
  SocketPair pair(SOCK_DGRAM);
  fields = Split(LineOf("unix", 6, pair.a));
  ASSERT_EQ(fields.size(), 7u);
  EXPECT_EQ(fields[4], "0002");
  EXPECT_EQ(fields[5], "03");
}

TEST(ProcNetTest, NetlinkSocketsAreListed) {
  const Fd fd(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
  sockaddr_nl name = {};
  name.nl_family = AF_NETLINK;
  EXPECT_THAT(Bind(fd, name), Succeeds());
  const Fields fields = Split(LineOf("netlink", 9, fd));
  ASSERT_EQ(fields.size(), 10u);
  EXPECT_EQ(fields[1], "0");
  EXPECT_EQ(fields[2], std::to_string(NameOf<sockaddr_nl>(fd).nl_pid));
}

TEST(ProcNetTest, StatisticsCountSockets) {
  const auto in_use = [] {
    for (const std::string& line : Lines("sockstat")) {
      const Fields fields = Split(line);
      if (fields[0] == "UDP:") return atoi(fields[2].c_str());
    }
    return -1;
  };
  const int before = in_use();
  EXPECT_GE(before, 0);
  const Fd fd = BoundUdp();
  EXPECT_GE(in_use(), before + 1);
  bool udp = false;
  for (const std::string& line : Lines("protocols")) {
    const Fields fields = Split(line);
    udp |= fields[0] == "UDP" && fields.size() == 26;
  }
  EXPECT_TRUE(udp);
  EXPECT_EQ(Lines("snmp")[0].substr(0, 15), "Ip: Forwarding ");
}

TEST(ProcNetTest, TablesOfOtherKindsHaveHeaders) {
  EXPECT_EQ(Lines("packet")[0],
            "sk               RefCnt Type Proto  Iface R Rmem   User   Inode");
  EXPECT_EQ(Split(Lines("raw")[0])[0], "sl");
  EXPECT_EQ(Split(Lines("arp")[0])[0], "IP");
  EXPECT_EQ(Split(Lines("route")[0])[0], "Iface");
  EXPECT_EQ(Split(Lines("if_inet6")[0]).back(), "lo");
}

}  // namespace
}  // namespace emu
