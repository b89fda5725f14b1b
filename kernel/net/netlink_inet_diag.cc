// SPDX-License-Identifier: Apache-2.0
//
// sock_diag(7) of TCP and UDP.

#include <linux/capability.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "kernel/kernel.h"
#include "kernel/net/netlink_diag.h"
#include "kernel/net/network.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr Nanos kNanosPerMilli = 1'000'000;
constexpr uint8_t kTimeWaitTimer = 3;

struct Request {
  inet_diag_req_v2 wanted;
  absl::string_view filter;  // empty: none

  bool AsksFor(int extension) const {
    return (wanted.idiag_ext >> (extension - 1) & 1) != 0;
  }
  bool Wants(int domain, int state, const Endpoint& local,
             const Endpoint& remote) const {
    const inet_diag_sockid& id = wanted.id;
    return domain == wanted.sdiag_family &&
           (wanted.idiag_states >> state & 1) != 0 &&
           (id.idiag_sport == 0 || ntohs(id.idiag_sport) == local.port) &&
           (id.idiag_dport == 0 || ntohs(id.idiag_dport) == remote.port);
  }
};

void PutAddress(const IpAddress& ip, int domain, uint32_t (&to)[4]) {
  if (domain == AF_INET) {
    memcpy(to, &ip.bytes[12], 4);
  } else {
    memcpy(to, ip.bytes.data(), sizeof(to));
  }
}

bool IsAddress(const IpAddress& ip, int domain, const uint32_t (&wanted)[4]) {
  uint32_t own[4] = {};
  PutAddress(ip, domain, own);
  return memcmp(own, wanted, domain == AF_INET ? 4 : sizeof(own)) == 0;
}

inet_diag_msg BodyOf(int domain, int state, const Endpoint& local,
                     const Endpoint& remote) {
  inet_diag_msg body = {};
  body.idiag_family = static_cast<uint8_t>(domain);
  body.idiag_state = static_cast<uint8_t>(state);
  body.id.idiag_sport = htons(local.port);
  body.id.idiag_dport = htons(remote.port);
  PutAddress(local.ip, domain, body.id.idiag_src);
  PutAddress(remote.ip, domain, body.id.idiag_dst);
  return body;
}

bool Passes(const Request& request, int domain, const Endpoint& local,
            const Endpoint& remote, bool port_chosen) {
  if (request.filter.empty()) return true;
  return DiagFilterPasses(request.filter, {.family = domain,
                                           .source = local.ip,
                                           .destination = remote.ip,
                                           .source_port = local.port,
                                           .destination_port = remote.port,
                                           .port_chosen = port_chosen});
}

// What TCP tells of itself, by the options of the same names.
void AddTcpExtensions(Task& task, const Request& request, InetSocket& socket,
                      NetlinkMessage& message) {
  if (request.AsksFor(INET_DIAG_INFO)) {
    const Result<std::string> info =
        socket.GetOption(task, IPPROTO_TCP, TCP_INFO);
    if (info.ok()) message.Add(INET_DIAG_INFO, info->data(), info->size());
  }
  if (request.AsksFor(INET_DIAG_CONG)) {
    const Result<std::string> name =
        socket.GetOption(task, IPPROTO_TCP, TCP_CONGESTION);
    if (name.ok()) message.AddName(INET_DIAG_CONG, name->c_str());
  }
}

std::string SocketMessage(Task& task, const NetlinkAsker& asker,
                          const Request& request, InetSocket& socket) {
  const InetSocket::Status status = socket.GetStatus();
  const uint64_t ino = socket.inode().ino();
  const int domain = socket.domain();
  inet_diag_msg body =
      BodyOf(domain, status.state, socket.local(), socket.remote());
  body.id.idiag_cookie[0] = static_cast<uint32_t>(ino);
  body.id.idiag_cookie[1] = static_cast<uint32_t>(ino >> 32);
  body.idiag_rqueue = static_cast<uint32_t>(status.unread);
  body.idiag_wqueue = static_cast<uint32_t>(status.unsent);
  body.idiag_uid = socket.owner_uid();
  body.idiag_inode = static_cast<uint32_t>(ino);
  NetlinkMessage message = asker.Answer(SOCK_DIAG_BY_FAMILY, body);
  message.Add(INET_DIAG_SHUTDOWN, static_cast<uint8_t>(socket.shut()));
  if (request.AsksFor(INET_DIAG_TOS)) message.Add(INET_DIAG_TOS, uint8_t{0});
  if (domain == AF_INET6) {
    if (request.AsksFor(INET_DIAG_TCLASS)) {
      message.Add(INET_DIAG_TCLASS, uint8_t{0});
    }
    if (status.state == TCP_LISTEN || status.state == TCP_CLOSE) {
      const IpAddress& ip = socket.local().ip;
      const bool by_address = !ip.IsAny() && !ip.IsV4();
      message.Add(INET_DIAG_SKV6ONLY,
                  static_cast<uint8_t>(socket.v6_only() || by_address));
    }
  }
  if (request.AsksFor(INET_DIAG_MEMINFO)) {
    message.Add(INET_DIAG_MEMINFO,
                inet_diag_meminfo{body.idiag_rqueue, body.idiag_wqueue, 0, 0});
  }
  if (request.AsksFor(INET_DIAG_SKMEMINFO)) {
    uint32_t memory[SK_MEMINFO_VARS] = {};
    memory[SK_MEMINFO_RMEM_ALLOC] = body.idiag_rqueue;
    memory[SK_MEMINFO_WMEM_QUEUED] = body.idiag_wqueue;
    message.Add(INET_DIAG_SKMEMINFO, memory);
  }
  if (socket.type() == SOCK_STREAM) {
    AddTcpExtensions(task, request, socket, message);
  }
  return message.Bytes();
}

