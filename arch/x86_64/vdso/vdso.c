// SPDX-License-Identifier: Apache-2.0
//
// The code of emu's vDSO for x86-64: see arch/vdso.h. Built without a C library,
// and without relocations: nothing would apply them.

#include <stdint.h>

struct vdso_data {
  int64_t now;
  int64_t realtime_offset;
  int64_t limit;
  int64_t reads;
  int64_t reads_limit;
  int64_t cheap_reads;
  int64_t doubled_below;
  int64_t step;
};

// The page below the image: vdso.lds.
extern struct vdso_data vdso_data __attribute__((visibility("hidden")));

struct timespec64 {
  int64_t sec, nsec;
};
struct timeval64 {
  int64_t sec, usec;
};
struct timezone32 {
  int32_t minuteswest, dsttime;
};

// Numbers of clocks, from include/uapi/linux/time.h.
enum {
  kRealtime = 0,
  kMonotonic = 1,
  kMonotonicRaw = 4,
  kRealtimeCoarse = 5,
  kMonotonicCoarse = 6,
  kBoottime = 7,
  kTai = 11,
};

enum { kGettimeofday = 96, kTime = 201, kClockGettime = 228 };
enum { kClockGetres = 229, kGetcpu = 309 };

#define NANOS_PER_SECOND 1000000000

static inline long Syscall(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "0"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

// Reads the clock, which is what moves it; 0: that is for a system call to do.
static inline int64_t Now(void) {
  volatile struct vdso_data *data = &vdso_data;
  const int64_t reads = data->reads + 1;
  int64_t step = data->step;
  if (reads > data->cheap_reads && step < data->doubled_below) step *= 2;
  const int64_t now = data->now + step;
  if (now >= data->limit || reads >= data->reads_limit) return 0;
  data->now = now;
  data->reads = reads;
  data->step = step;
  return now;
}

static inline int64_t RealtimeOffset(void) {
  return ((volatile struct vdso_data *)&vdso_data)->realtime_offset;
}

int __vdso_clock_gettime(int clock, struct timespec64 *to) {
  int64_t offset;
  switch (clock) {
    case kMonotonic:
    case kMonotonicRaw:
    case kMonotonicCoarse:
    case kBoottime:
      offset = 0;
      break;
    case kRealtime:
    case kRealtimeCoarse:
    case kTai:
      offset = RealtimeOffset();
      break;
    default:
      return (int)Syscall(kClockGettime, clock, (long)to, 0);
  }
  const int64_t now = Now();
  if (now == 0) return (int)Syscall(kClockGettime, clock, (long)to, 0);
  const int64_t time = now + offset;
  to->sec = time / NANOS_PER_SECOND;
  to->nsec = time % NANOS_PER_SECOND;
  return 0;
}

int __vdso_gettimeofday(struct timeval64 *to, struct timezone32 *zone) {
  if (to) {
    const int64_t now = Now();
    if (now == 0) return (int)Syscall(kGettimeofday, (long)to, (long)zone, 0);
    const int64_t time = now + RealtimeOffset();
    to->sec = time / NANOS_PER_SECOND;
    to->usec = time % NANOS_PER_SECOND / 1000;
  }
  if (zone) zone->minuteswest = zone->dsttime = 0;
  return 0;
}

int64_t __vdso_time(int64_t *to) {
  const int64_t now = Now();
  if (now == 0) return Syscall(kTime, (long)to, 0, 0);
  const int64_t seconds = (now + RealtimeOffset()) / NANOS_PER_SECOND;
  if (to) *to = seconds;
  return seconds;
}

int __vdso_clock_getres(int clock, struct timespec64 *to) {
  return (int)Syscall(kClockGetres, clock, (long)to, 0);
}

int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused) {
  return (int)Syscall(kGetcpu, (long)cpu, (long)node, (long)unused);
}

#define ALIAS(name, of) \
  extern __typeof__(of) name __attribute__((weak, alias(#of)))
ALIAS(clock_gettime, __vdso_clock_gettime);
ALIAS(gettimeofday, __vdso_gettimeofday);
ALIAS(time, __vdso_time);
ALIAS(clock_getres, __vdso_clock_getres);
ALIAS(getcpu, __vdso_getcpu);
