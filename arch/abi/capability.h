// SPDX-License-Identifier: Apache-2.0
//
// capget(2): include/uapi/linux/capability.h.

#ifndef ARCH_ABI_CAPABILITY_H_
#define ARCH_ABI_CAPABILITY_H_

#include <cstdint>

namespace emu::abi {

struct cap_user_header {
  uint32_t version;
  int32_t pid;
};
static_assert(sizeof(cap_user_header) == 8);

// 32 capabilities; versions 2 and 3 have two of these.
struct cap_user_data {
  uint32_t effective;
  uint32_t permitted;
  uint32_t inheritable;
};
static_assert(sizeof(cap_user_data) == 12);

}  // namespace emu::abi

#endif  // ARCH_ABI_CAPABILITY_H_
