// SPDX-License-Identifier: Apache-2.0
//
// What the handlers of socket calls have in common.

#ifndef KERNEL_SYSCALLS_SOCKET_CALL_H_
#define KERNEL_SYSCALLS_SOCKET_CALL_H_

#include <memory>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/net/socket.h"

namespace emu {

class Task;

// EBADF, ENOTSOCK.
Result<std::shared_ptr<Socket>> GetSocket(Task& task, Fd fd);
// EINVAL, EFAULT.
Result<SocketAddress> ReadAddress(Task& task, UserPtr<const char> from,
                                  int length);
// As much of `address` as there is room for, and its full length. EFAULT,
// EINVAL.
Result<> WriteAddress(Task& task, const SocketAddress& address,
                      UserPtr<char> to, UserPtr<int32_t> length);

}  // namespace emu

#endif  // KERNEL_SYSCALLS_SOCKET_CALL_H_
