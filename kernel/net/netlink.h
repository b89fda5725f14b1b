// SPDX-License-Identifier: Apache-2.0
//
// AF_NETLINK: the kernel as a correspondent. NETLINK_ROUTE answers what
// getifaddrs(3) and ip(8) ask about the loopback, NETLINK_SOCK_DIAG what ss(8)
// asks about sockets; other protocols can be listened to, and stay silent.

#ifndef KERNEL_NET_NETLINK_H_
#define KERNEL_NET_NETLINK_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "kernel/net/socket.h"

namespace emu {

class NetlinkSocket;

// Port ids in use, by protocol.
using NetlinkPorts = std::map<std::pair<int, uint32_t>, NetlinkSocket*>;

class NetlinkSocket : public Socket {
 public:
  NetlinkSocket(Task& task, const Type& type, int flags, NetlinkPorts& ports);
  ~NetlinkSocket() override;

  Result<> Bind(Task& task, const SocketAddress& address) override;
  Result<> Connect(Task& task, const SocketAddress& address,
                   bool nonblocking) override;
  Result<SocketAddress> Name() override;
  Result<SocketAddress> PeerName() override;
  uint32_t Poll(Task& task) override;

  uint32_t groups() const { return groups_; }
  size_t queued() const { return queued_; }

  // A message of the kernel's own, as mq_notify(3) uses it.
  void Push(std::string message);

 protected:
  bool HasPeekOffset() const override { return false; }
  Result<size_t> Receive(Task& task, InMessage& message) override;
  Result<size_t> Send(Task& task, OutMessage& message) override;
  Result<> SetFamilyOption(Task& task, int level, int name,
                           absl::string_view value) override;
  Result<std::string> GetFamilyOption(Task& task, int level, int name) override;

 private:
  Result<> TakePort(Task& task, uint32_t wanted);
  void Serve(Task& task, absl::string_view requests);
  std::deque<std::string> Answer(Task& task, absl::string_view request);

  NetlinkPorts& ports_;
  uint32_t port_ = 0;  // 0: none yet
  uint32_t groups_ = 0;
  std::map<int, int> remembered_;  // SOL_NETLINK's options
  std::deque<std::string> queue_;
  size_t queued_ = 0;
};

// The answers to one request of NETLINK_ROUTE or NETLINK_SOCK_DIAG, a datagram
// each. `port` is the asker's.
std::deque<std::string> AnswerRoute(absl::string_view request, uint32_t port);
std::deque<std::string> AnswerDiag(Task& task, absl::string_view request,
                                   uint32_t port);

}  // namespace emu

#endif  // KERNEL_NET_NETLINK_H_
