// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/device.h"

#include <sys/sysmacros.h>

#include "kernel/fs/path.h"

namespace emu {

void DeviceRegistry::Register(uint32_t major, uint32_t minor,
                              DeviceOpener opener) {
  openers_[{major, minor}] = std::move(opener);
}

Result<FileRef> DeviceRegistry::Open(Task& task, const Path& path,
                                     int flags) const {
  const Attributes& attr = path.inode().attr();
  const uint32_t major = gnu_dev_major(attr.rdev);
  const uint32_t minor = gnu_dev_minor(attr.rdev);
  auto it = openers_.find({major, minor});
  if (it == openers_.end()) it = openers_.find({major, kAnyMinor});
  if (it == openers_.end()) return Errno(ENXIO);
  return it->second(task, path, flags, minor);
}

}  // namespace emu
