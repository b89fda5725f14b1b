// SPDX-License-Identifier: Apache-2.0
//
// readv(2)'s vectors: include/uapi/linux/uio.h.

#ifndef ARCH_ABI_UIO_H_
#define ARCH_ABI_UIO_H_

#include <cstdint>

namespace emu::abi {

struct iovec {
  uint64_t iov_base;
  uint64_t iov_len;
};
static_assert(sizeof(iovec) == 16);

}  // namespace emu::abi

#endif  // ARCH_ABI_UIO_H_
