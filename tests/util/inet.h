// SPDX-License-Identifier: Apache-2.0
//
// Sockets of the loopback network, for tests that run as guests.

#ifndef TESTS_UTIL_INET_H_
#define TESTS_UTIL_INET_H_

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "tests/util/fd.h"
#include "tests/util/syscall_matchers.h"

namespace emu {

// `port` is in network order, as getsockname gives it.
inline sockaddr_in Loopback(uint16_t port = 0) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = port;
  return address;
}
inline sockaddr_in6 Loopback6(uint16_t port = 0) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  address.sin6_port = port;
  return address;
}

template <typename Address>
int Bind(int fd, const Address& address) {
  return bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
}
template <typename Address>
int Connect(int fd, const Address& address) {
  return connect(fd, reinterpret_cast<const sockaddr*>(&address),
                 sizeof(address));
}
template <typename Address = sockaddr_in>
Address NameOf(int fd) {
  Address address = {};
  socklen_t length = sizeof(address);
  EXPECT_THAT(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length),
              Succeeds());
  return address;
}
template <typename Address = sockaddr_in>
Address PeerOf(int fd) {
  Address address = {};
  socklen_t length = sizeof(address);
  EXPECT_THAT(getpeername(fd, reinterpret_cast<sockaddr*>(&address), &length),
              Succeeds());
  return address;
}

inline int SetOption(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof(value));
}
// -1: there is none.
inline int Option(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof(value);
  return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

inline Fd TcpSocket() { return Fd(socket(AF_INET, SOCK_STREAM, 0)); }
inline Fd UdpSocket() { return Fd(socket(AF_INET, SOCK_DGRAM, 0)); }
inline Fd TcpListener() {
  Fd fd = TcpSocket();
  EXPECT_THAT(Bind(fd, Loopback()), Succeeds());
  EXPECT_THAT(listen(fd, 5), Succeeds());
  return fd;
}
inline Fd BoundUdp() {
  Fd fd = UdpSocket();
  EXPECT_THAT(Bind(fd, Loopback()), Succeeds());
  return fd;
}

struct TcpPair {
  TcpPair() : listener(TcpListener()), client(TcpSocket()) {
    EXPECT_THAT(Connect(client, NameOf(listener)), Succeeds());
    server = Fd(accept(listener, nullptr, nullptr));
    EXPECT_TRUE(server.valid());
  }
  Fd listener;
  Fd client;
  Fd server;
};

// What poll(2) says, once it says something: a transport may deliver a moment
// later.
inline short Poll(int fd, short events, int milliseconds = 10000) {
  pollfd poll_fd = {fd, events, 0};
  poll(&poll_fd, 1, milliseconds);
  return poll_fd.revents;
}

// What comes, or the error's name.
inline std::string Receive(int fd, int flags = 0, size_t most = 256) {
  std::string buffer(most, 0);
  const ssize_t n = recv(fd, buffer.data(), buffer.size(), flags);
  return n < 0 ? strerrorname_np(errno) : buffer.substr(0, n);
}
inline int Send(int fd, const std::string& bytes, int flags = 0) {
  return send(fd, bytes.data(), bytes.size(), flags | MSG_NOSIGNAL);
}

}  // namespace emu

#endif  // TESTS_UTIL_INET_H_
