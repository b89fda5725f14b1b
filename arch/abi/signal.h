// SPDX-License-Identifier: Apache-2.0
//
// Signals on the wire, as the kernel has them: its sigset_t is 64 bits and its
// sigaction differs from the C library's.

#ifndef ARCH_ABI_SIGNAL_H_
#define ARCH_ABI_SIGNAL_H_

#include <cstdint>

namespace emu::abi {

struct sigaction {
  uint64_t handler;
  uint64_t flags;
  uint64_t restorer;
  uint64_t mask;
};
static_assert(sizeof(sigaction) == 32);

struct stack_t {
  uint64_t ss_sp;
  int32_t ss_flags;
  int32_t padding;
  uint64_t ss_size;
};
static_assert(sizeof(stack_t) == 24);

struct siginfo {
  char bytes[128];
};

struct sigevent {
  uint64_t sigev_value;
  int32_t sigev_signo;
  int32_t sigev_notify;
  int32_t sigev_notify_thread_id;
  int32_t padding[11];
};
static_assert(sizeof(sigevent) == 64);

}  // namespace emu::abi

#endif  // ARCH_ABI_SIGNAL_H_
