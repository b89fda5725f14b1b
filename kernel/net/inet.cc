// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/inet.h"

#include <linux/capability.h>
#include <netinet/in.h>

#include <algorithm>

#include "kernel/task.h"

namespace emu {
namespace {
// net.ipv4.ip_local_port_range and ip_unprivileged_port_start.
constexpr uint16_t kFirstEphemeral = 32768;
constexpr uint16_t kLastEphemeral = 60999;
constexpr uint16_t kFirstUnprivileged = 1024;
// net.ipv4.tcp_max_tw_buckets: more are let go at once.
constexpr size_t kMostEnded = 16384;
}  // namespace

Result<> InetPorts::CheckFree(const InetSocket& socket, const Endpoint& local,
                              Nanos now) const {
  for (const InetSocket* other : At(local.port)) {
    if (other != &socket && other->Conflicts(socket, local)) {
      return Errno(EADDRINUSE);
    }
  }
  for (const auto& [names, ended] : ended_) {
    if (ended.until > now && ended.local.port == local.port &&
        socket.Conflicts(ended, local)) {
      return Errno(EADDRINUSE);
    }
  }
  return {};
}

void InetPorts::AddEnded(const EndedConnection& connection, Nanos now) {
  if (ended_.size() >= sweep_at_) {
    std::erase_if(ended_, [&](const auto& e) { return e.second.until <= now; });
    sweep_at_ = std::max<size_t>(64, ended_.size() * 2);
  }
  if (ended_.size() >= kMostEnded) return;
  ended_[{connection.local, connection.remote}] = connection;
}

void InetPorts::OnPeerEnded(const Endpoint& local, const Endpoint& remote,
                            bool reset, Nanos now) {
  const auto it = ended_.find({local, remote});
  if (it == ended_.end()) return;
  if (reset) {
    ended_.erase(it);
    return;
  }
  it->second.peer_ended = true;
  it->second.until = now + kEndedTime;
}

Result<uint16_t> InetPorts::PickPort(const InetSocket& socket,
                                     const IpAddress& ip) {
  constexpr int kCount = kLastEphemeral - kFirstEphemeral + 1;
  for (int i = 0; i < kCount; ++i) {
    const uint16_t port = kFirstEphemeral + next_port_;
    next_port_ = (next_port_ + 1) % kCount;
    if (At(port).empty() || CheckFree(socket, {ip, port}, kNever).ok()) {
      return port;
    }
  }
  return Errno(EADDRINUSE);
}

void InetPorts::Add(uint16_t port, InetSocket& socket) {
  by_port_[port].push_back(&socket);
}

void InetPorts::Remove(uint16_t port, InetSocket& socket) {
  const auto it = by_port_.find(port);
  std::erase(it->second, &socket);
  if (it->second.empty()) by_port_.erase(it);
}

absl::Span<InetSocket* const> InetPorts::At(uint16_t port) const {
  const auto it = by_port_.find(port);
  if (it == by_port_.end()) return {};
  return it->second;
}

InetSocket::InetSocket(Task& task, const Type& type, int flags,
                       InetPorts& ports)
    : Socket(task, type, flags),
      ports_(ports),
      clock_(task.clock()),
      owner_uid_(task.creds->euid) {
  local_.ip = remote_.ip = AnyAddress(type.domain);
}

InetSocket::~InetSocket() { Vacate(); }

bool InetSocket::v6_only() const {
  return domain() == AF_INET6 && Option(IPPROTO_IPV6, IPV6_V6ONLY) != 0;
}

// Of two addresses bound to, whether one takes what is for the other.
bool InetSocket::Overlaps(const IpAddress& a, bool a_v6_only,
                          const IpAddress& b, bool b_v6_only) const {
  if (a == b) return true;
  if (!a.IsAny() && !b.IsAny()) return false;
  if (a.IsV4() == b.IsV4()) return true;
  // One is IPv4's. The other takes it, too, if it is :: and not IPv6's alone.
  return a.IsV4() ? b.IsAny() && !b_v6_only : a.IsAny() && !a_v6_only;
}

bool InetSocket::Covers(const IpAddress& ip) const {
  if (!local_.ip.IsAny()) return local_.ip == ip;
  return Overlaps(local_.ip, v6_only(), ip, true);
}

bool InetSocket::Conflicts(const InetSocket& other,
                           const Endpoint& local) const {
  if (!Overlaps(local_.ip, v6_only(), local.ip, other.v6_only())) return false;
  if (options_.reuse_port && other.options_.reuse_port &&
      owner_uid_ == other.owner_uid_) {
    return false;
  }
  return !options_.reuse_address || !other.options_.reuse_address ||
         listening();
}

bool InetSocket::Conflicts(const EndedConnection& ended,
                           const Endpoint& local) const {
  if (!Overlaps(ended.local.ip, ended.v6_only, local.ip, v6_only())) {
    return false;
  }
  const bool share_port = ended.reuse_port && options_.reuse_port &&
                          ended.owner == owner_uid_;
  return !share_port && !(ended.reuse_address && options_.reuse_address);
}

void InetSocket::InheritOptions(const InetSocket& listener) {
  Socket::InheritOptions(listener);
  remembered_ = listener.remembered_;
}

void InetSocket::Occupy(const Endpoint& local) {
  Vacate();
  local_ = local;
  ports_.Add(local.port, *this);
}

void InetSocket::Vacate() {
  if (bound()) ports_.Remove(local_.port, *this);
  local_.port = 0;
}

void InetSocket::ReleaseLocal() {
  if (!port_chosen_) Vacate();
  if (!address_chosen_) local_.ip = AnyAddress(domain());
}

Result<> InetSocket::Autobind() {
  if (bound()) return {};
  Occupy({local_.ip, TRY(ports_.PickPort(*this, local_.ip))});
  return {};
}

Result<> InetSocket::Bind(Task& task, const SocketAddress& address) {
  SocketAddress given = address;
  // An old habit of IPv4: no family, and no address.
  if (domain() == AF_INET && AddressFamily(given) == AF_UNSPEC &&
      given.size() >= sizeof(sockaddr_in)) {
    const uint16_t family = AF_INET;
    memcpy(given.data(), &family, sizeof(family));
    if (!TRY(ParseEndpoint(given, domain())).ip.IsAny()) {
      return Errno(EAFNOSUPPORT);
    }
  }
  Endpoint local = TRY(ParseEndpoint(given, domain()));
  const bool local_address = local.ip.IsAny() || local.ip.IsLoopback() ||
                             local.ip.IsMulticast() || local.ip.IsBroadcast();
  if (domain() == AF_INET6 && local.ip.IsV4() && v6_only()) {
    return Errno(EINVAL);
  }
  if (!local_address && Option(IPPROTO_IP, IP_FREEBIND) == 0) {
    return Errno(EADDRNOTAVAIL);
  }
  if (local.port != 0 && local.port < kFirstUnprivileged &&
      !task.creds->Has(CAP_NET_BIND_SERVICE)) {
    return Errno(EACCES);
  }
  if (bound()) return Errno(EINVAL);
  port_chosen_ = local.port != 0;
  address_chosen_ = !local.ip.IsAny();
  if (port_chosen_) {
    TRY(ports_.CheckFree(*this, local, clock_.now()));
  } else {
    local.port = TRY(ports_.PickPort(*this, local.ip));
  }
  Occupy(local);
  return {};
}

Result<Endpoint> InetSocket::ParseRemote(const SocketAddress& address) const {
  Endpoint remote;
  // An IPv6 socket takes sockaddr_in when it sends, as Linux's UDP does.
  if (domain() == AF_INET6 && AddressFamily(address) == AF_INET) {
    remote = TRY(ParseEndpoint(address, AF_INET));
  } else {
    remote = TRY(ParseEndpoint(address, domain()));
  }
  if (domain() == AF_INET6 && remote.ip.IsV4() && v6_only()) {
    return Errno(ENETUNREACH);
  }
  return remote;
}

Result<SocketAddress> InetSocket::Name() {
  return FormatEndpoint(local_, domain());
}

Result<SocketAddress> InetSocket::PeerName() {
  if (!has_remote_) return Errno(ENOTCONN);
  return FormatEndpoint(remote_, domain());
}

}  // namespace emu
