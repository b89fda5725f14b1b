// SPDX-License-Identifier: Apache-2.0
//
// getrusage(2) and prlimit(2).

#ifndef ARCH_ABI_RESOURCE_H_
#define ARCH_ABI_RESOURCE_H_

#include <cstdint>

#include "arch/abi/time.h"

namespace emu::abi {

struct rusage {
  timeval ru_utime;
  timeval ru_stime;
  int64_t ru_maxrss;
  int64_t ru_ixrss;
  int64_t ru_idrss;
  int64_t ru_isrss;
  int64_t ru_minflt;
  int64_t ru_majflt;
  int64_t ru_nswap;
  int64_t ru_inblock;
  int64_t ru_oublock;
  int64_t ru_msgsnd;
  int64_t ru_msgrcv;
  int64_t ru_nsignals;
  int64_t ru_nvcsw;
  int64_t ru_nivcsw;
};
static_assert(sizeof(rusage) == 144);

// Also the plain struct rlimit of 64-bit machines.
struct rlimit64 {
  uint64_t rlim_cur;
  uint64_t rlim_max;
};
static_assert(sizeof(rlimit64) == 16);

}  // namespace emu::abi

#endif  // ARCH_ABI_RESOURCE_H_
