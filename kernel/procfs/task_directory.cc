// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/task_directory.h"

#include <sys/stat.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernel/fs/open_file.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/procfs/task_access.h"
#include "kernel/procfs/task_files.h"
#include "kernel/task.h"

namespace emu {
namespace {

// A file of the table.
class TaskText : public TextInode, protected TaskNode {
 public:
  TaskText(PseudoFs& fs, const TaskKey& key, uint64_t ino,
           const TaskFile& file)
      : TextInode(fs, ino, fs.NewAttributes(S_IFREG | file.mode)),
        TaskNode(fs, key),
        file_(file) {
    set_loaded(false);
  }

  Result<std::string> Generate(Task& reader) override {
    Task* const target = TRY(GetTask());
    return file_.generate(reader, *target);
  }
  Result<> Store(Task& writer, absl::string_view text) override {
    if (file_.store == nullptr) return Errno(EINVAL);
    Task* const target = TRY(GetTask());
    return file_.store(writer, *target, text);
  }
  Result<> CheckOpen(Task& opener) override {
    Task* const target = TRY(GetTask());
    if (file_.who == TaskFile::Who::kInspector &&
        !MayInspect(opener, *target)) {
      return Errno(EACCES);
    }
    return {};
  }
  // Modes are what they are, for the owner as well.
  Result<> SetAttributes(const Attributes& attributes) override {
    if (attributes.mode != attr().mode) return Errno(EPERM);
    return Inode::SetAttributes(attributes);
  }

 protected:
  void Load() override { set_attributes(OwnedAttributes(S_IFREG | file_.mode)); }

 private:
  const TaskFile& file_;
};

constexpr const char* kAttributeNames[] = {"current",   "exec",  "fscreate",
                                           "keycreate", "prev",  "sockcreate"};

// Security attributes: there is no security module to have any.
constexpr TaskFile kAttribute = {
    "", 0666, TaskFile::Where::kBoth, TaskFile::Who::kPermitted,
    [](Task&, Task&) -> Result<std::string> { return Errno(EINVAL); },
    [](Task&, Task&, absl::string_view) -> Result<> { return Errno(EINVAL); }};

class AttributeDirectory : public TaskDirectory {
 public:
  AttributeDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino)
      : TaskDirectory(fs, key, ino, S_IFDIR | 0555) {}

  Result<> List(Task*, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override {
    uint64_t position = kFirstPosition;
    for (const char* name : kAttributeNames) {
      if (position++ < from) continue;
      if (!sink({name, InoOf(position), S_IFREG, position})) return {};
    }
    return {};
  }

 protected:
  Result<InodeRef> Make(Task&, absl::string_view name) override {
    uint64_t position = kFirstPosition;
    for (const char* known : kAttributeNames) {
      ++position;
      if (name != known) continue;
      return InodeRef(std::make_shared<TaskText>(pseudo_, key_, InoOf(position),
                                                 kAttribute));
    }
    return Errno(ENOENT);
  }

 private:
  uint64_t InoOf(uint64_t position) const {
    return TaskIno(key_.tid, TaskPlace::kAttributes, position);
  }
};

// /proc/PID/task.
class ThreadsDirectory : public TaskDirectory {
 public:
  ThreadsDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino,
                   InodeRef net)
      : TaskDirectory(fs, key, ino, S_IFDIR | 0555), net_(std::move(net)) {}

