// SPDX-License-Identifier: Apache-2.0

#include "kernel/subsystems.h"

namespace emu {

Subsystems::Subsystems(Kernel& kernel) : anonymous(kernel), vdso(kernel) {}
Subsystems::~Subsystems() = default;

}  // namespace emu
