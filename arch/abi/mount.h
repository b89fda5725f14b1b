// SPDX-License-Identifier: Apache-2.0
//
// listmount(2) and statmount(2): include/uapi/linux/mount.h.

#ifndef ARCH_ABI_MOUNT_H_
#define ARCH_ABI_MOUNT_H_

#include <cstddef>
#include <cstdint>

namespace emu::abi {

struct mnt_id_req {
  uint32_t size;
  uint32_t mnt_ns_fd;
  uint64_t mnt_id;
  uint64_t param;  // statmount: kStatmount* wanted; listmount: the last id had
  uint64_t mnt_ns_id;
};
static_assert(sizeof(mnt_id_req) == 32);
inline constexpr size_t kMountRequestFirstSize = 24;  // MNT_ID_REQ_SIZE_VER0

inline constexpr uint64_t kListmountRoot = ~uint64_t{0};  // LSMT_ROOT
inline constexpr uint32_t kListmountReverse = 1;

// STATMOUNT_*.
inline constexpr uint64_t kStatmountSbBasic = 0x1;
inline constexpr uint64_t kStatmountMountBasic = 0x2;
inline constexpr uint64_t kStatmountPropagateFrom = 0x4;
inline constexpr uint64_t kStatmountRoot = 0x8;
inline constexpr uint64_t kStatmountPoint = 0x10;
inline constexpr uint64_t kStatmountFsType = 0x20;
inline constexpr uint64_t kStatmountNamespace = 0x40;
inline constexpr uint64_t kStatmountOptions = 0x80;
inline constexpr uint64_t kStatmountFsSubtype = 0x100;
inline constexpr uint64_t kStatmountSource = 0x200;
inline constexpr uint64_t kStatmountOptionArray = 0x400;
inline constexpr uint64_t kStatmountSecurityArray = 0x800;
inline constexpr uint64_t kStatmountSupported = 0x1000;
inline constexpr uint64_t kStatmountUidMap = 0x2000;
inline constexpr uint64_t kStatmountGidMap = 0x4000;

// Strings follow; the fields that name them are offsets there.
struct statmount {
  uint32_t size;
  uint32_t mnt_opts;
  uint64_t mask;
  uint32_t sb_dev_major;
  uint32_t sb_dev_minor;
  uint64_t sb_magic;
  uint32_t sb_flags;
  uint32_t fs_type;
  uint64_t mnt_id;
  uint64_t mnt_parent_id;
  uint32_t mnt_id_old;
  uint32_t mnt_parent_id_old;
  uint64_t mnt_attr;
  uint64_t mnt_propagation;
  uint64_t mnt_peer_group;
  uint64_t mnt_master;
  uint64_t propagate_from;
  uint32_t mnt_root;
  uint32_t mnt_point;
  uint64_t mnt_ns_id;
  uint32_t fs_subtype;
  uint32_t sb_source;
  uint32_t opt_num;
  uint32_t opt_array;
  uint32_t opt_sec_num;
  uint32_t opt_sec_array;
  uint64_t supported_mask;
  uint32_t mnt_uidmap_num;
  uint32_t mnt_uidmap;
  uint32_t mnt_gidmap_num;
  uint32_t mnt_gidmap;
  uint64_t spare[43];
};
static_assert(sizeof(statmount) == 512);
static_assert(offsetof(statmount, mnt_root) == 104);
static_assert(offsetof(statmount, supported_mask) == 144);

}  // namespace emu::abi

#endif  // ARCH_ABI_MOUNT_H_
