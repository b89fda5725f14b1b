// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/netlink.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "kernel/net/netlink_message.h"
#include "kernel/process.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kOverhead = 768;  // of each message in a buffer
// Where ports begin that are nobody's process id.
constexpr uint32_t kFirstOtherPort = 0xffffefff;

SocketAddress AddressOf(uint32_t port, uint32_t groups) {
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_pid = port;
  address.nl_groups = groups;
  return BytesOf(address);
}

Result<sockaddr_nl> Parse(const SocketAddress& address) {
  sockaddr_nl parsed;
  if (address.size() < sizeof(parsed)) return Errno(EINVAL);
  memcpy(&parsed, address.data(), sizeof(parsed));
  if (parsed.nl_family != AF_NETLINK) return Errno(EINVAL);
  return parsed;
}

}  // namespace

NetlinkSocket::NetlinkSocket(Task& task, const Type& type, int flags,
                             NetlinkPorts& ports)
    : Socket(task, type, flags), ports_(ports) {}

NetlinkSocket::~NetlinkSocket() {
  if (port_ != 0) ports_.erase({protocol(), port_});
}

// The wanted port; without one, the process id, or else one from above.
Result<> NetlinkSocket::TakePort(Task& task, uint32_t wanted) {
  const bool any = wanted == 0;
  if (any) wanted = task.process().pid();
  uint32_t next = kFirstOtherPort;
  while (ports_.contains({protocol(), wanted})) {
    if (!any) return Errno(EADDRINUSE);
    wanted = next--;
  }
  port_ = wanted;
  ports_[{protocol(), port_}] = this;
  return {};
}

Result<> NetlinkSocket::Bind(Task& task, const SocketAddress& address) {
  const sockaddr_nl wanted = TRY(Parse(address));
  if (port_ != 0 && wanted.nl_pid != port_) return Errno(EINVAL);
  if (port_ == 0) TRY(TakePort(task, wanted.nl_pid));
  groups_ = wanted.nl_groups;
  return {};
}

Result<> NetlinkSocket::Connect(Task& task, const SocketAddress& address,
                                bool) {
  if (AddressFamily(address) == AF_UNSPEC) return {};
  const sockaddr_nl to = TRY(Parse(address));
  if (to.nl_pid != 0) return Errno(ECONNREFUSED);
  if (port_ == 0) TRY(TakePort(task, 0));
  return {};
}

Result<SocketAddress> NetlinkSocket::Name() {
  return AddressOf(port_, groups_);
}

Result<SocketAddress> NetlinkSocket::PeerName() { return AddressOf(0, 0); }

uint32_t NetlinkSocket::Poll(Task&) {
  return POLLOUT | POLLWRNORM | POLLWRBAND |
         (queue_.empty() ? 0 : POLLIN | POLLRDNORM);
}

void NetlinkSocket::Push(std::string message) {
  const size_t size = message.size() + kOverhead;
  if (queued_ + size > static_cast<size_t>(options_.receive_buffer)) return;
  queued_ += size;
  queue_.push_back(std::move(message));
  wait_.Wake(POLLIN | POLLRDNORM);
}

Result<size_t> NetlinkSocket::Send(Task& task, OutMessage& message) {
  if (message.flags & MSG_OOB) return Errno(EOPNOTSUPP);
  if (!message.to.empty() && TRY(Parse(message.to)).nl_pid != 0) {
    return Errno(ECONNREFUSED);
  }
  if (port_ == 0) TRY(TakePort(task, 0));
  const size_t length = message.data.remaining();
  if (length > static_cast<size_t>(options_.send_buffer - 32)) {
    return Errno(EMSGSIZE);
  }
  std::string bytes(length, '\0');
  if (length > 0 &&
      TRY(message.data.Get(bytes.data(), bytes.size())) < length) {
    return Errno(EFAULT);
  }
  Serve(task, bytes);
  return length;
}

// Requests may come several at a time.
void NetlinkSocket::Serve(Task& task, absl::string_view requests) {
  while (requests.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header;
    memcpy(&header, requests.data(), sizeof(header));
    if (header.nlmsg_len < sizeof(header) ||
        header.nlmsg_len > requests.size()) {
      return;
    }
    for (std::string& answer :
         Answer(task, requests.substr(0, header.nlmsg_len))) {
      queued_ += answer.size() + kOverhead;
      queue_.push_back(std::move(answer));
    }
    if (!queue_.empty()) wait_.Wake(POLLIN | POLLRDNORM);
    requests.remove_prefix(
        std::min<size_t>(NLMSG_ALIGN(header.nlmsg_len), requests.size()));
  }
}

// An answer comes whole, however long; while the buffer is full there is none.
std::deque<std::string> NetlinkSocket::Answer(Task& task,
                                              absl::string_view request) {
  const NetlinkAsker asker(request, port_);
  if (asker.request.nlmsg_type < NLMSG_MIN_TYPE ||
      (asker.request.nlmsg_flags & NLM_F_REQUEST) == 0) {
    return {};
  }
  if (protocol() != NETLINK_ROUTE && protocol() != NETLINK_SOCK_DIAG) return {};
  if (queued_ > static_cast<size_t>(options_.receive_buffer)) return {};
  return protocol() == NETLINK_ROUTE ? AnswerRoute(request, port_)
                                     : AnswerDiag(task, request, port_);
}

Result<size_t> NetlinkSocket::Receive(Task&, InMessage& message) {
  if (message.flags & MSG_OOB) return Errno(EOPNOTSUPP);
  if (queue_.empty()) return Errno(EAGAIN);
  const std::string& front = queue_.front();
  const size_t length = front.size();
  const size_t want = std::min<uint64_t>(length, message.data.remaining());
  if (want > 0 && TRY(message.data.Put(front.data(), want)) < want) {
    return Errno(EFAULT);
  }
  if (want < length) message.result_flags |= MSG_TRUNC;
  message.from = AddressOf(0, 0);
  if ((message.flags & MSG_PEEK) == 0) {
    queued_ -= length + kOverhead;
    queue_.pop_front();
  }
  return (message.flags & MSG_TRUNC) ? length : want;
}

Result<> NetlinkSocket::SetFamilyOption(Task&, int level, int name,
                                        absl::string_view value) {
  if (level != SOL_NETLINK) return Errno(ENOPROTOOPT);
  if (name < NETLINK_ADD_MEMBERSHIP || name > NETLINK_GET_STRICT_CHK) {
    return Errno(ENOPROTOOPT);
  }
  remembered_[name] = TRY(IntOption(value));
  return {};
}

Result<std::string> NetlinkSocket::GetFamilyOption(Task&, int level, int name) {
  if (level != SOL_NETLINK) return Errno(ENOPROTOOPT);
  const auto it = remembered_.find(name);
  if (it != remembered_.end()) return BytesOf(it->second);
  if (name < NETLINK_PKTINFO || name > NETLINK_GET_STRICT_CHK) {
    return Errno(ENOPROTOOPT);
  }
  return BytesOf(0);
}

}  // namespace emu
