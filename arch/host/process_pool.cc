// SPDX-License-Identifier: Apache-2.0
#include "arch/host/process_pool.h"

#include <utility>

namespace emu {

Result<std::unique_ptr<HostProcess>> ProcessPool::Take() {
  while (!idle_.empty()) {
    std::unique_ptr<HostProcess> process = std::move(idle_.back());
    idle_.pop_back();
    if (!process->leader().gone()) return process;
  }
  return zygote_->Fork(zygote_->leader());
}

void ProcessPool::Give(std::unique_ptr<HostProcess> process) {
  if (process == nullptr || process->leader().gone()) return;
  if (idle_.size() < limit_ && process->Wipe()) {
    idle_.push_back(std::move(process));
  }
}

}  // namespace emu
