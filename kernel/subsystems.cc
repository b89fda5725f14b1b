// SPDX-License-Identifier: Apache-2.0

#include "kernel/subsystems.h"

#include "kernel/fs/mount.h"
#include "kernel/ipc/ipc.h"
#include "kernel/kernel.h"
#include "kernel/net/network.h"

namespace emu {

Subsystems::Subsystems(Kernel& kernel)
    : memory(kernel.options().memory, kernel.mounts().file_memory()),
      anonymous(kernel),
      vdso(kernel),
      network(std::make_unique<Network>()),
      ipc(std::make_unique<Ipc>()) {
  uts.nodename = kernel.options().hostname;
}
Subsystems::~Subsystems() = default;

}  // namespace emu
