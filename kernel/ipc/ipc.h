// SPDX-License-Identifier: Apache-2.0
//
// The objects of System V and POSIX ipc that one kernel has.

#ifndef KERNEL_IPC_IPC_H_
#define KERNEL_IPC_IPC_H_

#include "kernel/ipc/message_queue.h"
#include "kernel/ipc/mqueue.h"
#include "kernel/ipc/semaphores.h"

namespace emu {

// Owned by Subsystems.
struct Ipc {
  Semaphores semaphores{32000};       // SEMMNI
  SysvMessageQueues messages{32000};  // MSGMNI
  PosixMessageQueues posix_messages;
};

}  // namespace emu

#endif  // KERNEL_IPC_IPC_H_
