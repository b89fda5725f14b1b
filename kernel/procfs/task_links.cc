// SPDX-License-Identifier: Apache-2.0
//
// What leads from /proc/PID to other places: exe, cwd and root, open files,
// namespaces.

#include <fcntl.h>
#include <sys/stat.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "kernel/fs/anonymous.h"
#include "kernel/fs/mount.h"
#include "kernel/kernel.h"
#include "kernel/procfs/magic_link.h"
#include "kernel/procfs/namespaces.h"
#include "kernel/procfs/task_access.h"
#include "kernel/procfs/task_directory.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"

namespace emu {
namespace {

class TaskLink : public MagicLink {
 public:
  TaskLink(PseudoFs& fs, const TaskKey& key, uint64_t ino, TaskLinkKind kind)
      : MagicLink(fs, key, ino), kind_(kind) {}

 protected:
  Result<Path> Place(Task& target) override {
    if (kind_ == TaskLinkKind::kExe) {
      if (target.mm == nullptr || target.mm->layout.executable == nullptr) {
        return Errno(ENOENT);
      }
      return target.mm->layout.executable->path();
    }
    if (target.fs == nullptr) return Errno(ENOENT);
    return kind_ == TaskLinkKind::kCwd ? target.fs->cwd : target.fs->root;
  }

 private:
  const TaskLinkKind kind_;
};

const FdTable::Slot* SlotOf(const Task* task, int fd) {
  if (task == nullptr || task->files == nullptr) return nullptr;
  if (fd < 0 || fd >= task->files->size()) return nullptr;
  const FdTable::Slot& slot = task->files->slot(fd);
  return slot.file == nullptr ? nullptr : &slot;
}

class FdLink : public MagicLink {
 public:
  FdLink(PseudoFs& fs, const TaskKey& key, int fd)
      : MagicLink(fs, key, TaskIno(key.tid, TaskPlace::kFds, fd)), fd_(fd) {}

 protected:
  uint32_t Mode() override {
    const FdTable::Slot* slot = SlotOf(FindTask(), fd_);
    if (slot == nullptr) return 0;
    return (slot->file->readable() ? 0500 : 0) |
           (slot->file->writable() ? 0300 : 0);
  }
  Result<Path> Place(Task& target) override {
    const FdTable::Slot* slot = SlotOf(&target, fd_);
    if (slot == nullptr) return Errno(ENOENT);
    return slot->file->path();
  }
  Result<std::string> Name(Task& reader, Task& target) override {
    const FdTable::Slot* slot = SlotOf(&target, fd_);
    if (slot == nullptr) return Errno(ENOENT);
    return slot->file->Describe(reader.fs->root);
  }

 private:
  const int fd_;
};

class FdInfo : public TextInode, protected TaskNode {
 public:
  FdInfo(PseudoFs& fs, const TaskKey& key, int fd)
      : TextInode(fs, TaskIno(key.tid, TaskPlace::kFdInfos, fd),
                  fs.NewAttributes(S_IFREG | 0444)),
        TaskNode(fs, key),
        fd_(fd) {
    set_loaded(false);
  }

  Result<std::string> Generate(Task&) override {
    const FdTable::Slot* slot = SlotOf(FindTask(), fd_);
    if (slot == nullptr) return Errno(ENOENT);
    FileDescription& file = *slot->file;
    const int flags = file.flags() | (slot->cloexec ? O_CLOEXEC : 0);
    return absl::StrFormat("pos:\t%d\nflags:\t0%o\nmnt_id:\t%d\nino:\t%d\n%s",
                           file.offset, flags, file.path().mount->id(),
                           file.inode().ino(), file.FdInfo());
  }
  Result<> CheckOpen(Task& opener) override {
    Task* const target = TRY(GetTask());
    if (!MayInspect(opener, *target)) return Errno(EACCES);
    return {};
  }

 protected:
  void Load() override { set_attributes(OwnedAttributes(S_IFREG | 0444)); }

 private:
  const int fd_;
};

// A directory of descriptors, by number: links or texts about them.
template <typename Node, TaskPlace kPlace>
class DescriptorDirectory : public TaskDirectory {
 public:
  DescriptorDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino,
                      uint32_t mode)
      : TaskDirectory(fs, key, ino, S_IFDIR | mode) {}

