// SPDX-License-Identifier: Apache-2.0
//
// NETLINK_SOCK_DIAG, as ss(8) uses it.

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <map>
#include <string>
#include <vector>

#include "tests/util/inet.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

constexpr uint32_t kAllStates = 0xfff;

uint32_t InodeOf(int fd) {
  struct stat st = {};
  EXPECT_THAT(fstat(fd, &st), Succeeds());
  return static_cast<uint32_t>(st.st_ino);
}

// A message's body, and the attributes behind it.
template <typename Body>
struct Answer {
  Body body;
  std::map<int, std::string> attributes;

  template <typename T>
  T Get(int type) const {
    T value = {};
    const auto it = attributes.find(type);
    EXPECT_TRUE(it != attributes.end() && it->second.size() >= sizeof(value))
        << type;
    if (it != attributes.end()) memcpy(&value, it->second.data(), sizeof(value));
    return value;
  }
};

template <typename Body>
struct Answers {
  std::vector<Answer<Body>> all;
  int error = -1;  // of the end, or of the refusal; -1: none came
  bool done = false;

  const Answer<Body>* OfInode(uint32_t inode) const;
};

uint32_t InodeIn(const inet_diag_msg& body) { return body.idiag_inode; }
uint32_t InodeIn(const unix_diag_msg& body) { return body.udiag_ino; }

template <typename Body>
const Answer<Body>* Answers<Body>::OfInode(uint32_t inode) const {
  for (const Answer<Body>& answer : all) {
    if (InodeIn(answer.body) == inode) return &answer;
  }
  return nullptr;
}

template <typename Body>
Answer<Body> Parse(const nlmsghdr* header) {
  Answer<Body> answer;
  memcpy(&answer.body, NLMSG_DATA(header), sizeof(answer.body));
  int left = header->nlmsg_len - NLMSG_SPACE(sizeof(Body));
  const auto* attribute = reinterpret_cast<const rtattr*>(
      static_cast<const char*>(NLMSG_DATA(header)) +
      NLMSG_ALIGN(sizeof(Body)));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    answer.attributes[attribute->rta_type] =
        std::string(static_cast<const char*>(RTA_DATA(attribute)),
                    RTA_PAYLOAD(attribute));
  }
  return answer;
}

// Sends `request` and reads what comes back, to the end of a dump.
template <typename Body, typename Request>
Answers<Body> Ask(const Request& request, bool dump,
                  int type = SOCK_DIAG_BY_FAMILY,
                  const std::string& more = "") {
  const Fd fd(socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG));
  nlmsghdr header = {};
  header.nlmsg_len = NLMSG_LENGTH(sizeof(request)) + more.size();
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | (dump ? NLM_F_DUMP : 0);
  header.nlmsg_seq = 77;
  std::string message(reinterpret_cast<const char*>(&header), sizeof(header));
  message.append(reinterpret_cast<const char*>(&request), sizeof(request));
  message += more;
  EXPECT_THAT(send(fd, message.data(), message.size(), 0),
              SucceedsWith(message.size()));
  Answers<Body> answers;
  alignas(nlmsghdr) char buffer[64 << 10];
  while (!answers.done && answers.error < 0) {
    const ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
    if (n <= 0) break;
    auto* h = reinterpret_cast<nlmsghdr*>(buffer);
    for (unsigned left = n; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
      EXPECT_EQ(h->nlmsg_seq, 77u);
      if (h->nlmsg_type == NLMSG_DONE) {
        answers.done = true;
        answers.error = -*static_cast<int*>(NLMSG_DATA(h));
      } else if (h->nlmsg_type == NLMSG_ERROR) {
        answers.error = -static_cast<nlmsgerr*>(NLMSG_DATA(h))->error;
      } else {
        EXPECT_EQ(h->nlmsg_type, SOCK_DIAG_BY_FAMILY);
        EXPECT_EQ((h->nlmsg_flags & NLM_F_MULTI) != 0, dump);
        answers.all.push_back(Parse<Body>(h));
      }
    }
    if (!dump) break;
  }
  return answers;
}