  uint32_t LinkCount() override {
    const Task* target = FindTask();
    return target == nullptr ? 0 : 2 + target->process().tasks.size();
  }
  // A thread's position is behind its id.
  Result<> List(Task*, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override {
    Task* const target = FindTask();
    if (target == nullptr) return Errno(ENOENT);
    std::map<Pid, const Task*> threads;
    for (const auto& task : target->process().tasks) {
      threads[task->tid()] = task.get();
    }
    for (const auto& [tid, task] : threads) {
      const uint64_t position = kFirstPosition + tid;
      if (position < from) continue;
      if (!sink({absl::StrCat(tid), TaskIno(tid, TaskPlace::kThread, 0),
                 S_IFDIR, position + 1})) {
        return {};
      }
    }
    return {};
  }

 protected:
  Result<InodeRef> Make(Task& target, absl::string_view name) override {
    Pid tid;
    if (!absl::SimpleAtoi(name, &tid) || absl::StrCat(tid) != name) {
      return Errno(ENOENT);
    }
    for (const auto& task : target.process().tasks) {
      if (task->tid() == tid) {
        return NewTaskDirectory(pseudo_, *task, /*process=*/false, net_);
      }
    }
    return Errno(ENOENT);
  }

 private:
  const InodeRef net_;
};

// /proc/PID or /proc/PID/task/TID: the table's files and what is no text.
class MainDirectory : public TaskDirectory {
 public:
  MainDirectory(PseudoFs& fs, const TaskKey& key, bool process, InodeRef net)
      : TaskDirectory(fs, key, TaskIno(key.tid, PlaceOf(process), 0),
                      S_IFDIR | 0555),
        process_(process),
        net_(std::move(net)) {}

