// SPDX-License-Identifier: Apache-2.0
//
// The links below /proc/PID that lead to a place, and not through a name.

#ifndef KERNEL_PROCFS_MAGIC_LINK_H_
#define KERNEL_PROCFS_MAGIC_LINK_H_

#include <sys/stat.h>

#include <optional>
#include <string>
#include <utility>

#include "kernel/fs/path.h"
#include "kernel/procfs/task_access.h"
#include "kernel/procfs/task_directory.h"
#include "kernel/task.h"

namespace emu {

// Owned by whoever holds the inode, like every node of a TaskDirectory.
class MagicLink : public Inode, protected TaskNode {
 public:
  MagicLink(PseudoFs& fs, const TaskKey& key, uint64_t ino)
      : Inode(fs, ino, fs.NewAttributes(S_IFLNK | 0777)), TaskNode(fs, key) {
    set_loaded(false);
  }

  Result<std::string> ReadLink(Task* task) override {
    if (task == nullptr) return Errno(ENOENT);
    Task* const target = TRY(GetInspectable(*task));
    return Name(*task, *target);
  }
  Result<std::optional<Path>> FollowMagic(Task& task) override {
    Task* const target = TRY(GetInspectable(task));
    Path path = TRY(Place(*target));
    return std::optional<Path>(std::move(path));
  }
  Result<FileRef> Open(Task&, const Path&, int) override {
    return Errno(ELOOP);
  }

 protected:
  void Load() override { set_attributes(OwnedAttributes(S_IFLNK | Mode())); }
  virtual uint32_t Mode() { return 0777; }
  // ENOENT.
  virtual Result<Path> Place(Task& target) = 0;
  virtual Result<std::string> Name(Task& reader, Task& target) {
    const Path place = TRY(Place(target));
    return PathName(place, reader.fs->root);
  }

 private:
  Result<Task*> GetInspectable(Task& reader) {
    Task* const target = FindTask();
    if (target == nullptr) return Errno(ENOENT);
    if (!MayInspect(reader, *target)) return Errno(EACCES);
    return target;
  }
};

}  // namespace emu

#endif  // KERNEL_PROCFS_MAGIC_LINK_H_
