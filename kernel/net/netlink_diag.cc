// SPDX-License-Identifier: Apache-2.0

#include "kernel/net/netlink_diag.h"

#include <linux/capability.h>
#include <linux/net.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstring>

#include "kernel/kernel.h"
#include "kernel/net/netlink.h"
#include "kernel/net/network.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kDatagram = 16 << 10;  // messages of a dump that go together

uint32_t Number(uint64_t ino) { return static_cast<uint32_t>(ino); }

// States are told in TCP's words.
int StateOf(const UnixSocket::Status& status) {
  if (status.listening) return TCP_LISTEN;
  return status.state == SS_CONNECTED ? TCP_ESTABLISHED : TCP_CLOSE;
}

std::string UnixMessage(const NetlinkAsker& asker, const UnixSocket& socket,
                        const UnixSocket::Status& status, uint32_t show) {
  const uint64_t ino = socket.inode().ino();
  unix_diag_msg body = {};
  body.udiag_family = AF_UNIX;
  body.udiag_type = static_cast<uint8_t>(status.type);
  body.udiag_state = static_cast<uint8_t>(StateOf(status));
  body.udiag_ino = Number(ino);
  body.udiag_cookie[0] = Number(ino);
  body.udiag_cookie[1] = Number(ino >> 32);
  NetlinkMessage message = asker.Answer(SOCK_DIAG_BY_FAMILY, body);
  if ((show & UDIAG_SHOW_NAME) != 0 && !status.name.empty()) {
    message.Add(UNIX_DIAG_NAME, status.name.data(), status.name.size());
  }
  if ((show & UDIAG_SHOW_VFS) != 0 && status.bound != nullptr) {
    Inode& inode = status.bound->inode();
    message.Add(UNIX_DIAG_VFS, unix_diag_vfs{Number(inode.ino()),
                                             Number(inode.fs().device())});
  }
  if ((show & UDIAG_SHOW_PEER) != 0 && status.has_peer) {
    message.Add(UNIX_DIAG_PEER, Number(status.peer));
  }
  if ((show & UDIAG_SHOW_ICONS) != 0 && status.listening) {
    std::vector<uint32_t> numbers;
    for (const uint64_t waiting : status.to_accept) {
      numbers.push_back(Number(waiting));
    }
    message.Add(UNIX_DIAG_ICONS, numbers.data(),
                numbers.size() * sizeof(numbers[0]));
  }
  if ((show & UDIAG_SHOW_RQLEN) != 0) {
    const unix_diag_rqlen lengths =
        status.listening
            ? unix_diag_rqlen{Number(status.to_accept.size()), status.backlog}
            : unix_diag_rqlen{Number(status.unread), Number(status.unsent)};
    message.Add(UNIX_DIAG_RQLEN, lengths);
  }
  if ((show & UDIAG_SHOW_MEMINFO) != 0) {
    uint32_t memory[SK_MEMINFO_VARS] = {};
    memory[SK_MEMINFO_WMEM_ALLOC] = Number(status.unsent);
    memory[SK_MEMINFO_RCVBUF] = memory[SK_MEMINFO_SNDBUF] = 212992;
    message.Add(UNIX_DIAG_MEMINFO, memory);
  }
  message.Add(UNIX_DIAG_SHUTDOWN, static_cast<uint8_t>(status.shut));
  if ((show & UDIAG_SHOW_UID) != 0) {
    message.Add(UNIX_DIAG_UID, socket.inode().attr().uid);
  }
  return message.Bytes();
}

// The family's answers to a request whose header is whole.
DiagAnswer AnswerByFamily(Task& task, const NetlinkAsker& asker,
                          absl::string_view request) {
  if (request.size() < sizeof(nlmsghdr) + sizeof(sock_diag_req)) {
    return Errno(EINVAL);
  }
  sock_diag_req wanted;
  memcpy(&wanted, request.data() + sizeof(nlmsghdr), sizeof(wanted));
  if (wanted.sdiag_family >= AF_MAX) return Errno(EINVAL);
  const bool destroy = asker.request.nlmsg_type == SOCK_DESTROY;
  switch (wanted.sdiag_family) {
    case AF_UNIX:
      if (destroy) return Errno(EOPNOTSUPP);
      return AnswerUnixDiag(task, asker, request);
    case AF_INET:
    case AF_INET6:
      if (destroy) {
        // Nobody but its owner ends a connection.
        TRY(AnswerInetDiag(task, asker, request));
        return Errno(task.creds->Has(CAP_NET_ADMIN) ? EOPNOTSUPP : EPERM);
      }
      return AnswerInetDiag(task, asker, request);
    default:
      return Errno(ENOENT);
  }
}

}  // namespace

DiagAnswer AnswerUnixDiag(Task& task, const NetlinkAsker& asker,
                          absl::string_view request) {
  unix_diag_req wanted;
  if (request.size() < sizeof(nlmsghdr) + sizeof(wanted)) return Errno(EINVAL);
  memcpy(&wanted, request.data() + sizeof(nlmsghdr), sizeof(wanted));
  const auto& all = task.kernel().subsystems().network->unix_names.all();
  std::vector<std::string> messages;
  if (asker.dump()) {
    for (const auto& [ino, socket] : all) {
      const UnixSocket::Status status = socket->GetStatus();
      if ((wanted.udiag_states >> StateOf(status) & 1) == 0) continue;
      if (wanted.udiag_ino != 0 && wanted.udiag_ino != Number(ino)) continue;
      messages.push_back(
          UnixMessage(asker, *socket, status, wanted.udiag_show));
    }
    return messages;
  }
  if (wanted.udiag_ino == 0) return Errno(EINVAL);
  const auto it = all.find(wanted.udiag_ino);
  if (it == all.end()) return Errno(ENOENT);
  constexpr uint32_t kAnyCookie = ~0u;  // INET_DIAG_NOCOOKIE
  const uint32_t* cookie = wanted.udiag_cookie;
  if ((cookie[0] != kAnyCookie || cookie[1] != kAnyCookie) &&
      (cookie[0] != Number(it->first) || cookie[1] != 0)) {
    return Errno(ESTALE);
  }
  messages.push_back(UnixMessage(asker, *it->second, it->second->GetStatus(),
                                 wanted.udiag_show));
  return messages;
}

std::deque<std::string> AnswerDiag(Task& task, absl::string_view request,
                                   uint32_t port) {
  const NetlinkAsker asker(request, port);
  DiagAnswer answer = Errno(EINVAL);
  switch (asker.request.nlmsg_type) {
    case SOCK_DIAG_BY_FAMILY:
    case SOCK_DESTROY:
      answer = AnswerByFamily(task, asker, request);
      break;
    default:
      break;
  }
  if (!answer.ok()) return {asker.Failure(answer.error().value())};
  std::deque<std::string> datagrams;
  for (std::string& message : *answer) {
    if (datagrams.empty() ||
        datagrams.back().size() + message.size() > kDatagram) {
      datagrams.emplace_back();
    }
    datagrams.back() += message;
  }
  if (asker.dump()) {
    datagrams.push_back(asker.Done());
  } else if ((asker.request.nlmsg_flags & NLM_F_ACK) != 0) {
    datagrams.push_back(asker.Failure(0));
  }
  return datagrams;
}

}  // namespace emu
