// SPDX-License-Identifier: Apache-2.0
//
// System V shared memory on the wire: include/uapi/asm-generic/shmbuf.h.

#ifndef ARCH_ABI_SHM_H_
#define ARCH_ABI_SHM_H_

#include <cstdint>

#include "arch/abi/ipc.h"

namespace emu::abi {

struct shmid64_ds {
  ipc64_perm perm;
  uint64_t segsz;
  int64_t atime;
  int64_t dtime;
  int64_t ctime;
  int32_t cpid;
  int32_t lpid;
  uint64_t nattch;
  uint64_t unused4;
  uint64_t unused5;
};
static_assert(sizeof(shmid64_ds) == 112);

struct shminfo64 {
  uint64_t shmmax;
  uint64_t shmmin;
  uint64_t shmmni;
  uint64_t shmseg;
  uint64_t shmall;
  uint64_t unused[4];
};
static_assert(sizeof(shminfo64) == 72);

struct shm_info {
  int32_t used_ids;
  int32_t pad;
  uint64_t shm_tot;
  uint64_t shm_rss;
  uint64_t shm_swp;
  uint64_t swap_attempts;
  uint64_t swap_successes;
};
static_assert(sizeof(shm_info) == 48);

}  // namespace emu::abi

#endif  // ARCH_ABI_SHM_H_
