// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/udp.h"

#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "kernel/net/net_ioctl.h"
#include "kernel/task.h"

namespace emu {
namespace {
constexpr size_t kLongestV4 = 65535 - 20 - 8;  // behind the headers
constexpr size_t kLongestV6 = 65535 - 8;
constexpr int kMulticastAllV6 = 29;  // not in the C library's headers
constexpr size_t kMostRefusals = 256;
constexpr size_t kOverhead = 768;  // of each datagram in a buffer
constexpr uint32_t kReadable = POLLIN | POLLRDNORM;
constexpr uint32_t kWritable = POLLOUT | POLLWRNORM | POLLWRBAND;
}  // namespace

UdpSocket::UdpSocket(Task& task, const Type& type, int flags, InetPorts& ports)
    : InetSocket(task, type, flags, ports) {}

Result<> UdpSocket::Connect(Task&, const SocketAddress& address, bool) {
  if (address.size() < sizeof(uint16_t)) return Errno(EINVAL);
  if (AddressFamily(address) == AF_UNSPEC) {
    has_remote_ = false;
    ReleaseLocal();
    return {};
  }
  Endpoint to = TRY(ParseRemote(address));
  if (to.ip.IsBroadcast() && !options_.broadcast) return Errno(EACCES);
  const IpAddress source = TRY(SourceFor(to.ip));
  TRY(Autobind());
  if (local_.ip.IsAny()) local_.ip = source;
  to.ip = Destination(to.ip);
  remote_ = to;
  has_remote_ = true;
  return {};
}

Result<> UdpSocket::Shutdown(Task&, int how) {
  shut_ |= how;
  wait_.Wake();
  if (!has_remote_) return Errno(ENOTCONN);
  return {};
}

Result<Endpoint> UdpSocket::DestinationOf(const OutMessage& message) const {
  if (message.to.empty()) {
    if (!has_remote_) return Errno(EDESTADDRREQ);
    return remote_;
  }
  const Endpoint to = TRY(ParseRemote(message.to));
  if (to.port == 0) return Errno(EINVAL);
  return to;
}

UdpSocket* UdpSocket::Find(const Endpoint& from, const Endpoint& to) const {
  UdpSocket* best = nullptr;
  int best_score = -1;
  for (InetSocket* socket : ports_.At(to.port)) {
    auto* udp = static_cast<UdpSocket*>(socket);
    if (!udp->Covers(to.ip)) continue;
    if (udp->has_remote_ && udp->remote_ != from) continue;
    const int score = (udp->has_remote_ ? 4 : 0) +
                      (udp->local_.ip.IsAny() ? 0 : 2) +
                      (udp->domain() == AF_INET ? 1 : 0);
    // The last bound goes first among equals.
    if (score < best_score) continue;
    best = udp;
    best_score = score;
  }
  return best;
}

void UdpSocket::Take(Datagram datagram) {
  const size_t size = datagram.bytes.size() + kOverhead;
  // No room: it is lost, as on any network.
  if (queued_ + size > static_cast<size_t>(options_.receive_buffer) ||
      (shut_ & kReceiveShut)) {
    return;
  }
  queued_ += size;
  queue_.push_back(std::move(datagram));
  wait_.Wake(kReadable);
}

// To its members, and to those who want whatever this host is a member of
// (IP_MULTICAST_ALL).
void UdpSocket::DeliverToGroup(const Datagram& datagram, uint16_t port) {
  const absl::Span<InetSocket* const> there = ports_.At(port);
  const auto joined = [&](InetSocket* socket) {
    return static_cast<UdpSocket*>(socket)->Joined(datagram.to);
  };
  if (std::none_of(there.begin(), there.end(), joined)) return;
  const int level = datagram.to.IsV4() ? IPPROTO_IP : IPPROTO_IPV6;
  const int all = level == IPPROTO_IP ? IP_MULTICAST_ALL : kMulticastAllV6;
  for (InetSocket* socket : there) {
    auto* udp = static_cast<UdpSocket*>(socket);
    const bool bound_here =
        udp->local_.ip == datagram.to || udp->Covers(datagram.to);
    if (bound_here && (joined(udp) || udp->Option(level, all) != 0)) {
      udp->Take(datagram);
    }
  }
}

bool UdpSocket::WantsRefusals(const IpAddress& ip) const {
  return ip.IsV4() ? Option(IPPROTO_IP, IP_RECVERR) != 0
                   : Option(IPPROTO_IPV6, IPV6_RECVERR) != 0;
}

void UdpSocket::OnRefused(Datagram datagram, const Endpoint& to) {
  const bool wanted = WantsRefusals(to.ip);
  if (!wanted && !has_remote_) return;
  if (wanted && refusals_.size() < kMostRefusals) {
    refusals_.push_back({std::move(datagram.bytes), to});
  }
  error_ = ECONNREFUSED;
  wait_.Wake();
}

Result<size_t> UdpSocket::ReceiveRefusal(InMessage& message) {
  if (refusals_.empty()) return Errno(EAGAIN);
  const Refusal refusal = std::move(refusals_.front());
  refusals_.pop_front();
  if (refusals_.empty()) error_ = 0;
  const size_t want =
      std::min<uint64_t>(refusal.bytes.size(), message.data.remaining());
  TRY(message.data.Put(refusal.bytes.data(), want));
  if (want < refusal.bytes.size()) message.result_flags |= MSG_TRUNC;
  message.result_flags |= MSG_ERRQUEUE;
  message.from = FormatEndpoint(refusal.to, domain());
  const bool v4 = refusal.to.ip.IsV4();
  sock_extended_err error = {};
  error.ee_errno = ECONNREFUSED;
  error.ee_origin = v4 ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
  error.ee_type = v4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH;
  error.ee_code = v4 ? ICMP_PORT_UNREACH : ICMP6_DST_UNREACH_NOPORT;
  const Endpoint offender = {refusal.to.ip, 0};
  message.control.items.push_back(
      {v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_RECVERR : IPV6_RECVERR,
       BytesOf(error) + FormatEndpoint(offender, v4 ? AF_INET : AF_INET6)});
  return want;
}

Result<size_t> UdpSocket::Send(Task& task, OutMessage& message) {
  if (message.flags & MSG_OOB) return Errno(EOPNOTSUPP);
  const size_t length = message.data.remaining();
  if (length > 0xffff) return Errno(EMSGSIZE);
  Endpoint to = TRY(DestinationOf(message));
  if (shut_ & kSendShut) return Errno(EPIPE);
  if (length > (to.ip.IsV4() ? kLongestV4 : kLongestV6)) {
    return Errno(EMSGSIZE);
  }
  if (to.ip.IsBroadcast() && !options_.broadcast) return Errno(EACCES);
  IpAddress source =
      to.ip.IsV4() ? IpAddress::V4(INADDR_LOOPBACK) : IpAddress::V6Loopback();
  const bool group = to.ip.IsMulticast();
  if (!group) source = TRY(SourceFor(to.ip));
  TRY(Autobind());
  TRY(CheckError());
  to.ip = Destination(to.ip);
  Datagram datagram;
  datagram.bytes.resize(length);
  if (length > 0 &&
      TRY(message.data.Get(datagram.bytes.data(), length)) < length) {
    return Errno(EFAULT);
  }
  datagram.from = {local_.ip.IsAny() ? source : local_.ip, local_.port};
  datagram.to = to.ip;
  datagram.time = task.clock().realtime();
  TRY(SetHeader(message.control, datagram));
  if (group) {
    DeliverToGroup(datagram, to.port);
    return length;
  }
  if (UdpSocket* receiver = Find(datagram.from, to)) {
    receiver->Take(std::move(datagram));
  } else {
    OnRefused(std::move(datagram), to);
  }
  return length;
}

Result<> UdpSocket::SetHeader(const Control& control,
                              Datagram& datagram) const {
  const bool v4 = datagram.to.IsV4();
  datagram.hops =
      v4 ? Option(IPPROTO_IP, IP_TTL) : Option(IPPROTO_IPV6, IPV6_UNICAST_HOPS);
  datagram.traffic =
      v4 ? Option(IPPROTO_IP, IP_TOS) : Option(IPPROTO_IPV6, IPV6_TCLASS);
  for (const Control::Item& item : control.items) {
    const std::pair<int, int> what = {item.level, item.type};
    if (what == std::pair<int, int>{IPPROTO_IP, IP_PKTINFO}) {
      in_pktinfo info;
      if (item.data.size() < sizeof(info)) return Errno(EINVAL);
      memcpy(&info, item.data.data(), sizeof(info));
      if (info.ipi_spec_dst.s_addr == 0) continue;
      const IpAddress source =
          IpAddress::V4(ntohl(info.ipi_spec_dst.s_addr));
      if (!source.IsLoopback()) return Errno(EINVAL);
      datagram.from.ip = source;
      continue;
    }
    if (what == std::pair<int, int>{IPPROTO_IPV6, IPV6_PKTINFO}) {
      continue;  // there is one way to go
    }
    const bool hops = what == std::pair<int, int>{IPPROTO_IP, IP_TTL} ||
                      what == std::pair<int, int>{IPPROTO_IPV6, IPV6_HOPLIMIT};
    const bool traffic = what == std::pair<int, int>{IPPROTO_IP, IP_TOS} ||
                         what == std::pair<int, int>{IPPROTO_IPV6, IPV6_TCLASS};
    if (!hops && !traffic) return Errno(EINVAL);
    const int value = TRY(IntOption(item.data));
    if (value < -1 || value > 255) return Errno(EINVAL);
    if (value >= 0) (hops ? datagram.hops : datagram.traffic) = value;
  }
  return {};
}

void UdpSocket::AddItems(const Datagram& datagram, Control& control) const {
  AddTimestamp(control, datagram.time);
  if (datagram.to.IsV4() && Option(IPPROTO_IP, IP_PKTINFO)) {
    in_pktinfo info = {};
    info.ipi_ifindex = kLoopbackIndex;
    info.ipi_spec_dst.s_addr = htonl(datagram.to.v4());
    info.ipi_addr.s_addr = htonl(datagram.to.v4());
    control.items.push_back({IPPROTO_IP, IP_PKTINFO, BytesOf(info)});
  }
  if (Option(IPPROTO_IP, IP_RECVTTL) && datagram.to.IsV4()) {
    control.items.push_back({IPPROTO_IP, IP_TTL, BytesOf(datagram.hops)});
  }
  if (Option(IPPROTO_IP, IP_RECVTOS) && datagram.to.IsV4()) {
    control.items.push_back(
        {IPPROTO_IP, IP_TOS, BytesOf(static_cast<uint8_t>(datagram.traffic))});
  }
  if (Option(IPPROTO_IP, IP_RECVORIGDSTADDR) && datagram.to.IsV4()) {
    control.items.push_back(
        {IPPROTO_IP, IP_ORIGDSTADDR,
         FormatEndpoint({datagram.to, local_.port}, AF_INET)});
  }
  if (Option(IPPROTO_IPV6, IPV6_RECVPKTINFO)) {
    in6_pktinfo info = {};
    memcpy(&info.ipi6_addr, datagram.to.bytes.data(), datagram.to.bytes.size());
    info.ipi6_ifindex = kLoopbackIndex;
    control.items.push_back({IPPROTO_IPV6, IPV6_PKTINFO, BytesOf(info)});
  }
  if (Option(IPPROTO_IPV6, IPV6_RECVHOPLIMIT)) {
    control.items.push_back(
        {IPPROTO_IPV6, IPV6_HOPLIMIT, BytesOf(datagram.hops)});
  }
  if (Option(IPPROTO_IPV6, IPV6_RECVTCLASS)) {
    control.items.push_back(
        {IPPROTO_IPV6, IPV6_TCLASS, BytesOf(datagram.traffic)});
  }
}

Result<UdpSocket::Datagram*> UdpSocket::Next(bool peek, size_t* start) {
  *start = peek ? PeekStart() : 0;
  for (Datagram& datagram : queue_) {
    const size_t length = datagram.bytes.size();
    if (*start == 0 || *start < length) return &datagram;
    *start -= length;
  }
  return Errno(EAGAIN);
}

Result<size_t> UdpSocket::Receive(Task&, InMessage& message) {
  if (message.flags & MSG_ERRQUEUE) return ReceiveRefusal(message);
  TRY(CheckError());
  const bool peek = (message.flags & MSG_PEEK) != 0;
  size_t start = 0;
  const Result<Datagram*> next = Next(peek, &start);
  if (!next.ok() && (shut_ & kReceiveShut)) return 0;
  Datagram& datagram = *TRY(next);
  const size_t length = datagram.bytes.size();
  const size_t want =
      std::min<uint64_t>(length - start, message.data.remaining());
  if (want > 0 &&
      TRY(message.data.Put(datagram.bytes.data() + start, want)) < want) {
    return Errno(EFAULT);
  }
  if (want < length - start) message.result_flags |= MSG_TRUNC;
  message.from = FormatEndpoint(datagram.from, domain());
  AddItems(datagram, message.control);
  MovePeekOffset(peek ? static_cast<int64_t>(want)
                      : -static_cast<int64_t>(length));
  if (!peek) {
    queued_ -= length + kOverhead;
    queue_.pop_front();
  }
  return (message.flags & MSG_TRUNC) ? length : want;
}

uint32_t UdpSocket::Poll(Task&) {
  uint32_t events = kWritable;
  if (!queue_.empty()) events |= kReadable;
  if (error_ != 0 || !refusals_.empty()) events |= POLLERR;
  if (shut_ & kReceiveShut) events |= POLLRDHUP | kReadable;
  if (shut_ == kBothShut) events |= POLLHUP;
  return events;
}

Result<int> UdpSocket::BytesIn() {
  return queue_.empty() ? 0 : static_cast<int>(queue_.front().bytes.size());
}

Result<int> UdpSocket::BytesOut() { return 0; }

UdpSocket::Status UdpSocket::GetStatus() const {
  return {.state = has_remote_ ? TCP_ESTABLISHED : TCP_CLOSE,
          .unread = queued_};
}

}  // namespace emu
