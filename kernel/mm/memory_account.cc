// SPDX-License-Identifier: Apache-2.0

#include "kernel/mm/memory_account.h"

#include <algorithm>

#include "arch/machine.h"

namespace emu {

bool FileMemory::Take(uint64_t bytes) {
  const uint64_t kept = account_->limit() - limit();
  if (bytes > left() || !account_->HasRoomFor(bytes + kept)) return false;
  used_ += bytes;
  return true;
}

uint64_t FileMemory::limit() const {
  return account_->limit() - account_->limit() / kProgramsShare;
}

uint64_t FileMemory::left() const { return limit() - std::min(limit(), used_); }

bool MemoryAccount::HasRoomFor(uint64_t bytes) {
  if (bytes > limit_) return false;
  const uint64_t promised = promised_ + files_.used();
  if (promised + bytes <= limit_) return true;
  // A measurement serves for some requests, which count as used.
  const uint64_t since = promised - std::min(promised, measured_at_);
  if (measured_at_ == 0 || since + bytes > limit_ / kMeasureShare) {
    used_ = files_.used();
    for (AddressSpace* space : spaces_) used_ += space->ResidentBytes();
    measured_at_ = promised;
    return used_ + bytes <= limit_;
  }
  return used_ + since + bytes <= limit_;
}

void MemoryAccount::RemoveSpace(AddressSpace& space) {
  spaces_.erase(std::find(spaces_.begin(), spaces_.end(), &space));
}

}  // namespace emu
