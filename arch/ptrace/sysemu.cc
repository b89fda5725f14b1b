// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/sysemu.h"

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "arch/ptrace/request.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

absl::Status sysemu(Tid tid, std::optional<Signal> signal) {
  return Call(Request::SYSEMU, tid, 0,
              static_cast<uintptr_t>(signal.value_or(Signal{}).number));
}

absl::Status sysemu_step(Tid tid, std::optional<Signal> signal) {
  return Call(Request::SYSEMU_SINGLESTEP, tid, 0,
              static_cast<uintptr_t>(signal.value_or(Signal{}).number));
}

}  // namespace emu::ptrace
