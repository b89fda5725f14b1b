// SPDX-License-Identifier: Apache-2.0
//
// listmount(2) and statmount(2).

#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "arch/abi/mount.h"
#include "arch/page_store.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/syscall.h"
#include "kernel/syscalls/struct_in.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr size_t kMostIds = 1'000'000;
// The only mount namespace.
constexpr uint64_t kNamespace = 1;
constexpr uint64_t kStrings =
    abi::kStatmountRoot | abi::kStatmountPoint | abi::kStatmountFsType |
    abi::kStatmountOptions | abi::kStatmountFsSubtype | abi::kStatmountSource |
    abi::kStatmountOptionArray | abi::kStatmountSecurityArray |
    abi::kStatmountUidMap | abi::kStatmountGidMap;
constexpr uint64_t kKnown = 0x7fff;

// mount_setattr(2)'s MOUNT_ATTR_*.
uint64_t MountAttributes(const MountFlags& flags) {
  uint64_t attributes = 0;
  if (flags.read_only) attributes |= 0x1;
  if (flags.nosuid) attributes |= 0x2;
  if (flags.nodev) attributes |= 0x4;
  if (flags.noexec) attributes |= 0x8;
  if (flags.noatime) {
    attributes |= 0x10;
  } else if (!flags.relatime) {
    attributes |= 0x20;  // MOUNT_ATTR_STRICTATIME
  }
  if (flags.nodiratime) attributes |= 0x80;
  return attributes;
}

bool InGuestRange(const Task& task, GuestAddr start, uint64_t length) {
  const GuestAddr highest = task.mm->space().highest();
  return start <= highest && length <= highest - start;
}

Result<abi::mnt_id_req> ReadRequest(Task& task,
                                    UserPtr<const abi::mnt_id_req> from) {
  const uint32_t size = TRY(task.Read(from.As<const uint32_t>()));
  if (size > kPageSize) return Errno(E2BIG);
  if (size < abi::kMountRequestFirstSize) return Errno(EINVAL);
  const abi::mnt_id_req request = TRY(ReadStruct(task, from, size));
  if (request.mnt_ns_fd != 0 && request.mnt_ns_id != 0) return Errno(EINVAL);
  if (request.mnt_id <= Mount::kUniqueIds) return Errno(EINVAL);
  return request;
}

Result<> CheckNamespace(Task& task, const abi::mnt_id_req& request) {
  if (request.mnt_ns_id != 0 && request.mnt_ns_id != kNamespace) {
    return Errno(ENOENT);
  }
  if (request.mnt_ns_fd == 0) return {};
  const FileRef file =
      TRY(task.GetFile(Fd{static_cast<int>(request.mnt_ns_fd)}));
  const bool is_namespace =
      absl::StartsWith(file->Describe(task.fs->root), "mnt:[");
  if (!is_namespace) return Errno(EINVAL);
  return {};
}

Path RootOf(Mount& mount) { return {mount.shared_from_this(), mount.root()}; }

bool IsBelow(Mount& mount, const Path& root) {
  return absl::StartsWith(PathName(RootOf(mount), root), "/");
}

// The mount of that number, which the task can see. ENOENT, EPERM.
Result<Mount*> Find(Task& task, uint64_t id) {
  for (Mount* mount : task.kernel().mounts().mounts()) {
    if (mount->unique_id() != id) continue;
    if (!IsBelow(*mount, task.fs->root) && !task.creds->Has(CAP_SYS_ADMIN)) {
      return Errno(EPERM);
    }
    return mount;
  }
  return Errno(ENOENT);
}

// What statmount(2) writes: the struct, then strings in the order of Add. The
// first is the empty one.
class Description {
 public:
  explicit Description(uint64_t wanted) : wanted_(wanted) {
    if ((wanted & kStrings) != 0) strings_.push_back('\0');
  }

  bool Wants(uint64_t what) const { return (wanted_ & what) != 0; }
  // An empty string is one that is not there.
  void Add(uint64_t what, const std::string& text, uint32_t* offset) {
    if (!Wants(what) || text.empty()) return;
    head.mask |= what;
    *offset = static_cast<uint32_t>(strings_.size());
    strings_ += text;
    strings_.push_back('\0');
  }
  // EOVERFLOW: the strings do not fit. A struct that does not is cut.
  Result<> WriteTo(Task& task, GuestAddr to, size_t room) {
    const size_t size = sizeof(head) + strings_.size();
    if (!strings_.empty() && size > room) return Errno(EOVERFLOW);
    const size_t copied = std::min(size, room);
    head.size = static_cast<uint32_t>(copied);
    std::string bytes(reinterpret_cast<const char*>(&head), sizeof(head));
    bytes += strings_;
    return task.mm->CopyOut(to, bytes.data(), copied);
  }

  abi::statmount head = {};

 private:
  const uint64_t wanted_;
  std::string strings_;
};

// What part of the file system the mount shows.
std::string RootWithin(const Mount& mount) {
  std::string name;
  for (const Dentry* d = mount.root().get(); d->parent() != nullptr;
       d = d->parent().get()) {
    name = "/" + std::string(d->name()) + name;
  }
  return name.empty() ? "/" : name;
}

