// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/memory_account.h"

#include <algorithm>

#include "arch/machine.h"

namespace emu {

bool MemoryAccount::HasRoomFor(uint64_t bytes) {
  if (bytes > limit_) return false;
  if (promised_ + bytes <= limit_) return true;
  // A measurement serves for some requests, which count as used.
  const uint64_t since = promised_ - std::min(promised_, measured_at_);
  if (measured_at_ == 0 || since + bytes > limit_ / kMeasureShare) {
    used_ = 0;
    for (AddressSpace* space : spaces_) used_ += space->ResidentBytes();
    measured_at_ = promised_;
    return used_ + bytes <= limit_;
  }
  return used_ + since + bytes <= limit_;
}

void MemoryAccount::RemoveSpace(AddressSpace& space) {
  spaces_.erase(std::find(spaces_.begin(), spaces_.end(), &space));
}

}  // namespace emu