int StateOf(const EndedConnection& ended) {
  return ended.peer_ended ? TCP_TIME_WAIT : TCP_FIN_WAIT2;
}

std::string EndedMessage(const NetlinkAsker& asker,
                         const EndedConnection& ended, Nanos now) {
  inet_diag_msg body =
      BodyOf(ended.domain, StateOf(ended), ended.local, ended.remote);
  body.idiag_timer = kTimeWaitTimer;
  body.idiag_expires =
      static_cast<uint32_t>((ended.until - now) / kNanosPerMilli);
  return asker.Answer(SOCK_DIAG_BY_FAMILY, body).Bytes();
}

// A socket that is in no state, because it is bound and no more, is in no list.
bool IsListed(const InetSocket& socket, int state) {
  return socket.type() != SOCK_STREAM || state != TCP_CLOSE;
}

std::vector<std::string> Dump(Task& task, const NetlinkAsker& asker,
                              const Request& request, const InetPorts& ports) {
  std::vector<std::string> messages;
  for (const auto& [port, bound] : ports.by_port()) {
    for (InetSocket* socket : bound) {
      const int state = socket->GetStatus().state;
      if (!IsListed(*socket, state) ||
          !request.Wants(socket->domain(), state, socket->local(),
                         socket->remote()) ||
          !Passes(request, socket->domain(), socket->local(),
                  socket->remote(), socket->port_chosen())) {
        continue;
      }
      messages.push_back(SocketMessage(task, asker, request, *socket));
    }
  }
  const Nanos now = task.clock().now();
  for (const auto& [names, ended] : ports.ended()) {
    if (ended.until <= now ||
        !request.Wants(ended.domain, StateOf(ended), ended.local,
                       ended.remote) ||
        !Passes(request, ended.domain, ended.local, ended.remote, false)) {
      continue;
    }
    messages.push_back(EndedMessage(asker, ended, now));
  }
  return messages;
}

// The connection of that name, else who listens there.
DiagAnswer FindOne(Task& task, const NetlinkAsker& asker,
                   const Request& request, const InetPorts& ports) {
  const inet_diag_sockid& id = request.wanted.id;
  InetSocket* found = nullptr;
  for (InetSocket* socket : ports.At(ntohs(id.idiag_sport))) {
    const int domain = socket->domain();
    if (domain != request.wanted.sdiag_family) continue;
    if (!IsListed(*socket, socket->GetStatus().state)) continue;
    const bool connected = socket->has_remote();
    if (!connected) {
      const bool any = socket->local().ip.IsAny();
      if (!any && !IsAddress(socket->local().ip, domain, id.idiag_src)) {
        continue;
      }
      if (found == nullptr) found = socket;
    } else if (socket->remote().port == ntohs(id.idiag_dport) &&
               IsAddress(socket->local().ip, domain, id.idiag_src) &&
               IsAddress(socket->remote().ip, domain, id.idiag_dst)) {
      found = socket;
      break;
    }
  }
  if (found == nullptr) return Errno(ENOENT);
  const uint64_t ino = found->inode().ino();
  const uint64_t cookie =
      id.idiag_cookie[0] | uint64_t{id.idiag_cookie[1]} << 32;
  if (cookie != ~uint64_t{0} && cookie != ino) return Errno(ENOENT);
  return std::vector<std::string>{SocketMessage(task, asker, request, *found)};
}

// The filter among the attributes behind the request. EINVAL.
Result<absl::string_view> FindFilter(absl::string_view attributes) {
  absl::string_view filter;
  while (attributes.size() >= sizeof(rtattr)) {
    rtattr attribute;
    memcpy(&attribute, attributes.data(), sizeof(attribute));
    if (attribute.rta_len < sizeof(attribute) ||
        attribute.rta_len > attributes.size()) {
      return Errno(EINVAL);
    }
    if (attribute.rta_type == INET_DIAG_REQ_BYTECODE) {
      filter = attributes.substr(sizeof(attribute),
                                 attribute.rta_len - sizeof(attribute));
      if (filter.empty()) return Errno(EINVAL);
    }
    attributes.remove_prefix(
        std::min<size_t>(RTA_ALIGN(attribute.rta_len), attributes.size()));
  }
  return filter;
}

}  // namespace

DiagAnswer AnswerInetDiag(Task& task, const NetlinkAsker& asker,
                          absl::string_view message) {
  Request request;
  constexpr size_t kHeaders = sizeof(nlmsghdr) + sizeof(request.wanted);
  if (message.size() < kHeaders) return Errno(EINVAL);
  memcpy(&request.wanted, message.data() + sizeof(nlmsghdr),
         sizeof(request.wanted));
  if (asker.dump()) {
    request.filter = TRY(FindFilter(message.substr(kHeaders)));
    if (!request.filter.empty()) {
      TRY(CheckDiagFilter(request.filter, task.creds->Has(CAP_NET_ADMIN)));
    }
  }
  const Network& network = *task.kernel().subsystems().network;
  const InetPorts* ports = nullptr;
  switch (request.wanted.sdiag_protocol) {
    case IPPROTO_TCP:
      ports = &network.tcp_ports;
      break;
    case IPPROTO_UDP:
      ports = &network.udp_ports;
      break;
    case IPPROTO_UDPLITE:
      ports = &network.udplite_ports;
      break;
    default:
      return Errno(ENOENT);
  }
  if (!asker.dump()) return FindOne(task, asker, request, *ports);
  return Dump(task, asker, request, *ports);
}

}  // namespace emu