  // As many as there are descriptors.
  uint64_t Size() override {
    const Task* target = FindTask();
    if (target == nullptr || target->files == nullptr) return 0;
    uint64_t count = 0;
    for (int fd = 0; fd < target->files->size(); ++fd) {
      count += target->files->slot(fd).file != nullptr;
    }
    return kPlace == TaskPlace::kFds ? count : 0;
  }

  Result<InodeRef> Lookup(absl::string_view name) override {
    int fd;
    if (!absl::SimpleAtoi(name, &fd) || absl::StrCat(fd) != name ||
        SlotOf(FindTask(), fd) == nullptr) {
      return Errno(ENOENT);
    }
    return TaskDirectory::Lookup(name);
  }

  // A descriptor's position is behind its number.
  Result<> List(Task* task, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override {
    Task* const target = FindTask();
    if (target == nullptr) return Errno(ENOENT);
    if (task != nullptr && !MayInspect(*task, *target)) return Errno(EACCES);
    if (target->files == nullptr) return {};
    int fd = from <= kFirstPosition ? 0 : static_cast<int>(from -
                                                           kFirstPosition);
    for (; fd < target->files->size(); ++fd) {
      if (SlotOf(target, fd) == nullptr) continue;
      if (!sink({absl::StrCat(fd), TaskIno(key_.tid, kPlace, fd),
                 kPlace == TaskPlace::kFds ? S_IFLNK : S_IFREG,
                 kFirstPosition + fd + 1})) {
        return {};
      }
    }
    return {};
  }

 protected:
  Result<InodeRef> Make(Task&, absl::string_view name) override {
    int fd = -1;
    (void)absl::SimpleAtoi(name, &fd);
    return InodeRef(std::make_shared<Node>(pseudo_, key_, fd));
  }
};

class NamespaceLink : public MagicLink {
 public:
  NamespaceLink(PseudoFs& fs, const TaskKey& key, uint64_t ino, int kind)
      : MagicLink(fs, key, ino), kind_(kind) {}

 protected:
  Result<std::string> Name(Task&, Task&) override {
    return NamespaceName(kind_);
  }
  Result<Path> Place(Task&) override {
    return NamespacePath(pseudo_.kernel(), kind_);
  }

 private:
  const int kind_;
};

class NamespaceDirectory : public TaskDirectory {
 public:
  NamespaceDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino)
      : TaskDirectory(fs, key, ino, S_IFDIR | 0511) {}

  Result<> List(Task*, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override {
    uint64_t position = kFirstPosition;
    for (int kind = 0; kind < kNamespaceKinds; ++kind) {
      if (position++ < from) continue;
      if (!sink({NamespaceLinkName(kind), InoOf(kind), S_IFLNK, position})) {
        return {};
      }
    }
    return {};
  }

 protected:
  Result<InodeRef> Make(Task&, absl::string_view name) override {
    for (int kind = 0; kind < kNamespaceKinds; ++kind) {
      if (name != NamespaceLinkName(kind)) continue;
      return InodeRef(
          std::make_shared<NamespaceLink>(pseudo_, key_, InoOf(kind), kind));
    }
    return Errno(ENOENT);
  }

 private:
  uint64_t InoOf(int kind) const {
    return TaskIno(key_.tid, TaskPlace::kNamespaces,
                   static_cast<uint64_t>(kind));
  }
};

}  // namespace

InodeRef NewTaskLink(PseudoFs& fs, const TaskKey& key, uint64_t ino,
                     TaskLinkKind kind) {
  return std::make_shared<TaskLink>(fs, key, ino, kind);
}

InodeRef NewFdDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino) {
  return std::make_shared<DescriptorDirectory<FdLink, TaskPlace::kFds>>(
      fs, key, ino, 0500);
}

InodeRef NewFdInfoDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino) {
  return std::make_shared<DescriptorDirectory<FdInfo, TaskPlace::kFdInfos>>(
      fs, key, ino, 0555);
}

InodeRef NewNamespaceDirectory(PseudoFs& fs, const TaskKey& key,
                               uint64_t ino) {
  return std::make_shared<NamespaceDirectory>(fs, key, ino);
}

}  // namespace emu
