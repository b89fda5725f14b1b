// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/devpts.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/open_file.h"
#include "kernel/kernel.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint64_t kRootIno = 1;
constexpr uint64_t kPtmxIno = 2;
constexpr uint64_t kFirstSlaveIno = 3;

Attributes MakeAttributes(Kernel& kernel, uint32_t mode, uint64_t rdev) {
  Attributes attributes;
  attributes.mode = mode;
  attributes.rdev = rdev;
  attributes.atime = attributes.mtime = attributes.ctime = attributes.btime =
      kernel.clock().realtime();
  return attributes;
}

// A node that opens as its device number says.
class DeviceNode : public Inode {
 public:
  using Inode::Inode;
  Result<FileRef> Open(Task& task, const Path& path, int flags) override {
    return OpenByType(task, path, flags);
  }
};

}  // namespace

class DevptsRoot : public Inode {
 public:
  DevptsRoot(Devpts& fs, const Attributes& attributes)
      : Inode(fs, kRootIno, attributes), devpts_(fs) {}

  Result<InodeRef> Lookup(absl::string_view name) override {
    if (name == "ptmx") return devpts_.ptmx_;
    int number;
    if (!absl::SimpleAtoi(name, &number) || absl::StrCat(number) != name) {
      return Errno(ENOENT);
    }
    const auto it = devpts_.entries_.find(number);
    if (it == devpts_.entries_.end()) return Errno(ENOENT);
    return it->second.inode;
  }

  // A slave's position is its number behind ptmx's.
  Result<> List(Task*, uint64_t from,
                absl::FunctionRef<bool(const DirEntry&)> sink) override {
    if (from < kPtmxIno + 1 &&
        !sink({"ptmx", kPtmxIno, S_IFCHR, kPtmxIno + 1})) {
      return {};
    }
    const int first = from <= kPtmxIno + 1
                          ? 0
                          : static_cast<int>(from - (kPtmxIno + 1));
    for (auto it = devpts_.entries_.lower_bound(first);
         it != devpts_.entries_.end(); ++it) {
      const std::string name = absl::StrCat(it->first);
      if (!sink({name, it->second.inode->ino(), S_IFCHR,
                 kPtmxIno + 2 + it->first})) {
        return {};
      }
    }
    return {};
  }

  Result<FileRef> Open(Task& task, const Path& path, int flags) override {
    return OpenByType(task, path, flags);
  }

 private:
  Devpts& devpts_;
};

Devpts::Devpts(Kernel& kernel, uint64_t device)
    : FileSystem("devpts", device), kernel_(kernel) {
  Attributes directory = MakeAttributes(kernel, S_IFDIR | 0755, 0);
  directory.nlink = 2;
  root_ = std::make_shared<DevptsRoot>(*this, directory);
  ptmx_ = std::make_shared<DeviceNode>(
      *this, kPtmxIno,
      MakeAttributes(kernel, S_IFCHR | 0666, makedev(kTtyMajor, 2)));
}

Devpts::~Devpts() = default;

FileSystemStats Devpts::Stats() {
  FileSystemStats stats;
  stats.type = DEVPTS_SUPER_MAGIC;
  return stats;
}

void Devpts::Add(std::shared_ptr<Terminal> terminal, Uid uid, Gid gid) {
  const int number = terminal->number();
  Attributes attributes = MakeAttributes(kernel_, S_IFCHR | 0620,
                                         makedev(kPtySlaveMajor, number));
  attributes.uid = uid;
  attributes.gid = gid;
  auto inode = std::make_shared<DeviceNode>(*this, kFirstSlaveIno + number,
                                            attributes);
  numbers_[number] = terminal;
  entries_[number] = {std::move(terminal), std::move(inode)};
}

void Devpts::Release(const Terminal& terminal) {
  entries_.erase(terminal.number());
  root_dentry()->Remove(absl::StrCat(terminal.number()));
}

Path Devpts::PathOf(const Terminal& terminal, const Path& near) {
  Path path;
  path.mount = near.mount != nullptr && &near.mount->fs() == this
                   ? near.mount
                   : mount_.lock();
  // The caller holds the master, or the name's terminal itself.
  path.dentry = (*root_dentry()->Child(absl::StrCat(terminal.number())))
                    ->shared_from_this();
  return path;
}

Result<FileRef> Devpts::OpenMaster(Task& task, const Path& path, int flags) {
  int number = 0;
  for (auto it = numbers_.begin(); it != numbers_.end();) {
    it = it->second.expired() ? numbers_.erase(it) : std::next(it);
  }
  while (numbers_.count(number) > 0) ++number;
  if (number >= kMost) return Errno(ENOSPC);
  auto pty = std::make_shared<Pty>(kernel_, number);
  Add(pty, task.creds->fsuid, kTtyGroup);
  return FileRef(std::make_shared<PtyMaster>(*this, pty, path, flags));
}

Result<FileRef> Devpts::OpenSlave(Task& task, const Path& path, int flags,
                                  int number) {
  const auto it = entries_.find(number);
  if (it == entries_.end()) return Errno(EIO);
  const std::shared_ptr<Terminal> terminal = it->second.terminal;
  return OpenTerminal(task, terminal, path, flags);
}

}  // namespace emu
