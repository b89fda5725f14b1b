// SPDX-License-Identifier: Apache-2.0
//
// What System V ipc objects have in common on the wire:
// include/uapi/asm-generic/ipcbuf.h. The commands are in <sys/ipc.h>.

#ifndef ARCH_ABI_IPC_H_
#define ARCH_ABI_IPC_H_

#include <cstdint>

namespace emu::abi {

struct ipc64_perm {
  int32_t key;
  uint32_t uid;
  uint32_t gid;
  uint32_t cuid;
  uint32_t cgid;
  uint32_t mode;
  uint16_t seq;
  uint16_t pad2;
  uint32_t pad3;
  uint64_t unused1;
  uint64_t unused2;
};
static_assert(sizeof(ipc64_perm) == 48);

}  // namespace emu::abi

#endif  // ARCH_ABI_IPC_H_
