// SPDX-License-Identifier: Apache-2.0
//
// AF_UNIX sockets: streams, datagrams, packets, names, descriptors and
// credentials passed along.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>

#include "tests/util/child.h"
#include "tests/util/fd.h"
#include "tests/util/map.h"
#include "tests/util/syscall_matchers.h"
#include "tests/util/temp_path.h"

namespace emu {
namespace {

using UnixSocketTest = TempDirTest;

// A name in the file system, or in the abstract space if it starts with '@'.
struct Address {
  explicit Address(const std::string& name) {
    memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    length = offsetof(sockaddr_un, sun_path) + name.size() +
             (name[0] == '@' ? 0 : 1);
  }
  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&address);
  }

  sockaddr_un address = {AF_UNIX, {}};
  socklen_t length;
};

int Bind(int fd, const std::string& name) {
  const Address address(name);
  return bind(fd, address.get(), address.length);
}

int Connect(int fd, const std::string& name) {
  const Address address(name);
  return connect(fd, address.get(), address.length);
}

Fd Listener(const std::string& name, int type = SOCK_STREAM) {
  Fd fd(socket(AF_UNIX, type, 0));
  EXPECT_THAT(Bind(fd, name), Succeeds());
  EXPECT_THAT(listen(fd, 5), Succeeds());
  return fd;
}

std::string Receive(int fd, int flags = 0) {
  char buffer[256];
  const ssize_t n = recv(fd, buffer, sizeof(buffer), flags);
  return n < 0 ? "<error>" : std::string(buffer, n);
}

