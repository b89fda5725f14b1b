// SPDX-License-Identifier: Apache-2.0
//
// Sets of processors as the kernel prints them.

#ifndef KERNEL_PROCFS_CPU_LIST_H_
#define KERNEL_PROCFS_CPU_LIST_H_

#include <cstdint>
#include <string>

namespace emu {

// "0-3,5" for bits 0 to 3 and 5.
std::string CpuList(uint64_t set);
// Hexadecimal, in groups of 32 bits: "ff" or "1,00000000".
std::string CpuMask(uint64_t set);
// Processors 0 to `count` - 1.
inline uint64_t FirstCpus(int count) {
  return count >= 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1;
}

}  // namespace emu

#endif  // KERNEL_PROCFS_CPU_LIST_H_