inet_diag_req_v2 InetRequest(int family, int protocol,
                             uint32_t states = kAllStates) {
  inet_diag_req_v2 request = {};
  request.sdiag_family = family;
  request.sdiag_protocol = protocol;
  request.idiag_states = states;
  return request;
}

Answers<inet_diag_msg> Dump(const inet_diag_req_v2& request,
                            const std::string& more = "") {
  Answers<inet_diag_msg> answers =
      Ask<inet_diag_msg>(request, true, SOCK_DIAG_BY_FAMILY, more);
  return answers;
}

TEST(InetDiagTest, TellsOfAListener) {
  const TcpPair tcp;
  const auto answers =
      Dump(InetRequest(AF_INET, IPPROTO_TCP, 1 << TCP_LISTEN));
  EXPECT_TRUE(answers.done);
  EXPECT_EQ(answers.error, 0);
  EXPECT_EQ(answers.OfInode(InodeOf(tcp.client)), nullptr);
  const auto* found = answers.OfInode(InodeOf(tcp.listener));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->body.idiag_family, AF_INET);
  EXPECT_EQ(found->body.idiag_state, TCP_LISTEN);
  EXPECT_EQ(found->body.id.idiag_sport, NameOf(tcp.listener).sin_port);
  EXPECT_EQ(found->body.id.idiag_src[0], htonl(INADDR_LOOPBACK));
  EXPECT_EQ(found->body.id.idiag_dport, 0);
  EXPECT_EQ(found->body.idiag_rqueue, 0u);
  EXPECT_EQ(found->body.idiag_wqueue, 5u);  // the backlog
  EXPECT_EQ(found->body.idiag_uid, getuid());
}

TEST(InetDiagTest, TellsOfAConnection) {
  const TcpPair tcp;
  ASSERT_THAT(send(tcp.client, "abc", 3, 0), SucceedsWith(3));
  inet_diag_req_v2 request =
      InetRequest(AF_INET, IPPROTO_TCP, 1 << TCP_ESTABLISHED);
  request.idiag_ext = 1 << (INET_DIAG_INFO - 1) | 1 << (INET_DIAG_CONG - 1) |
                      1 << (INET_DIAG_MEMINFO - 1);
  const auto answers = Dump(request);
  const auto* server = answers.OfInode(InodeOf(tcp.server));
  ASSERT_NE(server, nullptr);
  EXPECT_EQ(server->body.idiag_rqueue, 3u);
  EXPECT_EQ(server->body.id.idiag_dport, NameOf(tcp.client).sin_port);
  EXPECT_EQ(server->body.id.idiag_dst[0], htonl(INADDR_LOOPBACK));
  EXPECT_EQ(server->Get<uint8_t>(INET_DIAG_SHUTDOWN), 0);
  EXPECT_EQ(server->Get<tcp_info>(INET_DIAG_INFO).tcpi_state,
            TCP_ESTABLISHED);
  EXPECT_EQ(server->attributes.count(INET_DIAG_CONG), 1u);
  EXPECT_EQ(server->attributes.count(INET_DIAG_MEMINFO), 1u);
  EXPECT_NE(answers.OfInode(InodeOf(tcp.client)), nullptr);
}

TEST(InetDiagTest, PortsSelect) {
  const TcpPair tcp;
  inet_diag_req_v2 request = InetRequest(AF_INET, IPPROTO_TCP);
  request.id.idiag_dport = NameOf(tcp.listener).sin_port;
  const auto answers = Dump(request);
  EXPECT_EQ(answers.all.size(), 1u);
  EXPECT_NE(answers.OfInode(InodeOf(tcp.client)), nullptr);
}

