// SPDX-License-Identifier: Apache-2.0
//
// UDP over the loopback: a datagram goes straight to the queue of the socket
// that is bound there, or comes back as the error that an ICMP message would
// bring.

#ifndef KERNEL_NET_UDP_H_
#define KERNEL_NET_UDP_H_

#include <deque>
#include <string>

#include "kernel/net/inet.h"

namespace emu {

class UdpSocket : public InetSocket {
 public:
  UdpSocket(Task& task, const Type& type, int flags, InetPorts& ports);

  Result<> Connect(Task& task, const SocketAddress& address,
                   bool nonblocking) override;
  Result<> Shutdown(Task& task, int how) override;
  uint32_t Poll(Task& task) override;
  Status GetStatus() const override;

 protected:
  Result<size_t> Receive(Task& task, InMessage& message) override;
  Result<size_t> Send(Task& task, OutMessage& message) override;
  Result<int> BytesIn() override;
  Result<int> BytesOut() override;

 private:
  struct Datagram {
    std::string bytes;
    Endpoint from;
    IpAddress to;
    Nanos time = 0;
    int hops = 0;     // TTL or hop limit
    int traffic = 0;  // type of service or traffic class
  };
  // A datagram that was refused, for MSG_ERRQUEUE.
  struct Refusal {
    std::string bytes;
    Endpoint to;
  };
  // Of `datagram`, which this one sent to `to`, where nobody is.
  void OnRefused(Datagram datagram, const Endpoint& to);
  Result<size_t> ReceiveRefusal(InMessage& message);
  bool WantsRefusals(const IpAddress& ip) const;
  // The datagram that a receive means, and where to start in it: a peek may be
  // at a later one. EAGAIN: there is none.
  Result<Datagram*> Next(bool peek, size_t* start);

  // What the options say of a datagram, and what came with it. EINVAL.
  Result<> SetHeader(const Control& control, Datagram& datagram) const;
  Result<Endpoint> DestinationOf(const OutMessage& message) const;
  // The one that takes what comes from `from` for `to`; null: none.
  UdpSocket* Find(const Endpoint& from, const Endpoint& to) const;
  void DeliverToGroup(const Datagram& datagram, uint16_t port);
  void Take(Datagram datagram);
  void AddItems(const Datagram& datagram, Control& control) const;

  std::deque<Datagram> queue_;
  std::deque<Refusal> refusals_;
  size_t queued_ = 0;  // what the queue takes of the receive buffer
};

}  // namespace emu

#endif  // KERNEL_NET_UDP_H_
