// SPDX-License-Identifier: Apache-2.0

#include "kernel/procfs/procfs.h"

#include <linux/magic.h>
#include <sys/stat.h>

#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/path.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/procfs/pseudo_fs.h"
#include "kernel/procfs/task_directory.h"
#include "kernel/task.h"

namespace emu {
namespace {

class Procfs : public PseudoFs {
 public:
  explicit Procfs(Kernel& kernel);
  InodeRef root() override { return root_; }
  // Processes come and go.
  bool CachesNames() const override { return false; }
  bool HasFixedNames() const override { return true; }

 private:
  InodeRef root_;
};

class ProcRoot : public PseudoDirectory {
 public:
  explicit ProcRoot(PseudoFs& fs)
      : PseudoDirectory(fs), net_(std::make_shared<PseudoDirectory>(fs)) {}

  PseudoDirectory& net() { return *net_; }
  Result<InodeRef> Lookup(absl::string_view name) override;
  Result<> List(Task* task, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override;

 private:
  // Positions of processes begin here.
  static constexpr uint64_t kProcesses = 1 << 16;

  struct Known {
    TaskKey key;
    std::weak_ptr<Inode> directory;
  };
  void ForgetEnded(Pid except);

  const std::shared_ptr<PseudoDirectory> net_;
  std::map<Pid, Known> known_;
};

Result<InodeRef> ProcRoot::Lookup(absl::string_view name) {
  Pid pid;
  if (!absl::SimpleAtoi(name, &pid)) return PseudoDirectory::Lookup(name);
  if (absl::StrCat(pid) != name) return Errno(ENOENT);
  Kernel& kernel = pseudo_fs().kernel();
  Task* const task = kernel.pids().FindTask(pid);
  if (task == nullptr) return Errno(ENOENT);
  const auto it = known_.find(pid);
  if (it != known_.end() && it->second.key.Find(kernel) == task) {
    if (InodeRef directory = it->second.directory.lock()) return directory;
  }
  ForgetEnded(pid);
  InodeRef directory =
      NewTaskDirectory(pseudo_fs(), *task, /*process=*/true, net_);
  known_[pid] = {TaskKey::Of(*task), directory};
  return directory;
}

// The names of tasks that are gone would otherwise be kept until somebody asks
// for them again. Leaves `except`, which the caller looks up.
void ProcRoot::ForgetEnded(Pid except) {
  for (auto it = known_.begin(); it != known_.end();) {
    if (it->first == except ||
        it->second.key.Find(pseudo_fs().kernel()) != nullptr) {
      ++it;
      continue;
    }
    fs().root_dentry()->Remove(absl::StrCat(it->first));
    it = known_.erase(it);
  }
}

Result<> ProcRoot::List(Task* task, uint64_t from,
                        absl::FunctionRef<bool(const DirEntry&)> sink) {
  bool more = true;
  if (from < kProcesses) {
    TRY(PseudoDirectory::List(task, from, [&](const DirEntry& entry) {
      more = sink(entry);
      return more;
    }));
  }
  if (!more) return {};
  const auto& processes = pseudo_fs().kernel().pids().processes();
  const Pid first = from <= kProcesses ? 0 : static_cast<Pid>(from -
                                                              kProcesses);
  for (auto it = processes.lower_bound(first); it != processes.end(); ++it) {
    const Pid pid = it->first;
    if (!sink({absl::StrCat(pid), TaskIno(pid, TaskPlace::kProcess, 0),
               S_IFDIR, kProcesses + pid + 1})) {
      return {};
    }
  }
  return {};
}

Procfs::Procfs(Kernel& kernel)
    : PseudoFs(kernel, "proc", kernel.mounts().NextDevice(),
               PROC_SUPER_MAGIC) {
  auto root = std::make_shared<ProcRoot>(*this);
  root->Add("self", std::make_shared<GeneratedLink>(*this, [](Task& task) {
              return absl::StrCat(task.process().pid());
            }));
  root->Add("thread-self",
            std::make_shared<GeneratedLink>(*this, [](Task& task) {
              return absl::StrCat(task.process().pid(), "/task/", task.tid());
            }));
  root->AddLink("mounts", "self/mounts");
  root->AddLink("net", "self/net");
  AddSystemFiles(kernel, *root);
  AddSysctls(kernel, root->Directory("sys"));
  AddNetworkFiles(kernel, root->net());
  root_ = std::move(root);
}

}  // namespace

std::unique_ptr<FileSystem> NewProcfs(Kernel& kernel) {
  return std::make_unique<Procfs>(kernel);
}

}  // namespace emu
