// SPDX-License-Identifier: Apache-2.0
//
// How much memory a process is said to use. What the host has really brought in
// is no guest's to know, and differs from run to run; this is what the list of
// areas amounts to.

#ifndef KERNEL_PROCFS_MEMORY_USAGE_H_
#define KERNEL_PROCFS_MEMORY_USAGE_H_

#include <cstdint>

namespace emu {

class MemoryMap;
struct Area;

// All in bytes.
struct MemoryUsage {
  uint64_t size = 0;
  uint64_t anonymous = 0;  // resident, by kind
  uint64_t file = 0;
  uint64_t shared = 0;
  uint64_t data = 0;
  uint64_t stack = 0;
  uint64_t code = 0;
  uint64_t libraries = 0;
  uint64_t locked = 0;

  uint64_t resident() const { return anonymous + file + shared; }
};

// `map` may be null: a task that has none.
MemoryUsage UsageOf(const MemoryMap* map);
// Of it, what is resident.
uint64_t ResidentIn(const Area& area);

}  // namespace emu

#endif  // KERNEL_PROCFS_MEMORY_USAGE_H_
