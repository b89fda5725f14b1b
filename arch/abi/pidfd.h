// SPDX-License-Identifier: Apache-2.0
//
// PIDFD_GET_INFO: include/uapi/linux/pidfd.h.

#ifndef ARCH_ABI_PIDFD_H_
#define ARCH_ABI_PIDFD_H_

#include <cstdint>

namespace emu::abi {

struct pidfd_info {
  uint64_t mask;  // PIDFD_INFO_*
  uint64_t cgroupid;
  uint32_t pid;
  uint32_t tgid;
  uint32_t ppid;
  uint32_t ruid, rgid;
  uint32_t euid, egid;
  uint32_t suid, sgid;
  uint32_t fsuid, fsgid;
  int32_t exit_code;
  // Here PIDFD_INFO_SIZE_VER0 ends.
  uint32_t coredump_mask;
  uint32_t spare1;
};
static_assert(sizeof(pidfd_info) == 72);

}  // namespace emu::abi

#endif  // ARCH_ABI_PIDFD_H_
