// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/families.h"

#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "kernel/kernel.h"
#include "kernel/net/netlink.h"
#include "kernel/net/network.h"
#include "kernel/net/tcp.h"
#include "kernel/net/udp.h"
#include "kernel/net/unix.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

using SocketRef = std::shared_ptr<Socket>;

constexpr int kFamilies = 46;     // AF_MAX
constexpr int kSocketTypes = 11;  // SOCK_MAX
constexpr int kInetProtocols = 263;  // IPPROTO_MAX

Result<std::shared_ptr<UnixSocket>> NewUnix(Task& task, Socket::Type type,
                                            int flags) {
  if (type.protocol != 0 && type.protocol != AF_UNIX) {
    return Errno(EPROTONOSUPPORT);
  }
  if (type.type == SOCK_RAW) type.type = SOCK_DGRAM;
  if (type.type != SOCK_STREAM && type.type != SOCK_DGRAM &&
      type.type != SOCK_SEQPACKET) {
    return Errno(ESOCKTNOSUPPORT);
  }
  type.protocol = 0;
  return std::make_shared<UnixSocket>(task, type, flags);
}

Result<SocketRef> CreateUnix(Task& task, const Socket::Type& type, int flags) {
  return SocketRef(TRY(NewUnix(task, type, flags)));
}

// The protocol that `wanted` means for a type of socket that has one alone.
// EPROTONOSUPPORT.
Result<int> OnlyProtocol(int wanted, int only) {
  if (wanted != 0 && wanted != only) return Errno(EPROTONOSUPPORT);
  return only;
}

int PingProtocol(int domain) {
  return domain == AF_INET ? int{IPPROTO_ICMP} : int{IPPROTO_ICMPV6};
}

Result<SocketRef> CreateInet(Task& task, const Socket::Type& wanted,
                             int flags) {
  if (wanted.protocol < 0 || wanted.protocol >= kInetProtocols) {
    return Errno(EINVAL);
  }
  Network& network = *task.kernel().subsystems().network;
  Socket::Type type = wanted;
  switch (type.type) {
    case SOCK_STREAM:
      type.protocol = TRY(OnlyProtocol(type.protocol, IPPROTO_TCP));
      return SocketRef(
          std::make_shared<TcpSocket>(task, type, flags, network.tcp_ports));
    case SOCK_DGRAM:
      // Only members of net.ipv4.ping_group_range may ping: nobody.
      if (type.protocol == PingProtocol(type.domain)) return Errno(EACCES);
      if (type.protocol == IPPROTO_UDPLITE) {
        return SocketRef(std::make_shared<UdpSocket>(task, type, flags,
                                                     network.udplite_ports));
      }
      type.protocol = TRY(OnlyProtocol(type.protocol, IPPROTO_UDP));
      return SocketRef(
          std::make_shared<UdpSocket>(task, type, flags, network.udp_ports));
    case SOCK_RAW:
      return Errno(type.protocol == 0 ? EPROTONOSUPPORT : EPERM);
    default:
      return Errno(ESOCKTNOSUPPORT);
  }
}

Result<SocketRef> CreateNetlink(Task& task, const Socket::Type& type,
                                int flags) {
  if (type.type != SOCK_RAW && type.type != SOCK_DGRAM) {
    return Errno(ESOCKTNOSUPPORT);
  }
  if (type.protocol < 0 || type.protocol >= MAX_LINKS) {
    return Errno(EPROTONOSUPPORT);
  }
  if (type.protocol != NETLINK_ROUTE &&
      type.protocol != NETLINK_SOCK_DIAG &&
      type.protocol != NETLINK_KOBJECT_UEVENT) {
    return Errno(EPROTONOSUPPORT);
  }
  Network& network = *task.kernel().subsystems().network;
  return SocketRef(std::make_shared<NetlinkSocket>(task, type, flags,
                                                   network.netlink_ports));
}

// Packets of the link layer are not for guests.
Result<SocketRef> CreatePacket(Task&, const Socket::Type&, int) {
  return Errno(EPERM);
}

struct Family {
  int domain;
  Result<SocketRef> (*create)(Task&, const Socket::Type&, int flags);
};

constexpr Family kServed[] = {
    {AF_UNIX, &CreateUnix},     {AF_INET, &CreateInet},
    {AF_INET6, &CreateInet},    {AF_NETLINK, &CreateNetlink},
    {AF_PACKET, &CreatePacket},
};

}  // namespace

Result<SocketRef> NewSocket(Task& task, const Socket::Type& type, int flags) {
  if (type.domain < 0 || type.domain >= kFamilies) return Errno(EAFNOSUPPORT);
  if (type.type < 0 || type.type >= kSocketTypes) return Errno(EINVAL);
  // As it was asked for before there was AF_PACKET.
  const bool packet = type.domain == AF_INET && type.type == SOCK_PACKET;
  const int domain = packet ? AF_PACKET : type.domain;
  for (const Family& family : kServed) {
    if (family.domain == domain) return family.create(task, type, flags);
  }
  return Errno(EAFNOSUPPORT);
}

Result<std::pair<SocketRef, SocketRef>> NewSocketPair(Task& task,
                                                      const Socket::Type& type,
                                                      int flags) {
  if (type.domain != AF_UNIX) {
    TRY(NewSocket(task, type, flags));
    return Errno(EOPNOTSUPP);
  }
  if (type.type < 0 || type.type >= kSocketTypes) return Errno(EINVAL);
  auto a = TRY(NewUnix(task, type, flags));
  auto b = TRY(NewUnix(task, type, flags));
  UnixSocket::Join(task, *a, *b);
  return std::pair<SocketRef, SocketRef>(std::move(a), std::move(b));
}

}  // namespace emu
