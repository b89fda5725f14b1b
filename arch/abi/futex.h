// SPDX-License-Identifier: Apache-2.0
//
// include/uapi/linux/futex.h's structs, 64-bit.

#ifndef ARCH_ABI_FUTEX_H_
#define ARCH_ABI_FUTEX_H_

#include <cstdint>

namespace emu::abi {

struct robust_list_head {
  uint64_t list;  // the first entry's address; bit 0: a lock with inheritance
  int64_t futex_offset;
  uint64_t list_op_pending;
};
static_assert(sizeof(robust_list_head) == 24);

struct futex_waitv {
  uint64_t val;
  uint64_t uaddr;
  uint32_t flags;
  uint32_t reserved;
};
static_assert(sizeof(futex_waitv) == 24);

}  // namespace emu::abi

#endif  // ARCH_ABI_FUTEX_H_
