// SPDX-License-Identifier: Apache-2.0
//
// Device numbers and what opens behind them. Owned by the kernel's Subsystems;
// drivers register themselves at boot.

#ifndef KERNEL_FS_DEVICE_H_
#define KERNEL_FS_DEVICE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "arch/result.h"
#include "kernel/fs/inode.h"

namespace emu {

// As open(2)'s on the device's node; `minor` tells those of one driver apart.
using DeviceOpener = std::function<Result<FileRef>(Task& task, const Path& path,
                                                   int flags, uint32_t minor)>;

class DeviceRegistry {
 public:
  // For every minor of `major` that has no opener of its own.
  static constexpr uint32_t kAnyMinor = ~0u;

  // A character device's driver.
  void Register(uint32_t major, uint32_t minor, DeviceOpener opener);
  // Opens the device that `path`'s inode stands for: ENXIO if there is none.
  Result<FileRef> Open(Task& task, const Path& path, int flags) const;

 private:
  std::map<std::pair<uint32_t, uint32_t>, DeviceOpener> openers_;
};

}  // namespace emu

#endif  // KERNEL_FS_DEVICE_H_
