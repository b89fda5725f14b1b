// SPDX-License-Identifier: Apache-2.0
//
// Ancillary data between guest memory and Control: cmsg(3).

#ifndef KERNEL_NET_CONTROL_H_
#define KERNEL_NET_CONTROL_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/net/socket.h"

namespace emu {

class Task;

// What a message of `socket` is sent with. EINVAL, EFAULT, ENOBUFS; EBADF and
// EPERM for descriptors and credentials that are not the sender's to send.
Result<Control> ReadControl(Task& task, const Socket& socket, GuestAddr from,
                            uint64_t length);

struct WrittenControl {
  uint64_t length = 0;
  bool truncated = false;  // MSG_CTRUNC
};
// Tells the receiver, as far as there is room; descriptors are made on the way.
WrittenControl WriteControl(Task& task, Control& control, GuestAddr to,
                            uint64_t room, bool cloexec);

// A descriptor of the process `pid` (SO_PEERPIDFD, SCM_PIDFD). EMFILE; ESRCH:
// it is gone.
Result<Fd> AddPidFd(Task& task, Pid pid);

}  // namespace emu

#endif  // KERNEL_NET_CONTROL_H_
