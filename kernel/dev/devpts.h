// SPDX-License-Identifier: Apache-2.0
//
// devpts: the file system of /dev/pts, where every pseudo-terminal whose master
// is open has a name, and ptmx makes new ones. There is one instance; it is
// owned by the mount tree.

#ifndef KERNEL_DEV_DEVPTS_H_
#define KERNEL_DEV_DEVPTS_H_

#include <map>
#include <memory>

#include "kernel/dev/pty.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/path.h"

namespace emu {

class Kernel;

class Devpts : public FileSystem {
 public:
  // /proc/sys/kernel/pty/max
  static constexpr int kMost = 4096;
  // The group that new terminals belong to, as distributions mount it.
  static constexpr Gid kTtyGroup = 5;

  Devpts(Kernel& kernel, uint64_t device);
  ~Devpts() override;

  // FileSystem.
  InodeRef root() override { return root_; }
  FileSystemStats Stats() override;
  bool CachesNames() const override { return false; }
  std::string MountOptions() const override {
    return ",gid=5,mode=620,ptmxmode=666";
  }

  // A new pseudo-terminal, for open(2) of ptmx: its master. ENOSPC.
  Result<FileRef> OpenMaster(Task& task, const Path& path, int flags);
  // The slave `number`, by its device number: EIO if there is none.
  Result<FileRef> OpenSlave(Task& task, const Path& path, int flags,
                            int number);
  // Gives `terminal` the name of its number.
  void Add(std::shared_ptr<Terminal> terminal, Uid uid, Gid gid);
  // Its name goes.
  void Release(const Terminal& terminal);
  // Its place in the mount that `near` lies in, or in the standard one.
  Path PathOf(const Terminal& terminal, const Path& near);
  void set_mount(MountRef mount) { mount_ = std::move(mount); }

 private:
  friend class DevptsRoot;
  struct Entry {
    std::shared_ptr<Terminal> terminal;
    InodeRef inode;
  };

  Kernel& kernel_;
  InodeRef root_;
  InodeRef ptmx_;
  std::weak_ptr<Mount> mount_;
  std::map<int, Entry> entries_;
  // Numbers in use: a slave may outlive its name.
  std::map<int, std::weak_ptr<Terminal>> numbers_;
};

}  // namespace emu

#endif  // KERNEL_DEV_DEVPTS_H_
