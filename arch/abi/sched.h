// SPDX-License-Identifier: Apache-2.0
//
// sched_setattr(2): include/uapi/linux/sched/types.h.

#ifndef ARCH_ABI_SCHED_H_
#define ARCH_ABI_SCHED_H_

#include <cstdint>

namespace emu::abi {

struct sched_param {
  int32_t sched_priority;
};
static_assert(sizeof(sched_param) == 4);

struct sched_attr {
  uint32_t size;
  uint32_t sched_policy;
  uint64_t sched_flags;
  int32_t sched_nice;
  uint32_t sched_priority;
  uint64_t sched_runtime;
  uint64_t sched_deadline;
  uint64_t sched_period;
  // Here SCHED_ATTR_SIZE_VER0 ends.
  uint32_t sched_util_min;
  uint32_t sched_util_max;
};
static_assert(sizeof(sched_attr) == 56);

}  // namespace emu::abi

#endif  // ARCH_ABI_SCHED_H_