TEST(InetDiagTest, FamiliesAreApart) {
  const Fd fd(socket(AF_INET6, SOCK_STREAM, 0));
  ASSERT_THAT(Bind(fd, Loopback6()), Succeeds());
  ASSERT_THAT(listen(fd, 1), Succeeds());
  const auto six = Dump(InetRequest(AF_INET6, IPPROTO_TCP));
  const auto* found = six.OfInode(InodeOf(fd));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(memcmp(found->body.id.idiag_src, &in6addr_loopback, 16), 0);
  EXPECT_EQ(found->Get<uint8_t>(INET_DIAG_SKV6ONLY), 1);  // by its address
  EXPECT_EQ(Dump(InetRequest(AF_INET, IPPROTO_TCP)).OfInode(InodeOf(fd)),
            nullptr);
}

TEST(InetDiagTest, TellsOfUdp) {
  const Fd fd(socket(AF_INET, SOCK_DGRAM, 0));
  ASSERT_THAT(Bind(fd, Loopback()), Succeeds());
  const auto answers =
      Dump(InetRequest(AF_INET, IPPROTO_UDP, 1 << TCP_CLOSE));
  const auto* found = answers.OfInode(InodeOf(fd));
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->body.idiag_state, TCP_CLOSE);
  EXPECT_EQ(found->body.id.idiag_sport, NameOf(fd).sin_port);
  EXPECT_EQ(Dump(InetRequest(AF_INET, IPPROTO_TCP)).OfInode(InodeOf(fd)),
            nullptr);
}

TEST(InetDiagTest, OneIsFoundByItsName) {
  const TcpPair tcp;
  inet_diag_req_v2 request = InetRequest(AF_INET, IPPROTO_TCP);
  request.id.idiag_sport = NameOf(tcp.server).sin_port;
  request.id.idiag_dport = NameOf(tcp.client).sin_port;
  request.id.idiag_src[0] = request.id.idiag_dst[0] = htonl(INADDR_LOOPBACK);
  request.id.idiag_cookie[0] = request.id.idiag_cookie[1] =
      INET_DIAG_NOCOOKIE;
  auto answers = Ask<inet_diag_msg>(request, false);
  ASSERT_EQ(answers.all.size(), 1u);
  EXPECT_EQ(answers.all[0].body.idiag_inode, InodeOf(tcp.server));
  // Its cookie is its own.
  memcpy(request.id.idiag_cookie, answers.all[0].body.id.idiag_cookie, 8);
  EXPECT_EQ(Ask<inet_diag_msg>(request, false).all.size(), 1u);
  EXPECT_EQ(Ask<inet_diag_msg>(request, false, SOCK_DESTROY).error, EPERM);
  ++request.id.idiag_cookie[0];
  EXPECT_EQ(Ask<inet_diag_msg>(request, false).error, ENOENT);
}

// `code` as an attribute.
std::string Filter(const std::string& code) {
  rtattr attribute = {static_cast<unsigned short>(RTA_LENGTH(code.size())),
                      INET_DIAG_REQ_BYTECODE};
  return std::string(reinterpret_cast<char*>(&attribute), sizeof(attribute)) +
         code;
}
std::string Op(int code, int yes, int no) {
  inet_diag_bc_op op = {static_cast<unsigned char>(code),
                        static_cast<unsigned char>(yes),
                        static_cast<unsigned short>(no)};
  return std::string(reinterpret_cast<char*>(&op), sizeof(op));
}

TEST(InetDiagTest, AFilterSelects) {
  const TcpPair tcp;
  const int port = ntohs(NameOf(tcp.listener).sin_port);
  const auto filtered = [&](int code, int value) {
    return Dump(InetRequest(AF_INET, IPPROTO_TCP),
                Filter(Op(code, 8, 12) + Op(0, 0, value)));
  };
  auto answers = filtered(INET_DIAG_BC_D_EQ, port);
  EXPECT_EQ(answers.all.size(), 1u);
  EXPECT_NE(answers.OfInode(InodeOf(tcp.client)), nullptr);
  answers = filtered(INET_DIAG_BC_S_EQ, port);
  EXPECT_EQ(answers.all.size(), 2u);
  answers = filtered(INET_DIAG_BC_D_GE, 1);
  EXPECT_EQ(answers.OfInode(InodeOf(tcp.listener)), nullptr);
  EXPECT_NE(answers.OfInode(InodeOf(tcp.server)), nullptr);
}

