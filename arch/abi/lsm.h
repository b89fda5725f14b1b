// SPDX-License-Identifier: Apache-2.0
//
// lsm_get_self_attr(2) and its kin: include/uapi/linux/lsm.h.

#ifndef ARCH_ABI_LSM_H_
#define ARCH_ABI_LSM_H_

#include <cstdint>

namespace emu::abi {

// Followed by ctx_len bytes.
struct lsm_ctx {
  uint64_t id;
  uint64_t flags;
  uint64_t len;
  uint64_t ctx_len;
};
static_assert(sizeof(lsm_ctx) == 32);

inline constexpr uint64_t kLsmCapability = 100;  // LSM_ID_CAPABILITY
inline constexpr uint32_t kLsmSingle = 1;        // LSM_FLAG_SINGLE

}  // namespace emu::abi

#endif  // ARCH_ABI_LSM_H_
