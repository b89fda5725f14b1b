// SPDX-License-Identifier: Apache-2.0
//
// seccomp(2): include/uapi/linux/seccomp.h and filter.h.

#ifndef ARCH_ABI_SECCOMP_H_
#define ARCH_ABI_SECCOMP_H_

#include <cstdint>

namespace emu::abi {

struct seccomp_data {
  int32_t nr;
  uint32_t arch;  // AUDIT_ARCH_*
  uint64_t instruction_pointer;
  uint64_t args[6];
};
static_assert(sizeof(seccomp_data) == 64);

struct sock_filter {
  uint16_t code;
  uint8_t jt;
  uint8_t jf;
  uint32_t k;
};
static_assert(sizeof(sock_filter) == 8);

struct sock_fprog {
  uint16_t len;
  uint16_t padding[3];
  uint64_t filter;
};
static_assert(sizeof(sock_fprog) == 16);

struct seccomp_notif_sizes {
  uint16_t seccomp_notif;
  uint16_t seccomp_notif_resp;
  uint16_t seccomp_data;
};
static_assert(sizeof(seccomp_notif_sizes) == 6);

}  // namespace emu::abi

#endif  // ARCH_ABI_SECCOMP_H_
