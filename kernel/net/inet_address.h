// SPDX-License-Identifier: Apache-2.0
//
// IPv4 and IPv6 addresses. Inside, all are IPv6's: an IPv4 address is its
// v4-mapped form (::ffff:a.b.c.d).

#ifndef KERNEL_NET_INET_ADDRESS_H_
#define KERNEL_NET_INET_ADDRESS_H_

#include <array>
#include <compare>
#include <cstdint>

#include "arch/result.h"
#include "kernel/net/socket.h"

namespace emu {

struct IpAddress {
  std::array<uint8_t, 16> bytes = {};

  static IpAddress V4(uint32_t host_order);
  static IpAddress V6Loopback();
  bool IsV4() const;
  uint32_t v4() const;  // in host order; of a v4-mapped one
  bool IsAny() const;   // 0.0.0.0 or ::
  bool IsLoopback() const;
  bool IsMulticast() const;
  bool IsBroadcast() const;  // 255.255.255.255
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct Endpoint {
  IpAddress ip;
  uint16_t port = 0;  // in host order
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// The address of no one, for a socket of this domain.
IpAddress AnyAddress(int domain);
// A sockaddr_in or sockaddr_in6 as a socket of `domain` takes it. EINVAL: too
// short; EAFNOSUPPORT.
Result<Endpoint> ParseEndpoint(const SocketAddress& address, int domain);
SocketAddress FormatEndpoint(const Endpoint& endpoint, int domain);

// Where packets to `to` leave from, or what is wrong with sending there: only
// the loopback is there. ENETUNREACH.
Result<IpAddress> SourceFor(const IpAddress& to);
// The host that `to` means: none is oneself.
IpAddress Destination(const IpAddress& to);

}  // namespace emu

#endif  // KERNEL_NET_INET_ADDRESS_H_
