// SPDX-License-Identifier: Apache-2.0
//
// epoll(7) on the wire: include/uapi/linux/eventpoll.h.

#ifndef ARCH_ABI_EPOLL_H_
#define ARCH_ABI_EPOLL_H_

#include <cstdint>

namespace emu::abi {

// EPOLL_PACKED: on x86-64 without the padding that others have.
struct __attribute__((packed)) epoll_event {
  uint32_t events;
  uint64_t data;
};
static_assert(sizeof(epoll_event) == 12);

}  // namespace emu::abi

#endif  // ARCH_ABI_EPOLL_H_
