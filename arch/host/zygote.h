// SPDX-License-Identifier: Apache-2.0
//
// Where guest processes come from: one process forked from emu at the start,
// which shares emu's descriptors, has the settings that every guest process
// inherits, and holds no memory but the stub. Its clones are born blank.

#ifndef ARCH_HOST_ZYGOTE_H_
#define ARCH_HOST_ZYGOTE_H_

#include <memory>

#include "absl/status/statusor.h"
#include "arch/host/host_process.h"
#include "arch/host/host_thread.h"

namespace emu {

// The data page of the stub: one memory file, mapped into emu and shared with
// every guest process. One guest runs at a time, and none while emu writes it.
class StubMemory {
 public:
  static absl::StatusOr<std::unique_ptr<StubMemory>> Create();
  ~StubMemory();
  StubMemory(const StubMemory&) = delete;
  StubMemory& operator=(const StubMemory&) = delete;

  const StubAccess& access() const { return access_; }
  int fd() const { return fd_; }
  uint64_t stops() const { return stops_; }

 private:
  StubMemory() = default;

  StubAccess access_;
  uint64_t stops_ = 0;
  int fd_ = -1;
};

struct ZygoteOptions {
  // RDTSC in a guest is a fault that emu answers.
  bool trap_tsc = true;
};

// Makes the zygote. PERMISSION_DENIED when the host forbids ptrace.
absl::StatusOr<std::unique_ptr<HostProcess>> MakeZygote(
    const StubMemory& stub, const ZygoteOptions& options);

}  // namespace emu

#endif  // ARCH_HOST_ZYGOTE_H_
