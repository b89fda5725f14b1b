// SPDX-License-Identifier: Apache-2.0

#include "emu/record/processor.h"

#include <algorithm>

#include "arch/host/host_settings.h"
#include "arch/isa/cpu_features.h"

namespace emu {

Processor Processor::Here(int preferred) {
  Processor here;
  here.model = isa::CpuModel();
  if (!CanTrapCpuid()) here.cpu = std::max(CpuToPinTo(preferred), 0);
  return here;
}

}  // namespace emu
