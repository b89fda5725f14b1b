// SPDX-License-Identifier: Apache-2.0
//
// What name_to_handle_at(2) has given out: a handle is an inode's number, and
// leads back to a name of it for as long as there is one. Owned by the mount
// tree.

#ifndef KERNEL_FS_FILE_HANDLES_H_
#define KERNEL_FS_FILE_HANDLES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "kernel/fs/path.h"

namespace emu {

class FileHandles {
 public:
  // Whether files there have handles: not where names come and go by
  // themselves, nor without any.
  static bool Exist(const FileSystem& fs);

  void Remember(const DentryRef& dentry);
  // Null: no such file, or not any more.
  DentryRef Find(const FileSystem& fs, uint64_t ino) const;

 private:
  void ForgetEnded();

  // By file system and number; never walked in an order that shows.
  std::map<std::pair<const FileSystem*, uint64_t>, std::weak_ptr<Dentry>>
      known_;
  size_t next_sweep_ = 1024;
};

}  // namespace emu

#endif  // KERNEL_FS_FILE_HANDLES_H_
