// SPDX-License-Identifier: Apache-2.0
//
// The memory devices: null, zero, full, random, urandom and kmsg.

#ifndef KERNEL_DEV_MEM_DEVICES_H_
#define KERNEL_DEV_MEM_DEVICES_H_

#include <cstdint>

namespace emu {

class Kernel;

// Their device numbers.
inline constexpr uint32_t kMemMajor = 1;
inline constexpr uint32_t kNullMinor = 3;
inline constexpr uint32_t kZeroMinor = 5;
inline constexpr uint32_t kFullMinor = 7;
inline constexpr uint32_t kRandomMinor = 8;
inline constexpr uint32_t kUrandomMinor = 9;
inline constexpr uint32_t kKmsgMinor = 11;

// Makes them openable.
void RegisterMemDevices(Kernel& kernel);

}  // namespace emu

#endif  // KERNEL_DEV_MEM_DEVICES_H_
