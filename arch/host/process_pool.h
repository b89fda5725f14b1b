// SPDX-License-Identifier: Apache-2.0
//
// Blank guest processes: cloned from the zygote, or wiped after their guest is
// gone, which is cheaper.

#ifndef ARCH_HOST_PROCESS_POOL_H_
#define ARCH_HOST_PROCESS_POOL_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "arch/host/host_process.h"
#include "arch/result.h"

namespace emu {

class ProcessPool {
 public:
  // Keeps at most `limit` processes that nobody uses.
  ProcessPool(std::unique_ptr<HostProcess> zygote, size_t limit)
      : zygote_(std::move(zygote)), limit_(limit) {}

  // A process with one stopped thread and no memory. Its registers are
  // anything. EAGAIN, ENOMEM.
  Result<std::unique_ptr<HostProcess>> Take();
  // Nobody uses `process` any more.
  void Give(std::unique_ptr<HostProcess> process);

  HostProcess& zygote() { return *zygote_; }
  size_t idle() const { return idle_.size(); }

 private:
  std::unique_ptr<HostProcess> zygote_;
  const size_t limit_;
  std::vector<std::unique_ptr<HostProcess>> idle_;
};

}  // namespace emu

#endif  // ARCH_HOST_PROCESS_POOL_H_
