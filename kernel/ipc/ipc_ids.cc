// SPDX-License-Identifier: Apache-2.0

#include "kernel/ipc/ipc_ids.h"

#include <linux/capability.h>
#include <sys/ipc.h>

#include <algorithm>
#include <utility>

namespace emu {
namespace {
// An id is an index and, above it, a sequence number, so that the id of an
// object that is gone is not soon another's.
constexpr int kIndexBits = 15;
constexpr int kIndexes = 1 << kIndexBits;
constexpr int kSequences = 1 << (31 - kIndexBits);
// Indexes go round among this many at least.
constexpr int kShortestCycle = 64;
}  // namespace

Result<> IpcObject::CheckAccess(const Credentials& creds,
                                uint32_t access) const {
  const uint32_t wanted = (access >> 6) | (access >> 3) | access;
  uint32_t granted = mode;
  if (creds.euid == cuid || creds.euid == uid) {
    granted >>= 6;
  } else if (creds.InGroup(cgid) || creds.InGroup(gid)) {
    granted >>= 3;
  }
  if ((wanted & ~granted & 07) != 0 && !creds.Has(CAP_IPC_OWNER)) {
    return Errno(EACCES);
  }
  return {};
}

Result<> IpcObject::CheckOwner(const Credentials& creds) const {
  if (creds.euid == cuid || creds.euid == uid || creds.Has(CAP_SYS_ADMIN)) {
    return {};
  }
  return Errno(EPERM);
}

Result<> IpcObject::SetPerm(const abi::ipc64_perm& perm) {
  if (perm.uid == ~0u || perm.gid == ~0u) return Errno(EINVAL);
  uid = perm.uid;
  gid = perm.gid;
  mode = (mode & ~0777u) | (perm.mode & 0777);
  return {};
}

abi::ipc64_perm IpcObject::Perm() const {
  abi::ipc64_perm perm = {};
  perm.key = key_;
  perm.uid = uid;
  perm.gid = gid;
  perm.cuid = cuid;
  perm.cgid = cgid;
  perm.mode = mode;
  perm.seq = id_ >> kIndexBits;
  return perm;
}

// The first free one behind the last, going round.
int IpcTable::NextIndex() const {
  const int cycle = std::min<int>(
      std::max<int>(objects_.size() * 3 / 2, kShortestCycle), kIndexes);
  int index = (last_index_ + 1) % cycle;
  while (objects_.contains(index)) index = (index + 1) % cycle;
  return index;
}

int IpcTable::Insert(const Credentials& creds, int32_t key, int flags,
                     std::shared_ptr<IpcObject> object) {
  const int index = NextIndex();
  if (index <= last_index_) sequence_ = (sequence_ + 1) % kSequences;
  last_index_ = index;
  object->id_ = (sequence_ << kIndexBits) + index;
  object->key_ = key;
  object->uid = object->cuid = creds.euid;
  object->gid = object->cgid = creds.egid;
  object->mode |= flags & 0777;
  if (key != IPC_PRIVATE) keys_[key] = index;
  const int id = object->id_;
  objects_.emplace(index, std::move(object));
  return id;
}

Result<int> IpcTable::Get(const Credentials& creds, int32_t key, int flags,
                          Make make, Check check) {
  const auto known = key == IPC_PRIVATE ? keys_.end() : keys_.find(key);
  if (known != keys_.end()) {
    if ((flags & IPC_CREAT) && (flags & IPC_EXCL)) return Errno(EEXIST);
    IpcObject& object = *objects_.at(known->second);
    TRY(check(object));
    TRY(object.CheckAccess(creds, flags & 0777));
    return object.id();
  }
  if (key != IPC_PRIVATE && !(flags & IPC_CREAT)) return Errno(ENOENT);
  std::shared_ptr<IpcObject> object = TRY(make());
  if (objects_.size() >= limit_) return Errno(ENOSPC);
  return Insert(creds, key, flags, std::move(object));
}

Result<std::shared_ptr<IpcObject>> IpcTable::Find(int id) const {
  if (id < 0) return Errno(EINVAL);
  std::shared_ptr<IpcObject> object = TRY(FindAt(id % kIndexes));
  if (object->id() != id) return Errno(EINVAL);
  return object;
}

Result<std::shared_ptr<IpcObject>> IpcTable::FindAt(int index) const {
  const auto it = objects_.find(index);
  if (it == objects_.end()) return Errno(EINVAL);
  return it->second;
}

void IpcTable::Remove(IpcObject& object) {
  HideKey(object);
  objects_.erase(object.id() % kIndexes);
}

void IpcTable::HideKey(IpcObject& object) {
  if (object.key_ != IPC_PRIVATE) keys_.erase(object.key_);
  object.key_ = IPC_PRIVATE;
}

}  // namespace emu
