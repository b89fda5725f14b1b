// SPDX-License-Identifier: Apache-2.0
//
// Which kinds of sockets there are.

#ifndef KERNEL_NET_FAMILIES_H_
#define KERNEL_NET_FAMILIES_H_

#include <memory>
#include <utility>

#include "arch/result.h"
#include "kernel/net/socket.h"

namespace emu {

class Task;

// socket(2); `type` without its flags, `flags` O_NONBLOCK or none.
// EAFNOSUPPORT, ESOCKTNOSUPPORT, EPROTONOSUPPORT, EPERM.
Result<std::shared_ptr<Socket>> NewSocket(Task& task, const Socket::Type& type,
                                          int flags);
// socketpair(2). EOPNOTSUPP.
Result<std::pair<std::shared_ptr<Socket>, std::shared_ptr<Socket>>>
NewSocketPair(Task& task, const Socket::Type& type, int flags);

}  // namespace emu

#endif  // KERNEL_NET_FAMILIES_H_
