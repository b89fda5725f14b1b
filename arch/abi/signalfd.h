// SPDX-License-Identifier: Apache-2.0
//
// signalfd(2) on the wire: include/uapi/linux/signalfd.h.

#ifndef ARCH_ABI_SIGNALFD_H_
#define ARCH_ABI_SIGNALFD_H_

#include <cstdint>

namespace emu::abi {

struct signalfd_siginfo {
  uint32_t ssi_signo;
  int32_t ssi_errno;
  int32_t ssi_code;
  uint32_t ssi_pid;
  uint32_t ssi_uid;
  int32_t ssi_fd;
  uint32_t ssi_tid;
  uint32_t ssi_band;
  uint32_t ssi_overrun;
  uint32_t ssi_trapno;
  int32_t ssi_status;
  int32_t ssi_int;
  uint64_t ssi_ptr;
  uint64_t ssi_utime;
  uint64_t ssi_stime;
  uint64_t ssi_addr;
  uint16_t ssi_addr_lsb;
  uint8_t pad[46];
};
static_assert(sizeof(signalfd_siginfo) == 128);

}  // namespace emu::abi

#endif  // ARCH_ABI_SIGNALFD_H_
