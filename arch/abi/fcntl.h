// SPDX-License-Identifier: Apache-2.0
//
// What open, fcntl and getdents exchange: include/uapi/linux/fcntl.h,
// openat2.h, dirent.h. Constants are the C library's, but for those here.

#ifndef ARCH_ABI_FCNTL_H_
#define ARCH_ABI_FCNTL_H_

#include <cstddef>
#include <cstdint>

namespace emu::abi {

// The C library's O_LARGEFILE is 0 on 64-bit machines; the kernel sets its own
// for every open file, and F_GETFL shows it.
inline constexpr int kOLargeFile = 0100000;
// O_TMPFILE without its O_DIRECTORY.
inline constexpr int kOTmpFileBit = 020000000;

struct open_how {
  uint64_t flags;
  uint64_t mode;
  uint64_t resolve;
};
static_assert(sizeof(open_how) == 24);

struct flock {
  int16_t l_type;
  int16_t l_whence;
  int32_t pad0;
  int64_t l_start;
  int64_t l_len;
  int32_t l_pid;
  int32_t pad1;
};
static_assert(sizeof(flock) == 32);
static_assert(offsetof(flock, l_pid) == 24);

// Followed by handle_bytes bytes.
struct file_handle {
  uint32_t handle_bytes;
  int32_t handle_type;
};
static_assert(sizeof(file_handle) == 8);

struct f_owner_ex {
  int32_t type;
  int32_t pid;
};

// Followed by the name, its NUL and padding to eight bytes.
struct linux_dirent64 {
  uint64_t d_ino;
  int64_t d_off;
  uint16_t d_reclen;
  uint8_t d_type;
};
inline constexpr size_t kDirent64Name = 19;
static_assert(offsetof(linux_dirent64, d_type) == 18);

// getdents(2)'s: the name follows, and d_type in the record's last byte.
struct linux_dirent {
  uint64_t d_ino;
  uint64_t d_off;
  uint16_t d_reclen;
};
inline constexpr size_t kDirentName = 18;

}  // namespace emu::abi

#endif  // ARCH_ABI_FCNTL_H_
