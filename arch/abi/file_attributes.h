// SPDX-License-Identifier: Apache-2.0
//
// Structs of calls on files that came late: include/uapi/linux/fs.h (file_attr),
// xattr.h (xattr_args) and mman.h (cachestat).

#ifndef ARCH_ABI_FILE_ATTRIBUTES_H_
#define ARCH_ABI_FILE_ATTRIBUTES_H_

#include <cstdint>

namespace emu::abi {

struct file_attr {
  uint64_t fa_xflags;
  uint32_t fa_extsize;
  uint32_t fa_nextents;
  uint32_t fa_projid;
  uint32_t fa_cowextsize;
};
static_assert(sizeof(file_attr) == 24);

struct xattr_args {
  uint64_t value;
  uint32_t size;
  uint32_t flags;
};
static_assert(sizeof(xattr_args) == 16);

struct cachestat_range {
  uint64_t off;
  uint64_t len;  // 0: to the end
};
static_assert(sizeof(cachestat_range) == 16);

struct cachestat {
  uint64_t nr_cache;
  uint64_t nr_dirty;
  uint64_t nr_writeback;
  uint64_t nr_evicted;
  uint64_t nr_recently_evicted;
};
static_assert(sizeof(cachestat) == 40);

}  // namespace emu::abi

#endif  // ARCH_ABI_FILE_ATTRIBUTES_H_
