// SPDX-License-Identifier: Apache-2.0
//
// What x86-64 tells a program at its start. Included as arch/isa/platform.h.

#ifndef ARCH_X86_64_PLATFORM_H_
#define ARCH_X86_64_PLATFORM_H_

#include "arch/machine.h"

namespace emu::isa {

// As the host's CPU and kernel have it.
Machine::Platform HostPlatform();

}  // namespace emu::isa

#endif  // ARCH_X86_64_PLATFORM_H_