TEST(InetDiagTest, AFilterSelectsByAddress) {
  const TcpPair tcp;
  const auto hosts = [&](uint32_t address, int length) {
    inet_diag_hostcond host = {AF_INET, static_cast<__u8>(length), -1};
    address = htonl(address);
    std::string code = Op(INET_DIAG_BC_S_COND, 16, 20);
    code.append(reinterpret_cast<char*>(&host), sizeof(host));
    code.append(reinterpret_cast<char*>(&address), sizeof(address));
    return Dump(InetRequest(AF_INET, IPPROTO_TCP), Filter(code));
  };
  EXPECT_NE(hosts(0x7f000000, 8).OfInode(InodeOf(tcp.listener)), nullptr);
  EXPECT_NE(hosts(0x7f000001, 32).OfInode(InodeOf(tcp.listener)), nullptr);
  EXPECT_EQ(hosts(0x7f000002, 32).OfInode(InodeOf(tcp.listener)), nullptr);
  EXPECT_EQ(hosts(0x08000000, 6).OfInode(InodeOf(tcp.listener)), nullptr);
}

TEST(InetDiagTest, FiltersMustMakeSense) {
  const auto error = [](const std::string& code) {
    return Dump(InetRequest(AF_INET, IPPROTO_TCP), Filter(code)).error;
  };
  EXPECT_EQ(error(Op(INET_DIAG_BC_AUTO, 4, 8)), 0);
  EXPECT_EQ(error(Op(99, 4, 4)), EINVAL);
  EXPECT_EQ(error(Op(INET_DIAG_BC_AUTO, 3, 4)), EINVAL);
  EXPECT_EQ(error(Op(INET_DIAG_BC_AUTO, 4, 400)), EINVAL);
  EXPECT_EQ(error(Op(INET_DIAG_BC_AUTO, 4, 2)), EINVAL);
  EXPECT_EQ(error(Op(INET_DIAG_BC_S_EQ, 4, 8)), EINVAL);   // without a port
  EXPECT_EQ(error(Op(INET_DIAG_BC_S_COND, 4, 8)), EINVAL);  // without a host
  EXPECT_EQ(error("ab"), EINVAL);
}

unix_diag_req UnixRequest(uint32_t inode = 0, uint32_t show = 0x7f) {
  unix_diag_req request = {};
  request.sdiag_family = AF_UNIX;
  request.udiag_states = ~0u;
  request.udiag_ino = inode;
  request.udiag_show = show;
  request.udiag_cookie[0] = request.udiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return request;
}

using UnixDiagTest = TempDirTest;

TEST_F(UnixDiagTest, TellsOfAPair) {
  const SocketPair pair;
  ASSERT_THAT(send(pair.a, "abcd", 4, 0), SucceedsWith(4));
  const auto answers = Ask<unix_diag_msg>(UnixRequest(), true);
  EXPECT_TRUE(answers.done);
  const auto* b = answers.OfInode(InodeOf(pair.b));
  ASSERT_NE(b, nullptr);
  EXPECT_EQ(b->body.udiag_type, SOCK_STREAM);
  EXPECT_EQ(b->body.udiag_state, TCP_ESTABLISHED);
  EXPECT_EQ(b->Get<uint32_t>(UNIX_DIAG_PEER), InodeOf(pair.a));
  EXPECT_EQ(b->Get<unix_diag_rqlen>(UNIX_DIAG_RQLEN).udiag_rqueue, 4u);
  EXPECT_EQ(b->Get<uint8_t>(UNIX_DIAG_SHUTDOWN), 0);
  EXPECT_EQ(b->Get<uint32_t>(UNIX_DIAG_UID), getuid());
  EXPECT_EQ(b->attributes.count(UNIX_DIAG_NAME), 0u);
}

