// SPDX-License-Identifier: Apache-2.0
//
// POSIX message queues on the wire: include/uapi/linux/mqueue.h.

#ifndef ARCH_ABI_MQUEUE_H_
#define ARCH_ABI_MQUEUE_H_

#include <cstdint>

namespace emu::abi {

struct mq_attr {
  int64_t mq_flags;
  int64_t mq_maxmsg;
  int64_t mq_msgsize;
  int64_t mq_curmsgs;
  int64_t reserved[4];
};
static_assert(sizeof(mq_attr) == 64);

}  // namespace emu::abi

#endif  // ARCH_ABI_MQUEUE_H_
