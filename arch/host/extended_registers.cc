// SPDX-License-Identifier: Apache-2.0
#include "arch/host/extended_registers.h"

#include "absl/status/statusor.h"

namespace emu {

absl::Status ExtendedRegisters::Fetch(ptrace::Tid tid) {
  absl::StatusOr<size_t> size =
      ptrace::getregset<ptrace::ExtendedRegisters>(tid, &area_);
  if (size.ok()) size_ = *size;
  return size.status();
}

absl::Status ExtendedRegisters::Store(ptrace::Tid tid) const {
  return ptrace::setregset<ptrace::ExtendedRegisters>(tid, area_, size_)
      .status();
}

}  // namespace emu
