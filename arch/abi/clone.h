// SPDX-License-Identifier: Apache-2.0
//
// clone3(2): include/uapi/linux/sched.h.

#ifndef ARCH_ABI_CLONE_H_
#define ARCH_ABI_CLONE_H_

#include <cstdint>

namespace emu::abi {

struct clone_args {
  uint64_t flags;
  uint64_t pidfd;
  uint64_t child_tid;
  uint64_t parent_tid;
  uint64_t exit_signal;
  uint64_t stack;
  uint64_t stack_size;
  uint64_t tls;
  // Here CLONE_ARGS_SIZE_VER0 ends.
  uint64_t set_tid;
  uint64_t set_tid_size;
  // Here CLONE_ARGS_SIZE_VER1 ends.
  uint64_t cgroup;
};
static_assert(sizeof(clone_args) == 88);

}  // namespace emu::abi

#endif  // ARCH_ABI_CLONE_H_
