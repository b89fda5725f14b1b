// SPDX-License-Identifier: Apache-2.0
//
// What TCP and UDP sockets share: local and remote addresses, ports, and the
// options of IP. There is no network but the loopback, so that a packet is a
// call from one socket to another.

#ifndef KERNEL_NET_INET_H_
#define KERNEL_NET_INET_H_

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "kernel/credentials.h"
#include "kernel/net/inet_address.h"
#include "kernel/net/socket.h"

namespace emu {

class InetSocket;

// How long: TCP_TIMEWAIT_LEN.
inline constexpr Nanos kEndedTime = 60 * kNanosPerSecond;

// A connection whose side here ended first. Its name is kept for a while.
struct EndedConnection {
  Endpoint local;
  Endpoint remote;
  int domain = 0;
  bool v6_only = false;
  bool reuse_address = false;
  bool reuse_port = false;
  Uid owner = 0;
  bool peer_ended = false;  // TIME_WAIT, and not FIN_WAIT2
  Nanos until = 0;          // since boot
};

// The ports in use of one protocol.
class InetPorts {
 public:
  InetPorts() = default;
  InetPorts(const InetPorts&) = delete;
  InetPorts& operator=(const InetPorts&) = delete;

  // Whether `socket` may have `local`, at the time `now`: EADDRINUSE.
  Result<> CheckFree(const InetSocket& socket, const Endpoint& local,
                     Nanos now) const;
  // An ephemeral port that is free for `socket`: EADDRINUSE, EADDRNOTAVAIL.
  Result<uint16_t> PickPort(const InetSocket& socket, const IpAddress& ip);
  void Add(uint16_t port, InetSocket& socket);
  void Remove(uint16_t port, InetSocket& socket);
  // Those at `port`, in order of binding.
  absl::Span<InetSocket* const> At(uint16_t port) const;
  // All of them, by port.
  const std::map<uint16_t, std::vector<InetSocket*>>& by_port() const {
    return by_port_;
  }

  // Connections that ended, by local and remote name.
  using Ended = std::map<std::pair<Endpoint, Endpoint>, EndedConnection>;
  const Ended& ended() const { return ended_; }
  void AddEnded(const EndedConnection& connection, Nanos now);
  // The other side of one ended, too, at the time `now`, or (reset) there is
  // nothing left of it.
  void OnPeerEnded(const Endpoint& local, const Endpoint& remote, bool reset,
                   Nanos now);

 private:
  std::map<uint16_t, std::vector<InetSocket*>> by_port_;
  Ended ended_;
  size_t sweep_at_ = 64;  // of them at which to look for those that are over
  uint16_t next_port_ = 0;
};

class InetSocket : public Socket {
 public:
  InetSocket(Task& task, const Type& type, int flags, InetPorts& ports);
  ~InetSocket() override;

  Result<> Bind(Task& task, const SocketAddress& address) override;
  Result<SocketAddress> Name() override;
  Result<SocketAddress> PeerName() override;

  const Endpoint& local() const { return local_; }
  const Endpoint& remote() const { return remote_; }
  bool has_remote() const { return has_remote_; }
  // Whether packets to `ip` are for a socket bound as this one is.
  bool Covers(const IpAddress& ip) const;
  // Whether this and one bound to `local` would get the same packets, and both
  // do not agree to that.
  bool Conflicts(const InetSocket& other, const Endpoint& local) const;
  // The same, of this one bound to `local` and a connection that ended.
  bool Conflicts(const EndedConnection& ended, const Endpoint& local) const;

  Uid owner_uid() const { return owner_uid_; }
  // The port is one that bind(2) named.
  bool port_chosen() const { return port_chosen_; }
  bool v6_only() const;
  // What /proc/net tells of it.
  struct Status {
    int state = 0;  // TCP_*
    size_t unsent = 0;
    size_t unread = 0;
  };
  virtual Status GetStatus() const = 0;

 protected:
  // Options, from the listener that this one was connected by.
  void InheritOptions(const InetSocket& listener);
  Result<> SetFamilyOption(Task& task, int level, int name,
                           absl::string_view value) override;
  Result<std::string> GetFamilyOption(Task& task, int level, int name) override;
  // Options that are more than a remembered number.
  virtual Result<> SetProtocolOption(Task& task, int name,
                                     absl::string_view value);
  virtual Result<std::string> GetProtocolOption(Task& task, int name);

  // Binds to an ephemeral port if it is not bound.
  Result<> Autobind();
  // Takes `local`, which is free.
  void Occupy(const Endpoint& local);
  void Vacate();
  // Gives back what the kernel chose: the connection it was for is over.
  void ReleaseLocal();
  bool bound() const { return local_.port != 0; }
  // A remembered option's value.
  int Option(int level, int name) const;
  bool Joined(const IpAddress& group) const { return groups_.contains(group); }
  // Where `address` leads, v4-mapped ones on IPv6 sockets checked.
  Result<Endpoint> ParseRemote(const SocketAddress& address) const;

  InetPorts& ports_;
  Clock& clock_;
  const Uid owner_uid_;
  Endpoint local_;
  Endpoint remote_;
  bool has_remote_ = false;
  // By bind(2), and not by the kernel.
  bool port_chosen_ = false;
  bool address_chosen_ = false;

 private:
  bool Overlaps(const IpAddress& a, bool a_v6_only, const IpAddress& b,
                bool b_v6_only) const;
  Result<> SetMembership(int level, int name, absl::string_view value);

  std::map<std::pair<int, int>, int> remembered_;
  std::set<IpAddress> groups_;  // joined multicast groups
};

}  // namespace emu

#endif  // KERNEL_NET_INET_H_
