// SPDX-License-Identifier: Apache-2.0
//
// poll(2) and select(2) on the wire: include/uapi/asm-generic/poll.h and
// linux/posix_types.h.

#ifndef ARCH_ABI_POLL_H_
#define ARCH_ABI_POLL_H_

#include <cstdint>

namespace emu::abi {

struct pollfd {
  int32_t fd;
  int16_t events;
  int16_t revents;
};
static_assert(sizeof(pollfd) == 8);

// pselect6(2)'s sixth argument: a signal mask and its size.
struct sigset_argpack {
  uint64_t mask;  // an address
  uint64_t size;
};
static_assert(sizeof(sigset_argpack) == 16);

}  // namespace emu::abi

#endif  // ARCH_ABI_POLL_H_
