// SPDX-License-Identifier: Apache-2.0
//
// Times as guests and the kernel exchange them: include/uapi/linux/time_types.h
// and time.h, 64-bit.

#ifndef ARCH_ABI_TIME_H_
#define ARCH_ABI_TIME_H_

#include <cstdint>

namespace emu::abi {

struct timespec {
  int64_t tv_sec;
  int64_t tv_nsec;
};
static_assert(sizeof(timespec) == 16);

struct timeval {
  int64_t tv_sec;
  int64_t tv_usec;
};
static_assert(sizeof(timeval) == 16);

struct timezone {
  int32_t tz_minuteswest;
  int32_t tz_dsttime;
};
static_assert(sizeof(timezone) == 8);

struct itimerspec {
  timespec it_interval;
  timespec it_value;
};
static_assert(sizeof(itimerspec) == 32);

struct itimerval {
  timeval it_interval;
  timeval it_value;
};
static_assert(sizeof(itimerval) == 32);

}  // namespace emu::abi

#endif  // ARCH_ABI_TIME_H_
