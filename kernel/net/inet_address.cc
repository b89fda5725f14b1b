// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/inet_address.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace emu {
namespace {
constexpr std::array<uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0,    0,
                                                   0, 0, 0, 0, 0xff, 0xff};
constexpr size_t kShortestV6 = 24;  // RFC 2133's, without a scope
}  // namespace

IpAddress IpAddress::V4(uint32_t host_order) {
  IpAddress ip;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), ip.bytes.begin());
  const uint32_t order = htonl(host_order);
  memcpy(ip.bytes.data() + kMappedPrefix.size(), &order, sizeof(order));
  return ip;
}

IpAddress IpAddress::V6Loopback() {
  IpAddress ip;
  ip.bytes[15] = 1;
  return ip;
}

bool IpAddress::IsV4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

uint32_t IpAddress::v4() const {
  uint32_t order;
  memcpy(&order, bytes.data() + kMappedPrefix.size(), sizeof(order));
  return ntohl(order);
}

bool IpAddress::IsAny() const {
  return *this == IpAddress() || (IsV4() && v4() == INADDR_ANY);
}

bool IpAddress::IsLoopback() const {
  return *this == V6Loopback() || (IsV4() && (v4() >> 24) == IN_LOOPBACKNET);
}

bool IpAddress::IsMulticast() const {
  return IsV4() ? IN_MULTICAST(v4()) : bytes[0] == 0xff;
}

bool IpAddress::IsBroadcast() const {
  return IsV4() && v4() == INADDR_BROADCAST;
}

IpAddress AnyAddress(int domain) {
  return domain == AF_INET ? IpAddress::V4(INADDR_ANY) : IpAddress();
}

Result<Endpoint> ParseEndpoint(const SocketAddress& address, int domain) {
  Endpoint endpoint;
  const int family = AddressFamily(address);
  if (family == AF_INET && address.size() >= sizeof(sockaddr_in)) {
    sockaddr_in in;
    memcpy(&in, address.data(), sizeof(in));
    endpoint = {IpAddress::V4(ntohl(in.sin_addr.s_addr)), ntohs(in.sin_port)};
    if (domain == AF_INET6) return Errno(EAFNOSUPPORT);
    return endpoint;
  }
  if (domain == AF_INET) {
    return Errno(address.size() < sizeof(sockaddr_in) ? EINVAL : EAFNOSUPPORT);
  }
  if (address.size() < kShortestV6) return Errno(EINVAL);
  if (family != AF_INET6) return Errno(EAFNOSUPPORT);
  sockaddr_in6 in = {};
  memcpy(&in, address.data(), std::min(sizeof(in), address.size()));
  memcpy(endpoint.ip.bytes.data(), &in.sin6_addr, endpoint.ip.bytes.size());
  endpoint.port = ntohs(in.sin6_port);
  return endpoint;
}

SocketAddress FormatEndpoint(const Endpoint& endpoint, int domain) {
  if (domain == AF_INET) {
    sockaddr_in in = {};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    in.sin_addr.s_addr = htonl(endpoint.ip.v4());
    return BytesOf(in);
  }
  sockaddr_in6 in = {};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(endpoint.port);
  memcpy(&in.sin6_addr, endpoint.ip.bytes.data(), endpoint.ip.bytes.size());
  return BytesOf(in);
}

Result<IpAddress> SourceFor(const IpAddress& to) {
  if (!to.IsAny() && !to.IsLoopback()) return Errno(ENETUNREACH);
  return to.IsV4() ? IpAddress::V4(INADDR_LOOPBACK) : IpAddress::V6Loopback();
}

IpAddress Destination(const IpAddress& to) {
  if (!to.IsAny()) return to;
  return to.IsV4() ? IpAddress::V4(INADDR_LOOPBACK) : IpAddress::V6Loopback();
}

}  // namespace emu
