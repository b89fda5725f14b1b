// SPDX-License-Identifier: Apache-2.0
//
// adjtimex(2): include/uapi/linux/timex.h.

#ifndef ARCH_ABI_TIMEX_H_
#define ARCH_ABI_TIMEX_H_

#include <cstdint>

#include "arch/abi/time.h"

namespace emu::abi {

struct timex {
  uint32_t modes;
  uint32_t padding1;
  int64_t offset;
  int64_t freq;
  int64_t maxerror;
  int64_t esterror;
  int32_t status;
  int32_t padding2;
  int64_t constant;
  int64_t precision;
  int64_t tolerance;
  timeval time;
  int64_t tick;
  int64_t ppsfreq;
  int64_t jitter;
  int32_t shift;
  int32_t padding3;
  int64_t stabil;
  int64_t jitcnt;
  int64_t calcnt;
  int64_t errcnt;
  int64_t stbcnt;
  int32_t tai;
  int32_t padding4[11];
};
static_assert(sizeof(timex) == 208);

}  // namespace emu::abi

#endif  // ARCH_ABI_TIMEX_H_