TEST_F(UnixSocketTest, StreamConnectsByPath) {
  const Fd listener = Listener("name");
  const Fd client(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_THAT(Connect(client, "name"), Succeeds());
  const Fd server(accept(listener, nullptr, nullptr));
  ASSERT_TRUE(server.valid());
  ASSERT_THAT(send(client, "hello", 5, 0), SucceedsWith(5));
  EXPECT_EQ(Receive(server), "hello");
  struct stat st;
  ASSERT_THAT(stat("name", &st), Succeeds());
  EXPECT_TRUE(S_ISSOCK(st.st_mode));
}

TEST_F(UnixSocketTest, AbstractNamesNeedNoFile) {
  const std::string name = "@emu-" + std::to_string(getpid());
  const Fd listener = Listener(name);
  const Fd client(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_THAT(Connect(client, name), Succeeds());
  const Fd other(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_THAT(Bind(other, name), FailsWith(EADDRINUSE));
}

TEST_F(UnixSocketTest, BindErrors) {
  ASSERT_TRUE(WriteFile("file", ""));
  const Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_THAT(Bind(fd, "file"), FailsWith(EADDRINUSE));
  EXPECT_THAT(Bind(fd, "missing/name"), FailsWith(ENOENT));
  const Address address("name");
  EXPECT_THAT(bind(fd, address.get(), 1), FailsWith(EINVAL));
  EXPECT_THAT(bind(fd, address.get(), 200), FailsWith(EINVAL));
  ASSERT_THAT(Bind(fd, "name"), Succeeds());
  EXPECT_THAT(Bind(fd, "second"), FailsWith(EINVAL));
  EXPECT_THAT(bind(0, address.get(), address.length), FailsWith(ENOTSOCK));
}

TEST_F(UnixSocketTest, ConnectErrors) {
  ASSERT_TRUE(WriteFile("file", ""));
  const Fd bound(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_THAT(Bind(bound, "bound"), Succeeds());
  const Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_THAT(Connect(fd, "missing"), FailsWith(ENOENT));
  EXPECT_THAT(Connect(fd, "file"), FailsWith(ECONNREFUSED));
  EXPECT_THAT(Connect(fd, "bound"), FailsWith(ECONNREFUSED));
  EXPECT_THAT(Connect(fd, "@no such name"), FailsWith(ECONNREFUSED));
  const Fd datagram(socket(AF_UNIX, SOCK_DGRAM, 0));
  EXPECT_THAT(Connect(datagram, "bound"), FailsWith(EPROTOTYPE));
}

TEST_F(UnixSocketTest, FullBacklogWouldBlock) {
  const Fd listener(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_THAT(Bind(listener, "name"), Succeeds());
  ASSERT_THAT(listen(listener, 0), Succeeds());
  const Fd first(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  const Fd second(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
  EXPECT_THAT(Connect(first, "name"), Succeeds());
  EXPECT_THAT(Connect(second, "name"), FailsWith(EAGAIN));
}

TEST_F(UnixSocketTest, AcceptTakesFlagsAndTellsPeer) {
  const Fd listener = Listener("name");
  const Fd client(socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_THAT(Bind(client, "client"), Succeeds());
  ASSERT_THAT(Connect(client, "name"), Succeeds());
  sockaddr_un peer;
  socklen_t length = sizeof(peer);
  const Fd server(accept4(listener, reinterpret_cast<sockaddr*>(&peer), &length,
                          SOCK_CLOEXEC | SOCK_NONBLOCK));
  EXPECT_EQ(length, offsetof(sockaddr_un, sun_path) + 7);
  EXPECT_STREQ(peer.sun_path, "client");
  EXPECT_THAT(fcntl(server, F_GETFD), SucceedsWith(FD_CLOEXEC));
  EXPECT_TRUE(fcntl(server, F_GETFL) & O_NONBLOCK);
}

TEST_F(UnixSocketTest, AcceptTellsAPeerThatIsGone) {
  const Fd listener = Listener("name");
  {
    const Fd client(socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_THAT(Bind(client, "client"), Succeeds());
    ASSERT_THAT(Connect(client, "name"), Succeeds());
  }
  sockaddr_un peer;
  socklen_t length = sizeof(peer);
  const Fd server(
      accept(listener, reinterpret_cast<sockaddr*>(&peer), &length));
  EXPECT_TRUE(server.valid());
  EXPECT_STREQ(peer.sun_path, "client");
}

TEST_F(UnixSocketTest, AcceptErrors) {
  const Fd listener = Listener("name");
  ASSERT_THAT(fcntl(listener, F_SETFL, O_NONBLOCK), Succeeds());
  EXPECT_THAT(accept(listener, nullptr, nullptr), FailsWith(EAGAIN));
  EXPECT_THAT(accept4(listener, nullptr, nullptr, 1), FailsWith(EINVAL));
  const Fd plain(socket(AF_UNIX, SOCK_STREAM, 0));
  EXPECT_THAT(accept(plain, nullptr, nullptr), FailsWith(EINVAL));
  const Fd datagram(socket(AF_UNIX, SOCK_DGRAM, 0));
  EXPECT_THAT(accept(datagram, nullptr, nullptr), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(listen(datagram, 1), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(listen(plain, 1), FailsWith(EINVAL));  // Has no name.
}

TEST_F(UnixSocketTest, NamesCanBeAsked) {
  const Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un name;
  socklen_t length = sizeof(name);
  ASSERT_THAT(getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length),
              Succeeds());
  EXPECT_EQ(length, sizeof(sa_family_t));
  EXPECT_THAT(getpeername(fd, reinterpret_cast<sockaddr*>(&name), &length),
              FailsWith(ENOTCONN));
}

TEST_F(UnixSocketTest, StreamIsABytePipeBothWays) {
  SocketPair sockets;
  ASSERT_THAT(write(sockets.a, "ab", 2), SucceedsWith(2));
  ASSERT_THAT(write(sockets.a, "cd", 2), SucceedsWith(2));
  EXPECT_EQ(Receive(sockets.b), "abcd");
  ASSERT_THAT(write(sockets.b, "z", 1), SucceedsWith(1));
  EXPECT_EQ(Receive(sockets.a), "z");
}

TEST_F(UnixSocketTest, PeekLeavesData) {
  SocketPair sockets;
  ASSERT_THAT(write(sockets.a, "ab", 2), SucceedsWith(2));
  EXPECT_EQ(Receive(sockets.b, MSG_PEEK), "ab");
  EXPECT_EQ(Receive(sockets.b), "ab");
}

TEST_F(UnixSocketTest, WaitallWaitsForTheWholeBuffer) {
  SocketPair sockets;
  Child child([&] {
    char buffer[4];
    CHILD_CHECK(recv(sockets.b, buffer, 4, MSG_WAITALL) == 4);
  });
  ASSERT_THAT(write(sockets.a, "ab", 2), SucceedsWith(2));
  child.WaitUntilBlocked();
  ASSERT_THAT(write(sockets.a, "cd", 2), SucceedsWith(2));
  EXPECT_THAT(child.Wait(), Exited(0));
}

TEST_F(UnixSocketTest, DatagramsKeepBoundariesAndTruncate) {
  SocketPair sockets(SOCK_DGRAM);
  ASSERT_THAT(write(sockets.a, "abcd", 4), SucceedsWith(4));
  ASSERT_THAT(write(sockets.a, "", 0), SucceedsWith(0));
  ASSERT_THAT(write(sockets.a, "ef", 2), SucceedsWith(2));
  char buffer[2];
  EXPECT_THAT(recv(sockets.b, buffer, 2, MSG_TRUNC), SucceedsWith(4));
  EXPECT_EQ(Receive(sockets.b), "");
  EXPECT_EQ(Receive(sockets.b), "ef");
}

TEST_F(UnixSocketTest, DatagramsCarryTheSendersName) {
  const Fd a(socket(AF_UNIX, SOCK_DGRAM, 0));
  const Fd b(socket(AF_UNIX, SOCK_DGRAM, 0));
  ASSERT_THAT(Bind(a, "a"), Succeeds());
  ASSERT_THAT(Bind(b, "b"), Succeeds());
  const Address to("b");
  ASSERT_THAT(sendto(a, "x", 1, 0, to.get(), to.length), SucceedsWith(1));
  sockaddr_un from;
  socklen_t length = sizeof(from);
  char c;
  EXPECT_THAT(
      recvfrom(b, &c, 1, 0, reinterpret_cast<sockaddr*>(&from), &length),
      SucceedsWith(1));
  EXPECT_STREQ(from.sun_path, "a");
}

TEST_F(UnixSocketTest, PacketsEndWithEndOfFile) {
  SocketPair sockets(SOCK_SEQPACKET);
  ASSERT_THAT(write(sockets.a, "ab", 2), SucceedsWith(2));
  ASSERT_THAT(write(sockets.a, "cd", 2), SucceedsWith(2));
  sockets.a.Reset();
  EXPECT_EQ(Receive(sockets.b), "ab");
  EXPECT_EQ(Receive(sockets.b), "cd");
  EXPECT_EQ(Receive(sockets.b), "");
}

TEST_F(UnixSocketTest, ShutdownEndsOneDirection) {
  SocketPair sockets;
  ASSERT_THAT(shutdown(sockets.a, SHUT_WR), Succeeds());
  EXPECT_EQ(Receive(sockets.b), "");
  EXPECT_THAT(send(sockets.a, "x", 1, MSG_NOSIGNAL), FailsWith(EPIPE));
  EXPECT_THAT(send(sockets.b, "x", 1, 0), SucceedsWith(1));
  EXPECT_EQ(Receive(sockets.a), "x");
  EXPECT_THAT(shutdown(sockets.a, 9), FailsWith(EINVAL));
}

TEST_F(UnixSocketTest, WriteToClosedPeerRaisesSigpipe) {
  SocketPair sockets;
  sockets.b.Reset();
  EXPECT_THAT(send(sockets.a, "x", 1, MSG_NOSIGNAL), FailsWith(EPIPE));
  EXPECT_THAT(RunInChild([&] { write(sockets.a, "x", 1); }), KilledBy(SIGPIPE));
}

TEST_F(UnixSocketTest, UnreadDataAtCloseResetsThePeer) {
  SocketPair sockets;
  ASSERT_THAT(write(sockets.a, "x", 1), SucceedsWith(1));
  sockets.b.Reset();
  char c;
  EXPECT_THAT(read(sockets.a, &c, 1), FailsWith(ECONNRESET));
}

TEST_F(UnixSocketTest, NonblockingReceiveAndFullBuffer) {
  SocketPair sockets(SOCK_STREAM | SOCK_NONBLOCK);
  char c;
  EXPECT_THAT(read(sockets.a, &c, 1), FailsWith(EAGAIN));
  static char data[65536];
  while (write(sockets.a, data, sizeof(data)) > 0) {
  }
  EXPECT_EQ(errno, EAGAIN);
  EXPECT_THAT(recv(sockets.a, &c, 1, MSG_DONTWAIT), FailsWith(EAGAIN));
}

TEST_F(UnixSocketTest, UnconnectedSendAndReceive) {
  const Fd fd(socket(AF_UNIX, SOCK_STREAM, 0));
  char c;
  EXPECT_THAT(send(fd, "x", 1, MSG_NOSIGNAL), FailsWith(ENOTCONN));
  EXPECT_THAT(recv(fd, &c, 1, 0), FailsWith(EINVAL));
  const Fd datagram(socket(AF_UNIX, SOCK_DGRAM, 0));
  EXPECT_THAT(send(datagram, "x", 1, 0), FailsWith(ENOTCONN));
}

TEST_F(UnixSocketTest, PeerCredentialsAreThoseOfConnect) {
  SocketPair sockets;
  ucred peer = {};
  socklen_t length = sizeof(peer);
  ASSERT_THAT(getsockopt(sockets.a, SOL_SOCKET, SO_PEERCRED, &peer, &length),
              Succeeds());
  EXPECT_EQ(peer.pid, getpid());
  EXPECT_EQ(peer.uid, geteuid());
  EXPECT_EQ(peer.gid, getegid());
}

TEST_F(UnixSocketTest, SocketAndPairCheckArguments) {
  int fds[2];
  EXPECT_THAT(socket(AF_UNIX, 99, 0), FailsWith(EINVAL));
  EXPECT_THAT(socket(AF_UNIX, SOCK_STREAM, 99), FailsWith(EPROTONOSUPPORT));
  EXPECT_THAT(socket(AF_UNIX, SOCK_RDM, 0), FailsWith(ESOCKTNOSUPPORT));
  EXPECT_THAT(socket(99, SOCK_STREAM, 0), FailsWith(EAFNOSUPPORT));
  EXPECT_THAT(socketpair(AF_INET, SOCK_STREAM, 0, fds), FailsWith(EOPNOTSUPP));
  EXPECT_THAT(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, BadAddress()),
              FailsWith(EFAULT));
}

TEST_F(UnixSocketTest, OptionsCanBeAsked) {
  SocketPair sockets(SOCK_SEQPACKET);
  int value = -1;
  socklen_t length = sizeof(value);
  ASSERT_THAT(getsockopt(sockets.a, SOL_SOCKET, SO_TYPE, &value, &length),
              Succeeds());
  EXPECT_EQ(value, SOCK_SEQPACKET);
  ASSERT_THAT(getsockopt(sockets.a, SOL_SOCKET, SO_DOMAIN, &value, &length),
              Succeeds());
  EXPECT_EQ(value, AF_UNIX);
  ASSERT_THAT(getsockopt(sockets.a, SOL_SOCKET, SO_ERROR, &value, &length),
              Succeeds());
  EXPECT_EQ(value, 0);
  EXPECT_THAT(getsockopt(sockets.a, SOL_SOCKET, 9999, &value, &length),
              FailsWith(ENOPROTOOPT));
  EXPECT_THAT(getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &length),
              FailsWith(ENOTSOCK));
}

TEST_F(UnixSocketTest, FionreadCountsBytes) {
  SocketPair sockets;
  ASSERT_THAT(write(sockets.a, "abc", 3), SucceedsWith(3));
  int bytes = 0;
  ASSERT_THAT(ioctl(sockets.b, FIONREAD, &bytes), Succeeds());
  EXPECT_EQ(bytes, 3);
}

}  // namespace
}  // namespace emu
