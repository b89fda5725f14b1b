// SPDX-License-Identifier: Apache-2.0
//
// sock_diag(7), which ss(8) asks: the answers of each family to one request, or
// the errno of a request that makes no sense. A socket's cookie is its inode's
// number.

#ifndef KERNEL_NET_NETLINK_DIAG_H_
#define KERNEL_NET_NETLINK_DIAG_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/result.h"
#include "kernel/net/inet_address.h"
#include "kernel/net/netlink_message.h"

namespace emu {

class Task;

// A message for each socket that was asked for: all that match in a dump, else
// the one (ENOENT).
using DiagAnswer = Result<std::vector<std::string>>;

DiagAnswer AnswerInetDiag(Task& task, const NetlinkAsker& asker,
                          absl::string_view request);
DiagAnswer AnswerUnixDiag(Task& task, const NetlinkAsker& asker,
                          absl::string_view request);

// INET_DIAG_REQ_BYTECODE: whether `code` makes sense (EINVAL, EPERM), and
// whether it lets a socket through.
struct DiagSocket {
  int family = 0;
  IpAddress source, destination;
  uint16_t source_port = 0, destination_port = 0;
  uint32_t device = 0;
  bool port_chosen = false;  // by its user
};
Result<> CheckDiagFilter(absl::string_view code, bool net_admin);
bool DiagFilterPasses(absl::string_view code, const DiagSocket& socket);

}  // namespace emu

#endif  // KERNEL_NET_NETLINK_DIAG_H_
