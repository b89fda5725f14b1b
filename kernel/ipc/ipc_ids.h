// SPDX-License-Identifier: Apache-2.0
//
// What System V semaphores, message queues and shared memory share: ids, keys
// and permissions. Each of the three keeps its objects in an IpcIds of its own.

#ifndef KERNEL_IPC_IPC_IDS_H_
#define KERNEL_IPC_IPC_IDS_H_

#include <cstdint>
#include <map>
#include <memory>

#include "absl/functional/function_ref.h"
#include "arch/abi/ipc.h"
#include "arch/result.h"
#include "kernel/credentials.h"

namespace emu {

// The base of what has an id. Outlives its place in the table while it is used
// (a wait, an attached segment).
class IpcObject {
 public:
  virtual ~IpcObject() = default;

  int id() const { return id_; }
  int32_t key() const { return key_; }

  Uid uid = 0, cuid = 0;
  Gid gid = 0, cgid = 0;
  uint32_t mode = 0;  // permissions, and the family's own flags above them

  // ipcperms(): whether `creds` may do what `access` asks for, in the form of a
  // mode (0400 or 0444 to read, 0200 or 0222 to change). EACCES.
  Result<> CheckAccess(const Credentials& creds, uint32_t access) const;
  // For IPC_SET and IPC_RMID: owner, creator or CAP_SYS_ADMIN. EPERM.
  Result<> CheckOwner(const Credentials& creds) const;
  // IPC_SET's part: owner and permissions.
  Result<> SetPerm(const abi::ipc64_perm& perm);
  abi::ipc64_perm Perm() const;

 private:
  friend class IpcTable;
  int id_ = 0;
  int32_t key_ = 0;
};

// The table, whatever the objects are.
class IpcTable {
 public:
  // At most `limit` objects at a time.
  explicit IpcTable(size_t limit) : limit_(limit) {}
  IpcTable(const IpcTable&) = delete;
  IpcTable& operator=(const IpcTable&) = delete;

  using Make = absl::FunctionRef<Result<std::shared_ptr<IpcObject>>()>;
  using Check = absl::FunctionRef<Result<>(IpcObject&)>;

  // The *get calls: the id of the object with this key, made if `flags` say so;
  // `check` looks at one that is there already. ENOENT, EEXIST, EACCES, ENOSPC.
  Result<int> Get(const Credentials& creds, int32_t key, int flags, Make make,
                  Check check);
  // EINVAL: there is none (any more).
  Result<std::shared_ptr<IpcObject>> Find(int id) const;
  // By place in the table, for *_STAT.
  Result<std::shared_ptr<IpcObject>> FindAt(int index) const;
  // Out of the table.
  void Remove(IpcObject& object);
  // No longer found by its key (a segment that waits for its last detach).
  void HideKey(IpcObject& object);

  size_t count() const { return objects_.size(); }
  // The highest place in use; 0 when there is none.
  int highest_index() const {
    return objects_.empty() ? 0 : objects_.rbegin()->first;
  }
  // In order of place.
  const std::map<int, std::shared_ptr<IpcObject>>& objects() const {
    return objects_;
  }

 private:
  int NextIndex() const;
  int Insert(const Credentials& creds, int32_t key, int flags,
             std::shared_ptr<IpcObject> object);

  const size_t limit_;
  std::map<int, std::shared_ptr<IpcObject>> objects_;  // by index
  std::map<int32_t, int> keys_;                        // to index
  int last_index_ = -1;
  int sequence_ = 0;
};

// A table of T, a subclass of IpcObject.
template <typename T>
class IpcIds : public IpcTable {
 public:
  using IpcTable::IpcTable;
  Result<std::shared_ptr<T>> Find(int id) const {
    return std::static_pointer_cast<T>(TRY(IpcTable::Find(id)));
  }
  Result<std::shared_ptr<T>> FindAt(int index) const {
    return std::static_pointer_cast<T>(TRY(IpcTable::FindAt(index)));
  }
};

}  // namespace emu

#endif  // KERNEL_IPC_IPC_IDS_H_