TEST_F(UnixDiagTest, TellsOfAListenerAndWhoWaits) {
  const Fd listener(socket(AF_UNIX, SOCK_SEQPACKET, 0));
  sockaddr_un name = {AF_UNIX, "socket"};
  ASSERT_THAT(Bind(listener, name), Succeeds());
  ASSERT_THAT(listen(listener, 9), Succeeds());
  const Fd client(socket(AF_UNIX, SOCK_SEQPACKET, 0));
  ASSERT_THAT(Connect(client, name), Succeeds());
  const auto answers =
      Ask<unix_diag_msg>(UnixRequest(InodeOf(listener)), false);
  ASSERT_EQ(answers.all.size(), 1u);
  const auto& found = answers.all[0];
  EXPECT_EQ(found.body.udiag_type, SOCK_SEQPACKET);
  EXPECT_EQ(found.body.udiag_state, TCP_LISTEN);
  EXPECT_STREQ(found.attributes.at(UNIX_DIAG_NAME).c_str(), "socket");
  struct stat st = {};
  ASSERT_THAT(stat("socket", &st), Succeeds());
  EXPECT_EQ(found.Get<unix_diag_vfs>(UNIX_DIAG_VFS).udiag_vfs_ino,
            static_cast<uint32_t>(st.st_ino));
  EXPECT_EQ(found.Get<uint32_t>(UNIX_DIAG_ICONS), InodeOf(client));
  const auto lengths = found.Get<unix_diag_rqlen>(UNIX_DIAG_RQLEN);
  EXPECT_EQ(lengths.udiag_rqueue, 1u);
  EXPECT_EQ(lengths.udiag_wqueue, 9u);
}

TEST_F(UnixDiagTest, ShowsWhatIsAskedFor) {
  const SocketPair pair;
  const auto answers =
      Ask<unix_diag_msg>(UnixRequest(InodeOf(pair.a), 0), false);
  ASSERT_EQ(answers.all.size(), 1u);
  EXPECT_EQ(answers.all[0].attributes.size(), 1u);  // UNIX_DIAG_SHUTDOWN
}

TEST_F(UnixDiagTest, StatesSelect) {
  const SocketPair pair;
  unix_diag_req request = UnixRequest();
  request.udiag_states = 1 << TCP_LISTEN;
  EXPECT_EQ(Ask<unix_diag_msg>(request, true).OfInode(InodeOf(pair.a)),
            nullptr);
}

TEST(SockDiagTest, Errors) {
  EXPECT_EQ(Ask<unix_diag_msg>(UnixRequest(), false).error, EINVAL);
  EXPECT_EQ(Ask<unix_diag_msg>(UnixRequest(0xfffffff0), false).error, ENOENT);
  EXPECT_EQ(Ask<inet_diag_msg>(InetRequest(AF_INET, 200), false).error,
            ENOENT);
  EXPECT_EQ(Ask<inet_diag_msg>(InetRequest(AF_CAN, 0), true).error, ENOENT);
  EXPECT_EQ(Ask<inet_diag_msg>(InetRequest(200, 0), true).error, EINVAL);
  EXPECT_EQ(Ask<inet_diag_msg>(char{AF_INET}, true).error, EINVAL);
  EXPECT_EQ(Ask<inet_diag_msg>(InetRequest(AF_INET, IPPROTO_TCP), true, 99)
                .error,
            EINVAL);
  EXPECT_EQ(Ask<inet_diag_msg>(InetRequest(AF_INET, IPPROTO_TCP), false,
                               SOCK_DESTROY)
                .error,
            ENOENT);
}

}  // namespace
}  // namespace emu
