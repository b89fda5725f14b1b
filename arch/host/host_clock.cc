// SPDX-License-Identifier: Apache-2.0

#include "arch/host/host_clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

namespace emu {

int64_t HostClock(int id) {
  timespec now = {};
  syscall(SYS_clock_gettime, id, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

// As <linux/posix-timers.h> makes it: the pid's complement, and by what to count.
int ProcessorClock(pid_t pid) {
  constexpr unsigned kByScheduler = 2;
  return static_cast<int>((~static_cast<unsigned>(pid) << 3) | kByScheduler);
}

}  // namespace emu
