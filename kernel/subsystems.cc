// SPDX-License-Identifier: Apache-2.0

#include "kernel/subsystems.h"

#include "kernel/kernel.h"

namespace emu {

Subsystems::Subsystems(Kernel& kernel)
    : memory(kernel.options().memory), anonymous(kernel), vdso(kernel) {
  uts.nodename = kernel.options().hostname;
}
Subsystems::~Subsystems() = default;

}  // namespace emu
