// SPDX-License-Identifier: Apache-2.0
//
// A table of file descriptors, shared by tasks with CLONE_FILES.

#ifndef KERNEL_FS_FD_TABLE_H_
#define KERNEL_FS_FD_TABLE_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "arch/result.h"
#include "arch/user_ptr.h"
#include "kernel/fs/file_description.h"

namespace emu {

class FdTable {
 public:
  FdTable() = default;
  FdTable(const FdTable&) = delete;
  FdTable& operator=(const FdTable&) = delete;

  struct Slot {
    FileRef file;  // null: free
    bool cloexec = false;
  };

  // EBADF.
  Result<FileRef> Get(Fd fd) const;
  // The same without counting a reference; null when the slot is free. Valid
  // until the table changes.
  FileDescription* Peek(Fd fd) const;
  // The lowest free descriptor >= `lowest`. EMFILE at `limit` (RLIMIT_NOFILE).
  Result<Fd> Add(FileRef file, bool cloexec, uint64_t limit, int lowest = 0);
  // Whether Add would say EMFILE.
  bool Full(uint64_t limit) const;
  // dup2's: whatever was there is returned to be closed. EBADF at `limit`.
  Result<FileRef> Put(Fd fd, FileRef file, bool cloexec, uint64_t limit);
  // Takes the descriptor out: EBADF.
  Result<FileRef> Remove(Fd fd);
  Result<bool> GetCloexec(Fd fd) const;
  Result<> SetCloexec(Fd fd, bool cloexec);

  // Slot by number, for listing, fork and exec; a free slot's file is null.
  int size() const { return static_cast<int>(slots_.size()); }
  const Slot& slot(int fd) const { return slots_[fd]; }
  // For fork and unshare: the same descriptions in a table of its own.
  std::shared_ptr<FdTable> Copy() const;
  // For exec: takes out and returns those marked close-on-exec.
  std::vector<FileRef> TakeCloexec();

 private:
  std::vector<Slot> slots_;
  int lowest_free_ = 0;  // no free slot below
};

}  // namespace emu

#endif  // KERNEL_FS_FD_TABLE_H_
