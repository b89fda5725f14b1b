// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/memory_account.h"

#include <algorithm>

#include "arch/machine.h"

namespace emu {

bool MemoryAccount::HasRoomFor(uint64_t bytes) {
  if (bytes > limit_) return false;
  if (promised_ + bytes <= limit_) return true;
  // What was promised since the last measurement counts as used, so that it
  // need not be made for every request.
  if (promised_at_measure_ != 0 && promised_ >= promised_at_measure_ &&
      used_ + (promised_ - promised_at_measure_) + bytes <= limit_) {
    return true;
  }
  used_ = 0;
  for (AddressSpace* space : spaces_) used_ += space->ResidentBytes();
  promised_at_measure_ = promised_;
  return used_ + bytes <= limit_;
}

void MemoryAccount::RemoveSpace(AddressSpace& space) {
  spaces_.erase(std::find(spaces_.begin(), spaces_.end(), &space));
}

}  // namespace emu
