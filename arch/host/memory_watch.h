// SPDX-License-Identifier: Apache-2.0
//
// Keeps the memory of all guests together within a limit, as the host would
// with its own: a guest takes pages without asking (after a fork, or where it
// reserved none), so what they hold is looked at from time to time, and the
// guest that runs when it is too much is ended. Owned by the machine.

#ifndef ARCH_HOST_MEMORY_WATCH_H_
#define ARCH_HOST_MEMORY_WATCH_H_

#include <cstdint>
#include <vector>

#include "arch/host/host_process.h"

namespace emu {

class MemoryWatch {
 public:
  // `limit` is in bytes, 0 for none. `store_fd`, if not -1, is a memory file
  // whose pages count as the guests' own.
  MemoryWatch(uint64_t limit, int store_fd)
      : limit_(limit), store_fd_(store_fd) {}
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  bool enabled() const { return limit_ != 0; }
  void Add(HostProcess& process) { processes_.push_back(&process); }
  void Remove(HostProcess& process);

  // Whether the guests hold too much now. Each true answer ends a guest.
  bool Exceeded();
  // How many it ended.
  uint64_t kills() const { return kills_; }

 private:
  uint64_t StoreBytes() const;

  const uint64_t limit_;
  const int store_fd_;
  std::vector<HostProcess*> processes_;
  int64_t next_exact_ = 0;  // host time before which nothing is measured
  uint64_t kills_ = 0;
};

}  // namespace emu

#endif  // ARCH_HOST_MEMORY_WATCH_H_
