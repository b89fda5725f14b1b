// SPDX-License-Identifier: Apache-2.0

#include "kernel/dev/standard_mounts.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <memory>
#include <utility>

#include "kernel/dev/console.h"
#include "kernel/dev/devpts.h"
#include "kernel/dev/mem_devices.h"
#include "kernel/dev/terminals.h"
#include "kernel/fs/device.h"
#include "kernel/fs/mount.h"
#include "kernel/fs/tmpfs.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/procfs/procfs.h"
#include "kernel/subsystems.h"
#include "kernel/sysfs/sysfs.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint32_t kTtyMinor = 0;
constexpr uint32_t kConsoleMinor = 1;
constexpr uint32_t kPtmxMinor = 2;

struct DeviceFile {
  const char* name;
  uint32_t major;
  uint32_t minor;
  uint32_t mode;
};
constexpr DeviceFile kDevices[] = {
    {"null", kMemMajor, kNullMinor, 0666},
    {"zero", kMemMajor, kZeroMinor, 0666},
    {"full", kMemMajor, kFullMinor, 0666},
    {"random", kMemMajor, kRandomMinor, 0666},
    {"urandom", kMemMajor, kUrandomMinor, 0666},
    {"tty", kTtyMajor, kTtyMinor, 0666},
};

struct DeviceLink {
  const char* name;
  const char* target;
};
constexpr DeviceLink kLinks[] = {
    {"ptmx", "pts/ptmx"},         {"fd", "/proc/self/fd"},
    {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},
};

// The caller's controlling terminal.
Result<FileRef> OpenTty(Task& task, const Path& path, int flags) {
  const std::shared_ptr<Terminal> terminal = task.process().session->terminal;
  if (terminal == nullptr) return Errno(ENXIO);
  return OpenTerminal(task, terminal, path, flags);
}

Result<FileRef> OpenConsoleDevice(Task& task, const Path& path, int flags) {
  const std::shared_ptr<Console> console =
      task.kernel().subsystems().terminals.console;
  if (console == nullptr) return Errno(ENXIO);
  return OpenTerminal(task, console, path, flags | O_NOCTTY);
}

void RegisterTerminals(Kernel& kernel) {
  DeviceRegistry& devices = kernel.subsystems().devices;
  devices.Register(kTtyMajor, kTtyMinor,
                   [](Task& task, const Path& path, int flags, uint32_t) {
                     return OpenTty(task, path, flags);
                   });
  devices.Register(kTtyMajor, kConsoleMinor,
                   [](Task& task, const Path& path, int flags, uint32_t) {
                     return OpenConsoleDevice(task, path, flags);
                   });
  devices.Register(kTtyMajor, kPtmxMinor,
                   [](Task& task, const Path& path, int flags, uint32_t) {
                     Kernel& kernel = task.kernel();
                     return kernel.subsystems().terminals.devpts->OpenMaster(
                         task, path, flags);
                   });
  devices.Register(
      kPtySlaveMajor, DeviceRegistry::kAnyMinor,
      [](Task& task, const Path& path, int flags, uint32_t minor) {
        Kernel& kernel = task.kernel();
        return kernel.subsystems().terminals.devpts->OpenSlave(
            task, path, flags, static_cast<int>(minor));
      });
}

Result<> MakeDevice(Kernel& kernel, Inode& directory, const DeviceFile& file) {
  const NewNode node = {.mode = S_IFCHR | file.mode,
                        .rdev = makedev(file.major, file.minor),
                        .now = kernel.clock().realtime()};
  TRY(directory.Create(file.name, node));
  return {};
}

Result<> MountDev(Kernel& kernel) {
  auto dev = std::make_unique<Tmpfs>(kernel, "devtmpfs",
                                     TmpfsOptions{.mode = 0755});
  const InodeRef root = dev->root();
  for (const DeviceFile& file : kDevices) {
    TRY(MakeDevice(kernel, *root, file));
  }
  if (kernel.subsystems().terminals.console != nullptr) {
    TRY(MakeDevice(kernel, *root,
                   {"console", kTtyMajor, kConsoleMinor, 0600}));
  }
  for (const DeviceLink& link : kLinks) {
    const NewNode node = {.mode = S_IFLNK | 0777,
                          .link_target = link.target,
                          .now = kernel.clock().realtime()};
    TRY(root->Create(link.name, node));
  }
  TRY(kernel.mounts().MountAt("/dev", std::move(dev), {.nosuid = true},
                              "devtmpfs"));
  return {};
}

Result<> MountDevpts(Kernel& kernel) {
  auto fs = std::make_unique<Devpts>(kernel, kernel.mounts().NextDevice());
  Devpts& devpts = *fs;
  kernel.subsystems().terminals.devpts = &devpts;
  const MountRef mount =
      TRY(kernel.mounts().MountAt("/dev/pts", std::move(fs),
                                  {.nosuid = true, .noexec = true}, "devpts"));
  devpts.set_mount(mount);
  return {};
}

Result<> MountTmpfs(Kernel& kernel, const char* path, uint32_t mode,
                    const MountFlags& flags) {
  TRY(kernel.mounts().MountAt(path, NewTmpfs(kernel, {.mode = mode}), flags,
                              "tmpfs"));
  return {};
}

}  // namespace

Result<> MountStandard(Kernel& kernel, bool fresh_tmp) {
  RegisterMemDevices(kernel);
  RegisterTerminals(kernel);
  CreateConsole(kernel);
  constexpr MountFlags kDataOnly = {
      .nosuid = true, .nodev = true, .noexec = true};
  TRY(kernel.mounts().MountAt("/proc", NewProcfs(kernel), kDataOnly, "proc"));
  TRY(kernel.mounts().MountAt("/sys", NewSysfs(kernel), kDataOnly, "sysfs"));
  TRY(kernel.mounts().MountAt("/sys/fs/cgroup", NewCgroupFs(kernel), kDataOnly,
                              "cgroup2"));
  TRY(MountDev(kernel));
  TRY(MountDevpts(kernel));
  TRY(MountTmpfs(kernel, "/dev/shm", 01777, {.nosuid = true, .nodev = true}));
  if (!fresh_tmp) return {};
  TRY(MountTmpfs(kernel, "/run", 0755, {.nosuid = true, .nodev = true}));
  TRY(MountTmpfs(kernel, "/tmp", 01777, {.nosuid = true, .nodev = true}));
  return {};
}

}  // namespace emu
