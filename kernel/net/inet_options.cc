// SPDX-License-Identifier: Apache-2.0
//
// ip(7)'s, ipv6(7)'s, tcp(7)'s and udp(7)'s options. Most change nothing on a
// network that is a call from one socket to another, and are remembered.

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include <algorithm>
#include <cstring>

#include "kernel/net/inet.h"
#include "kernel/net/net_ioctl.h"
#include "kernel/task.h"

namespace emu {
namespace {

// An option that is a number and remembered.
struct Remembered {
  int level;
  int name;
  int initial;
  int least;
  int most;
  bool flag = false;  // any number but 0 is 1
};

constexpr Remembered Flag(int level, int name, int initial = 0) {
  return {level, name, initial, INT32_MIN, INT32_MAX, true};
}

constexpr Remembered kRemembered[] = {
    {IPPROTO_IP, IP_TOS, 0, 0, 255},
    {IPPROTO_IP, IP_TTL, 64, -1, 255},
    {IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT, 0, 5},
    Flag(IPPROTO_IP, IP_PKTINFO),
    Flag(IPPROTO_IP, IP_RECVERR),
    Flag(IPPROTO_IP, IP_RECVTTL),
    Flag(IPPROTO_IP, IP_RECVTOS),
    Flag(IPPROTO_IP, IP_RECVOPTS),
    Flag(IPPROTO_IP, IP_RETOPTS),
    Flag(IPPROTO_IP, IP_RECVORIGDSTADDR),
    Flag(IPPROTO_IP, IP_FREEBIND),
    Flag(IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT),
    {IPPROTO_IP, IP_MULTICAST_TTL, 1, -1, 255},
    Flag(IPPROTO_IP, IP_MULTICAST_LOOP, 1),
    Flag(IPPROTO_IP, IP_MULTICAST_ALL, 1),
    {IPPROTO_IPV6, IPV6_UNICAST_HOPS, 64, -1, 255},
    {IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1, -1, 255},
    {IPPROTO_IPV6, IPV6_MULTICAST_IF, 0, 0, kLoopbackIndex},
    Flag(IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1),
    Flag(IPPROTO_IPV6, 29, 1),  // IPV6_MULTICAST_ALL
    Flag(IPPROTO_IPV6, IPV6_V6ONLY),
    Flag(IPPROTO_IPV6, IPV6_RECVPKTINFO),
    Flag(IPPROTO_IPV6, IPV6_RECVHOPLIMIT),
    Flag(IPPROTO_IPV6, IPV6_RECVTCLASS),
    Flag(IPPROTO_IPV6, IPV6_RECVERR),
    Flag(IPPROTO_IPV6, IPV6_DONTFRAG),
    Flag(IPPROTO_IPV6, IPV6_FREEBIND),
    Flag(IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 1),
    {IPPROTO_IPV6, IPV6_TCLASS, 0, -1, 255},
    {IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_WANT, 0, 5},
    Flag(IPPROTO_TCP, TCP_NODELAY),
    Flag(IPPROTO_TCP, TCP_CORK),
    {IPPROTO_TCP, TCP_MAXSEG, 536, 88, 32767},
    {IPPROTO_TCP, TCP_KEEPIDLE, 7200, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPINTVL, 75, 1, 32767},
    {IPPROTO_TCP, TCP_KEEPCNT, 9, 1, 127},
    {IPPROTO_TCP, TCP_SYNCNT, 6, 1, 127},
    {IPPROTO_TCP, TCP_LINGER2, 60, -1, 120},
    {IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, 0, INT32_MAX},
    {IPPROTO_TCP, TCP_WINDOW_CLAMP, 0, 0, INT32_MAX},
    Flag(IPPROTO_TCP, TCP_QUICKACK, 1),
    {IPPROTO_TCP, TCP_USER_TIMEOUT, 0, 0, INT32_MAX},
    {IPPROTO_TCP, TCP_FASTOPEN, 0, 0, INT32_MAX},
    Flag(IPPROTO_TCP, TCP_FASTOPEN_CONNECT),
    {IPPROTO_TCP, TCP_NOTSENT_LOWAT, -1, INT32_MIN, INT32_MAX},
    Flag(IPPROTO_UDP, UDP_CORK),
};

const Remembered* FindRemembered(int level, int name) {
  for (const Remembered& option : kRemembered) {
    if (option.level == level && option.name == name) return &option;
  }
  return nullptr;
}

// IP takes a byte where a number is meant.
Result<int> NumberOf(int level, absl::string_view value) {
  if (level == IPPROTO_IP && !value.empty() && value.size() < sizeof(int)) {
    return static_cast<unsigned char>(value[0]);
  }
  return IntOption(value);
}

// TCP_DEFER_ACCEPT counts retransmissions, each twice as long after the last,
// and tells the seconds that they take.
int AsRetransmissions(int seconds) {
  constexpr int kLongest = 120;
  if (seconds <= 0) return 0;
  int timeout = 1, period = 1;
  for (int n = 1; seconds > period && n < 255; ++n) {
    timeout = std::min(timeout * 2, kLongest);
    period += timeout;
  }
  return period;
}

int ProtocolLevel(int type) {
  return type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
}

}  // namespace

int InetSocket::Option(int level, int name) const {
  const auto it = remembered_.find({level, name});
  if (it != remembered_.end()) return it->second;
  const Remembered* option = FindRemembered(level, name);
  return option == nullptr ? 0 : option->initial;
}

Result<> InetSocket::SetProtocolOption(Task&, int, absl::string_view) {
  return Errno(ENOPROTOOPT);
}

Result<std::string> InetSocket::GetProtocolOption(Task&, int) {
  return Errno(ENOPROTOOPT);
}

// Joining and leaving multicast groups, by whichever of the structures.
Result<> InetSocket::SetMembership(int level, int name,
                                   absl::string_view value) {
  IpAddress group;
  bool join = false;
  int interface = 0;
  if (level == IPPROTO_IP) {
    ip_mreq request;
    if (value.size() < sizeof(request)) return Errno(EINVAL);
    memcpy(&request, value.data(), sizeof(request));
    group = IpAddress::V4(ntohl(request.imr_multiaddr.s_addr));
    join = name == IP_ADD_MEMBERSHIP;
    ip_mreqn with_index = {};
    memcpy(&with_index, value.data(),
           std::min(value.size(), sizeof(with_index)));
    interface = with_index.imr_ifindex;
  } else {
    ipv6_mreq request;
    if (value.size() < sizeof(request)) return Errno(EINVAL);
    memcpy(&request, value.data(), sizeof(request));
    memcpy(group.bytes.data(), &request.ipv6mr_multiaddr, group.bytes.size());
    join = name == IPV6_JOIN_GROUP;
    interface = static_cast<int>(request.ipv6mr_interface);
  }
  if (!group.IsMulticast()) return Errno(EINVAL);
  if (interface != 0 && interface != kLoopbackIndex) return Errno(ENODEV);
  if (join) {
    if (!groups_.insert(group).second) return Errno(EADDRINUSE);
    return {};
  }
  if (groups_.erase(group) == 0) return Errno(EADDRNOTAVAIL);
  return {};
}

Result<> InetSocket::SetFamilyOption(Task& task, int level, int name,
                                     absl::string_view value) {
  if (level == SOL_SOCKET) return Errno(ENOPROTOOPT);
  if (level == IPPROTO_IPV6 && domain() != AF_INET6) return Errno(ENOPROTOOPT);
  if (level != IPPROTO_IP && level != IPPROTO_IPV6 &&
      level != ProtocolLevel(type())) {
    return Errno(ENOPROTOOPT);
  }
  if ((level == IPPROTO_IP &&
       (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP)) ||
      (level == IPPROTO_IPV6 &&
       (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP))) {
    return SetMembership(level, name, value);
  }
  if (level == IPPROTO_IP && name == IP_MULTICAST_IF) {
    if (value.size() < sizeof(in_addr)) return Errno(EINVAL);
    return {};
  }
  const Remembered* option = FindRemembered(level, name);
  if (option == nullptr) {
    if (level == ProtocolLevel(type())) {
      return SetProtocolOption(task, name, value);
    }
    return Errno(ENOPROTOOPT);
  }
  int number = TRY(NumberOf(level, value));
  if (number < option->least || number > option->most) return Errno(EINVAL);
  if (name == IPV6_V6ONLY && level == IPPROTO_IPV6 && bound()) {
    return Errno(EINVAL);
  }
  if (level == IPPROTO_TCP && name == TCP_DEFER_ACCEPT) {
    number = AsRetransmissions(number);
  }
  if (option->flag) number = number != 0;
  if (number == -1 && option->initial > 0) number = option->initial;
  remembered_[{level, name}] = number;
  return {};
}

Result<std::string> InetSocket::GetFamilyOption(Task& task, int level,
                                                int name) {
  if (level == SOL_SOCKET) return Errno(ENOPROTOOPT);
  if (level == IPPROTO_IPV6 && domain() != AF_INET6) return Errno(EOPNOTSUPP);
  if (level != IPPROTO_IP && level != IPPROTO_IPV6 &&
      level != ProtocolLevel(type())) {
    return Errno(EOPNOTSUPP);
  }
  if ((level == IPPROTO_IP && name == IP_MTU) ||
      (level == IPPROTO_IPV6 && name == IPV6_MTU)) {
    if (!has_remote_) return Errno(ENOTCONN);
    return BytesOf(kLoopbackMtu);
  }
  if (level == IPPROTO_IP && name == IP_MULTICAST_IF) {
    return BytesOf(uint32_t{0});
  }
  // A connection's is what it came to.
  const bool segment =
      level == IPPROTO_TCP && name == TCP_MAXSEG && has_remote_;
  if (FindRemembered(level, name) != nullptr && !segment) {
    return BytesOf(Option(level, name));
  }
  if (level == ProtocolLevel(type())) return GetProtocolOption(task, name);
  return Errno(ENOPROTOOPT);
}

}  // namespace emu
