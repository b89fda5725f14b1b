// SPDX-License-Identifier: Apache-2.0
//
// ioctl(2) requests about network interfaces, the same on every socket. There
// is one interface: the loopback.

#ifndef KERNEL_NET_NET_IOCTL_H_
#define KERNEL_NET_NET_IOCTL_H_

#include <cstdint>

#include "arch/result.h"
#include "arch/user_ptr.h"

namespace emu {

class Task;

// netdevice(7). ENOTTY: not one of these; ENODEV, EPERM, EFAULT.
Result<int64_t> InterfaceIoctl(Task& task, uint32_t request, GuestAddr arg);

// The loopback interface as guests see it.
inline constexpr int kLoopbackIndex = 1;
inline constexpr char kLoopbackName[] = "lo";
inline constexpr int kLoopbackMtu = 65536;
inline constexpr int kLoopbackQueueLength = 1000;

}  // namespace emu

#endif  // KERNEL_NET_NET_IOCTL_H_
