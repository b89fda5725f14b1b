// SPDX-License-Identifier: Apache-2.0
//
// Sockets on the wire: include/linux/socket.h and include/uapi/linux/if.h. The
// constants are those of <sys/socket.h>.

#ifndef ARCH_ABI_SOCKET_H_
#define ARCH_ABI_SOCKET_H_

#include <cstdint>

namespace emu::abi {

struct msghdr {
  uint64_t msg_name;
  int32_t msg_namelen;
  uint32_t pad1;
  uint64_t msg_iov;
  uint64_t msg_iovlen;
  uint64_t msg_control;
  uint64_t msg_controllen;
  uint32_t msg_flags;
  uint32_t pad2;
};
static_assert(sizeof(msghdr) == 56);

struct mmsghdr {
  msghdr msg_hdr;
  uint32_t msg_len;
  uint32_t pad;
};
static_assert(sizeof(mmsghdr) == 64);

// Followed by the data, and padding to eight bytes.
struct cmsghdr {
  uint64_t cmsg_len;  // with this header
  int32_t cmsg_level;
  int32_t cmsg_type;
};
static_assert(sizeof(cmsghdr) == 16);

struct ucred {
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
};
static_assert(sizeof(ucred) == 12);

struct linger {
  int32_t l_onoff;
  int32_t l_linger;
};
static_assert(sizeof(linger) == 8);

inline constexpr int kIfNameSize = 16;

// struct ifreq, with its union as bytes; the C library makes macros of the
// names.
struct ifreq {
  char name[kIfNameSize];
  char data[24];
};
static_assert(sizeof(ifreq) == 40);

struct ifconf {
  int32_t len;
  uint32_t pad;
  uint64_t buf;
};
static_assert(sizeof(ifconf) == 16);

}  // namespace emu::abi

#endif  // ARCH_ABI_SOCKET_H_
