// SPDX-License-Identifier: Apache-2.0
//
// What the stat and statfs families write: include/uapi/asm/stat.h of x86-64,
// linux/stat.h, asm/statfs.h.

#ifndef ARCH_ABI_STAT_H_
#define ARCH_ABI_STAT_H_

#include <cstddef>
#include <cstdint>

#include "arch/abi/time.h"

namespace emu::abi {

struct stat {
  uint64_t st_dev;
  uint64_t st_ino;
  uint64_t st_nlink;
  uint32_t st_mode;
  uint32_t st_uid;
  uint32_t st_gid;
  uint32_t pad0;
  uint64_t st_rdev;
  int64_t st_size;
  int64_t st_blksize;
  int64_t st_blocks;
  timespec st_atim;
  timespec st_mtim;
  timespec st_ctim;
  int64_t unused[3];
};
static_assert(sizeof(stat) == 144);
static_assert(offsetof(stat, st_size) == 48);

struct statx_timestamp {
  int64_t tv_sec;
  uint32_t tv_nsec;
  int32_t reserved;
};

struct statx {
  uint32_t stx_mask;
  uint32_t stx_blksize;
  uint64_t stx_attributes;
  uint32_t stx_nlink;
  uint32_t stx_uid;
  uint32_t stx_gid;
  uint16_t stx_mode;
  uint16_t pad0;
  uint64_t stx_ino;
  uint64_t stx_size;
  uint64_t stx_blocks;
  uint64_t stx_attributes_mask;
  statx_timestamp stx_atime;
  statx_timestamp stx_btime;
  statx_timestamp stx_ctime;
  statx_timestamp stx_mtime;
  uint32_t stx_rdev_major;
  uint32_t stx_rdev_minor;
  uint32_t stx_dev_major;
  uint32_t stx_dev_minor;
  uint64_t stx_mnt_id;
  uint32_t stx_dio_mem_align;
  uint32_t stx_dio_offset_align;
  uint64_t spare[12];
};
static_assert(sizeof(statx) == 256);
static_assert(offsetof(statx, stx_mnt_id) == 144);

struct statfs {
  int64_t f_type;
  int64_t f_bsize;
  uint64_t f_blocks;
  uint64_t f_bfree;
  uint64_t f_bavail;
  uint64_t f_files;
  uint64_t f_ffree;
  int32_t f_fsid[2];
  int64_t f_namelen;
  int64_t f_frsize;
  int64_t f_flags;
  int64_t f_spare[4];
};
static_assert(sizeof(statfs) == 120);

}  // namespace emu::abi

#endif  // ARCH_ABI_STAT_H_
