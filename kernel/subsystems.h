// SPDX-License-Identifier: Apache-2.0
//
// The roots of subsystems that the Kernel need not know by name: one of each,
// made at boot and owned here. Handlers reach theirs through
// task.kernel().subsystems().

#ifndef KERNEL_SUBSYSTEMS_H_
#define KERNEL_SUBSYSTEMS_H_

#include <cstdint>
#include <memory>

#include "kernel/dev/terminals.h"
#include "kernel/fs/anonymous.h"
#include "kernel/fs/device.h"
#include "kernel/fs/inotify.h"
#include "kernel/fs/locks.h"
#include "kernel/mm/futex_pi.h"
#include "kernel/mm/memory_account.h"
#include "kernel/mm/shared_segment.h"
#include "kernel/mm/vdso.h"
#include "kernel/uts.h"

namespace emu {

class Kernel;
struct Ipc;
struct Network;

struct Subsystems {
  explicit Subsystems(Kernel& kernel);
  ~Subsystems();

  MemoryAccount memory;  // first: what follows gives memory back
  PiWaiters pi_waiters;
  SharedSegments segments{4096};  // SHMMNI
  AnonymousFileSystems anonymous;
  UtsNames uts;
  Vdso vdso;
  Terminals terminals;
  const std::unique_ptr<Network> network;
  const std::unique_ptr<Ipc> ipc;
  int next_eventfd_id = 0;  // for fdinfo
  DeviceRegistry devices;
  LockTable locks;
  InotifyInstances inotify;
};

}  // namespace emu

#endif  // KERNEL_SUBSYSTEMS_H_
