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

// EPIOCSPARAMS and EPIOCGPARAMS, since Linux 6.9.
struct epoll_params {
  uint32_t busy_poll_usecs;
  uint16_t busy_poll_budget;
  uint8_t prefer_busy_poll;
  uint8_t pad;
};
static_assert(sizeof(epoll_params) == 8);
inline constexpr uint32_t kEpollSetParams = 0x40088a01;
inline constexpr uint32_t kEpollGetParams = 0x80088a02;

}  // namespace emu::abi

#endif  // ARCH_ABI_EPOLL_H_
