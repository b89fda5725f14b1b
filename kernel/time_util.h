// SPDX-License-Identifier: Apache-2.0
//
// Between wire times and Nanos.

#ifndef KERNEL_TIME_UTIL_H_
#define KERNEL_TIME_UTIL_H_

#include "arch/abi/time.h"
#include "arch/result.h"
#include "kernel/clock.h"

namespace emu {

inline abi::timespec ToTimespec(Nanos time) {
  return {time / kNanosPerSecond, time % kNanosPerSecond};
}
inline abi::timeval ToTimeval(Nanos time) {
  return {time / kNanosPerSecond, time % kNanosPerSecond / 1000};
}
// A length of time or a point in it. EINVAL: negative, or more than a second of
// nanoseconds. What does not fit saturates.
inline Result<Nanos> FromTimespec(const abi::timespec& t) {
  if (t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= kNanosPerSecond) {
    return Errno(EINVAL);
  }
  if (t.tv_sec >= kNever / kNanosPerSecond) return kNever;
  return t.tv_sec * kNanosPerSecond + t.tv_nsec;
}
inline Result<Nanos> FromTimeval(const abi::timeval& t) {
  if (t.tv_usec < 0 || t.tv_usec >= 1'000'000) return Errno(EINVAL);
  return FromTimespec({t.tv_sec, t.tv_usec * 1000});
}
// times(2)'s unit, USER_HZ: 100 a second.
inline int64_t ToClockTicks(Nanos time) { return time / 10'000'000; }
// `time` from now, saturating.
inline Nanos After(Nanos now, Nanos time) {
  return time >= kNever - now ? kNever : now + time;
}

}  // namespace emu

#endif  // KERNEL_TIME_UTIL_H_
