// SPDX-License-Identifier: Apache-2.0
//
// The nodes below /proc/PID. A node knows its task by id and birth, and looks it
// up whenever it is used: when the task is gone, it is empty. Nodes live as long
// as a name or a description leads to them.

#ifndef KERNEL_PROCFS_TASK_DIRECTORY_H_
#define KERNEL_PROCFS_TASK_DIRECTORY_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "arch/user_ptr.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/open_file.h"
#include "kernel/procfs/pseudo_fs.h"

namespace emu {

class Kernel;
class Task;

// A task that may be gone. Ids are used again, births are not.
struct TaskKey {
  Pid tid = 0;
  uint64_t born = 0;

  static TaskKey Of(const Task& task);
  // Null: it is gone.
  Task* Find(Kernel& kernel) const;
};

// Inode numbers below a task's directory.
enum class TaskPlace : uint8_t {
  kProcess,
  kThread,
  kFds,
  kFdInfos,
  kNamespaces,
  kAttributes,
  kTasks,
  kMapFiles,
};
uint64_t TaskIno(Pid tid, TaskPlace place, uint64_t index);

// What every node below /proc/PID has: a task, and that task's owner.
class TaskNode {
 protected:
  TaskNode(PseudoFs& fs, const TaskKey& key) : pseudo_(fs), key_(key) {}
  Task* FindTask() const { return key_.Find(pseudo_.kernel()); }
  // ESRCH.
  Result<Task*> GetTask() const;
  // With `mode`, owned as the task's files are now: by its effective ids, or by
  // root when it is not dumpable.
  Attributes OwnedAttributes(uint32_t mode) const;

  PseudoFs& pseudo_;
  const TaskKey key_;
};

// A directory of such nodes. What it gave out stays the same node for as long as
// that is used.
class TaskDirectory : public Inode, protected TaskNode {
 public:
  TaskDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino, uint32_t mode);

  Result<InodeRef> Lookup(absl::string_view name) override;
  Result<FileRef> Open(Task& task, const Path& path, int flags) override;

 protected:
  void Load() override { set_attributes(OwnedAttributes(mode_)); }
  // ENOENT.
  virtual Result<InodeRef> Make(Task& target, absl::string_view name) = 0;

 private:
  const uint32_t mode_;
  std::map<std::string, std::weak_ptr<Inode>, std::less<>> made_;
};

// /proc/PID, opened: pidfd_send_signal(2) takes it for the process.
class ProcessDirectoryFile : public DirectoryFile {
 public:
  ProcessDirectoryFile(Path path, int flags, const TaskKey& leader)
      : DirectoryFile(std::move(path), flags), leader_(leader) {}
  static const char kKind;
  const void* kind() const override { return &kKind; }

  const TaskKey& leader() const { return leader_; }

 private:
  const TaskKey leader_;
};

// /proc/PID (with `process`) or /proc/PID/task/TID.
InodeRef NewTaskDirectory(PseudoFs& fs, const Task& task, bool process,
                          const InodeRef& net);

// task_links.cc: exe, cwd and root, fd, fdinfo and ns.
enum class TaskLinkKind { kExe, kCwd, kRoot };
InodeRef NewTaskLink(PseudoFs& fs, const TaskKey& key, uint64_t ino,
                     TaskLinkKind kind);
InodeRef NewFdDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino);
InodeRef NewFdInfoDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino);
InodeRef NewNamespaceDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino);
// map_files.cc: what files are mapped, by address.
InodeRef NewMapFilesDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino);
// task_mem.cc: mem, the process's memory as a file.
InodeRef NewMemFile(PseudoFs& fs, const TaskKey& key, uint64_t ino);
// pagemap.cc
InodeRef NewPagemapFile(PseudoFs& fs, const TaskKey& key, uint64_t ino);

}  // namespace emu

#endif  // KERNEL_PROCFS_TASK_DIRECTORY_H_