void DescribeNumbers(const Mount& mount, Description& out) {
  abi::statmount& head = out.head;
  if (out.Wants(abi::kStatmountSbBasic)) {
    head.mask |= abi::kStatmountSbBasic;
    head.sb_dev_major = gnu_dev_major(mount.fs().device());
    head.sb_dev_minor = gnu_dev_minor(mount.fs().device());
    head.sb_magic = mount.fs().Stats().type;
    head.sb_flags = mount.fs().read_only() ? MS_RDONLY : 0;
  }
  if (out.Wants(abi::kStatmountMountBasic)) {
    const Mount& parent =
        mount.parent() == nullptr ? mount : *mount.parent();
    head.mask |= abi::kStatmountMountBasic;
    head.mnt_id = mount.unique_id();
    head.mnt_parent_id = parent.unique_id();
    head.mnt_id_old = static_cast<uint32_t>(mount.id());
    head.mnt_parent_id_old = static_cast<uint32_t>(parent.id());
    head.mnt_attr = MountAttributes(mount.flags);
    head.mnt_propagation = MS_PRIVATE;
  }
  if (out.Wants(abi::kStatmountPropagateFrom)) {
    head.mask |= abi::kStatmountPropagateFrom;
  }
  if (out.Wants(abi::kStatmountNamespace)) {
    head.mask |= abi::kStatmountNamespace;
    head.mnt_ns_id = kNamespace;
  }
  if (out.Wants(abi::kStatmountSupported)) {
    head.mask |= abi::kStatmountSupported;
    head.supported_mask = kKnown;
  }
}

void DescribeStrings(Mount& mount, const Path& root, Description& out) {
  abi::statmount& head = out.head;
  out.Add(abi::kStatmountFsType, mount.fs().type(), &head.fs_type);
  out.Add(abi::kStatmountRoot, RootWithin(mount), &head.mnt_root);
  const std::string point = PathName(RootOf(mount), root);
  if (absl::StartsWith(point, "/")) {
    out.Add(abi::kStatmountPoint, point, &head.mnt_point);
  }
  // Behind a comma, as /proc/mounts wants them.
  std::string options = mount.fs().MountOptions();
  if (!options.empty()) options.erase(0, 1);
  out.Add(abi::kStatmountOptions, options, &head.mnt_opts);
  if (out.Wants(abi::kStatmountOptionArray) && !options.empty()) {
    head.opt_num = static_cast<uint32_t>(
        1 + std::count(options.begin(), options.end(), ','));
    std::replace(options.begin(), options.end(), ',', '\0');
    out.Add(abi::kStatmountOptionArray, options, &head.opt_array);
  }
  out.Add(abi::kStatmountSource, mount.source(), &head.sb_source);
}

}  // namespace

// statmount(2).
Result<> sys_statmount(Task& task, UserPtr<const abi::mnt_id_req> req,
                       UserPtr<char> buf, size_t bufsize, uint32_t flags) {
  if (flags != 0) return Errno(EINVAL);
  const abi::mnt_id_req request = TRY(ReadRequest(task, req));
  TRY(CheckNamespace(task, request));
  if (!InGuestRange(task, buf.addr(), bufsize)) return Errno(EFAULT);
  Mount* mount = TRY(Find(task, request.mnt_id));
  Description description(request.param);
  DescribeNumbers(*mount, description);
  DescribeStrings(*mount, task.fs->root, description);
  return description.WriteTo(task, buf.addr(), bufsize);
}

// listmount(2).
Result<size_t> sys_listmount(Task& task, UserPtr<const abi::mnt_id_req> req,
                             UserPtr<uint64_t> mnt_ids, size_t nr_mnt_ids,
                             uint32_t flags) {
  if ((flags & ~abi::kListmountReverse) != 0) return Errno(EINVAL);
  if (nr_mnt_ids > kMostIds) return Errno(EOVERFLOW);
  if (!InGuestRange(task, mnt_ids.addr(), nr_mnt_ids * sizeof(uint64_t))) {
    return Errno(EFAULT);
  }
  const abi::mnt_id_req request = TRY(ReadRequest(task, req));
  const uint64_t last = request.param;
  if (last != 0 && last <= Mount::kUniqueIds) return Errno(EINVAL);
  TRY(CheckNamespace(task, request));
  Path top = task.fs->root;
  if (request.mnt_id != abi::kListmountRoot) {
    top = RootOf(*TRY(Find(task, request.mnt_id)));
  }
  const bool reverse = (flags & abi::kListmountReverse) != 0;
  std::vector<uint64_t> ids;
  for (Mount* mount : task.kernel().mounts().mounts()) {
    const uint64_t id = mount->unique_id();
    if (id == request.mnt_id || !IsBelow(*mount, top)) continue;
    if (last == 0 || (reverse ? id < last : id > last)) ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  if (reverse) std::reverse(ids.begin(), ids.end());
  ids.resize(std::min(ids.size(), nr_mnt_ids));
  TRY(task.WriteArray(mnt_ids, absl::MakeConstSpan(ids)));
  return ids.size();
}

}  // namespace emu
