// SPDX-License-Identifier: Apache-2.0
//
// System V semaphores and messages on the wire: include/uapi/linux/sem.h and
// msg.h. The commands are those of <sys/sem.h> and <sys/msg.h>.

#ifndef ARCH_ABI_SYSV_IPC_H_
#define ARCH_ABI_SYSV_IPC_H_

#include <cstdint>

#include "arch/abi/ipc.h"

namespace emu::abi {

struct sembuf {
  uint16_t sem_num;
  int16_t sem_op;
  int16_t sem_flg;
};
static_assert(sizeof(sembuf) == 6);

struct semid64_ds {
  ipc64_perm perm;
  int64_t otime;
  uint64_t unused1;
  int64_t ctime;
  uint64_t unused2;
  uint64_t nsems;
  uint64_t unused3;
  uint64_t unused4;
};
static_assert(sizeof(semid64_ds) == 104);

struct seminfo {
  int32_t semmap, semmni, semmns, semmnu, semmsl;
  int32_t semopm, semume, semusz, semvmx, semaem;
};
static_assert(sizeof(seminfo) == 40);

struct msqid64_ds {
  ipc64_perm perm;
  int64_t stime;
  int64_t rtime;
  int64_t ctime;
  uint64_t cbytes;
  uint64_t qnum;
  uint64_t qbytes;
  int32_t lspid;
  int32_t lrpid;
  uint64_t unused4;
  uint64_t unused5;
};
static_assert(sizeof(msqid64_ds) == 120);

struct msginfo {
  int32_t msgpool, msgmap, msgmax, msgmnb, msgmni, msgssz, msgtql;
  uint16_t msgseg;
  uint16_t pad;
};
static_assert(sizeof(msginfo) == 32);

}  // namespace emu::abi

#endif  // ARCH_ABI_SYSV_IPC_H_