  uint32_t LinkCount() override { return process_ ? 9 : 7; }
  Result<FileRef> Open(Task& task, const Path& path, int flags) override;
  Result<> List(Task*, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override;

 protected:
  Result<InodeRef> Make(Task& target, absl::string_view name) override;

 private:
  struct Special {
    const char* name;
    uint32_t type;
  };
  static constexpr Special kSpecials[] = {
      {"attr", S_IFDIR},   {"cwd", S_IFLNK},  {"exe", S_IFLNK},
      {"fd", S_IFDIR},     {"fdinfo", S_IFDIR}, {"map_files", S_IFDIR},
      {"mem", S_IFREG},    {"net", S_IFDIR},  {"ns", S_IFDIR},
      {"pagemap", S_IFREG}, {"root", S_IFLNK}, {"task", S_IFDIR},
  };
  // Inode numbers of the table's files begin here.
  static constexpr uint64_t kFirstFile = 100;

  static TaskPlace PlaceOf(bool process) {
    return process ? TaskPlace::kProcess : TaskPlace::kThread;
  }
  uint64_t InoOf(uint64_t index) const {
    return TaskIno(key_.tid, PlaceOf(process_), index);
  }
  bool Has(const TaskFile& file) const {
    return file.where == TaskFile::Where::kBoth ||
           (file.where == TaskFile::Where::kProcess) == process_;
  }
  bool Has(const Special& special) const {
    const absl::string_view name = special.name;
    return process_ || (name != "task" && name != "map_files");
  }
  Result<InodeRef> MakeSpecial(absl::string_view name, uint64_t ino);

  const bool process_;
  const InodeRef net_;
};

Result<> MainDirectory::List(Task*, uint64_t from,
                             absl::FunctionRef<bool(const DirEntry&)> sink) {
  uint64_t position = kFirstPosition;
  uint64_t index = 1;
  for (const Special& special : kSpecials) {
    const uint64_t ino = InoOf(index++);
    if (!Has(special) || position++ < from) continue;
    if (!sink({special.name, ino, special.type, position})) return {};
  }
  index = kFirstFile;
  for (const TaskFile& file : TaskFiles()) {
    const uint64_t ino = InoOf(index++);
    if (!Has(file) || position++ < from) continue;
    if (!sink({file.name, ino, S_IFREG, position})) return {};
  }
  return {};
}

Result<InodeRef> MainDirectory::Make(Task&, absl::string_view name) {
  uint64_t index = kFirstFile;
  for (const TaskFile& file : TaskFiles()) {
    const uint64_t ino = InoOf(index++);
    if (name == file.name && Has(file)) {
      return InodeRef(std::make_shared<TaskText>(pseudo_, key_, ino, file));
    }
  }
  index = 1;
  for (const Special& special : kSpecials) {
    const uint64_t ino = InoOf(index++);
    if (name == special.name && Has(special)) return MakeSpecial(name, ino);
  }
  return Errno(ENOENT);
}

Result<InodeRef> MainDirectory::MakeSpecial(absl::string_view name,
                                            uint64_t ino) {
  if (name == "attr") {
    return InodeRef(std::make_shared<AttributeDirectory>(pseudo_, key_, ino));
  }
  if (name == "cwd") return NewTaskLink(pseudo_, key_, ino, TaskLinkKind::kCwd);
  if (name == "exe") return NewTaskLink(pseudo_, key_, ino, TaskLinkKind::kExe);
  if (name == "root") return NewTaskLink(pseudo_, key_, ino, TaskLinkKind::kRoot);
  if (name == "fd") return NewFdDirectory(pseudo_, key_, ino);
  if (name == "fdinfo") return NewFdInfoDirectory(pseudo_, key_, ino);
  if (name == "map_files") return NewMapFilesDirectory(pseudo_, key_, ino);
  if (name == "pagemap") return NewPagemapFile(pseudo_, key_, ino);
  if (name == "mem") return NewMemFile(pseudo_, key_, ino);
  if (name == "ns") return NewNamespaceDirectory(pseudo_, key_, ino);
  if (name == "net") return net_;
  return InodeRef(std::make_shared<ThreadsDirectory>(pseudo_, key_, ino, net_));
}

}  // namespace

TaskKey TaskKey::Of(const Task& task) {
  return {.tid = task.tid(), .born = task.start_time};
}

Task* TaskKey::Find(Kernel& kernel) const {
  Task* const task = kernel.pids().FindTask(tid);
  return task != nullptr && task->start_time == born ? task : nullptr;
}

uint64_t TaskIno(Pid tid, TaskPlace place, uint64_t index) {
  return (static_cast<uint64_t>(tid) << 32) |
         (static_cast<uint64_t>(place) << 24) | index;
}

Result<Task*> TaskNode::GetTask() const {
  Task* const task = FindTask();
  if (task == nullptr) return Errno(ESRCH);
  return task;
}

Attributes TaskNode::OwnedAttributes(uint32_t mode) const {
  Attributes attributes = pseudo_.NewAttributes(mode);
  if (const Task* task = FindTask(); task != nullptr) {
    attributes.atime = attributes.mtime = attributes.ctime =
        static_cast<Nanos>(key_.born) +
        pseudo_.kernel().clock().realtime_offset();
    if (task->dumpable) {
      attributes.uid = task->creds->euid;
      attributes.gid = task->creds->egid;
    }
  }
  return attributes;
}

TaskDirectory::TaskDirectory(PseudoFs& fs, const TaskKey& key, uint64_t ino,
                             uint32_t mode)
    : Inode(fs, ino, fs.NewAttributes(mode)), TaskNode(fs, key), mode_(mode) {
  set_loaded(false);
}

Result<InodeRef> TaskDirectory::Lookup(absl::string_view name) {
  Task* const target = FindTask();
  if (target == nullptr) return Errno(ENOENT);
  const auto it = made_.find(name);
  if (it != made_.end()) {
    if (InodeRef inode = it->second.lock()) return inode;
    made_.erase(it);
  }
  InodeRef inode = TRY(Make(*target, name));
  made_[std::string(name)] = inode;
  return inode;
}

Result<FileRef> TaskDirectory::Open(Task& task, const Path& path, int flags) {
  return OpenByType(task, path, flags);
}

const char ProcessDirectoryFile::kKind = 0;

Result<FileRef> MainDirectory::Open(Task& task, const Path& path, int flags) {
  if (!process_) return TaskDirectory::Open(task, path, flags);
  return FileRef(std::make_shared<ProcessDirectoryFile>(path, flags, key_));
}

InodeRef NewTaskDirectory(PseudoFs& fs, const Task& task, bool process,
                          const InodeRef& net) {
  return std::make_shared<MainDirectory>(fs, TaskKey::Of(task), process, net);
}

}  // namespace emu
