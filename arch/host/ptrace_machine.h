// SPDX-License-Identifier: Apache-2.0
//
// HostMachine: the Machine door by ptrace(2) on this host. One at a time; made
// early, while emu is small, because guests begin as a fork of it. See
// README.md for the process model.
//
// While it exists, the calling thread is pinned to one CPU and must not read
// the time stamp counter, which the C library's clocks do: clock_gettime(2) is
// to be made as a system call.

#ifndef ARCH_HOST_PTRACE_MACHINE_H_
#define ARCH_HOST_PTRACE_MACHINE_H_

#include <cstddef>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "arch/host/guest_memory.h"
#include "arch/host/host_cpu.h"
#include "arch/host/host_files.h"
#include "arch/host/host_page_store.h"
#include "arch/host/host_process.h"
#include "arch/host/host_settings.h"
#include "arch/host/host_signals.h"
#include "arch/host/mapping_queue.h"
#include "arch/host/memory_watch.h"
#include "arch/host/process_pool.h"
#include "arch/host/zygote.h"
#include "arch/machine.h"

namespace emu {

struct HostMachineOptions {
  HostSignals* signals = nullptr;  // required
  HostFiles* files = nullptr;      // for Backing::Kind::kHostFile
  // For Backing::Kind::kPages, and for large copies to and from it.
  HostPageStore* page_store = nullptr;
  GuestMemory::Mode memory_mode = GuestMemory::Mode::kBest;
  // Memory that guests may hold together; a guest that runs while they hold
  // more is ended. 0: no limit.
  uint64_t memory_limit = 0;
  // RDTSC stops the guest, and is forbidden to emu.
  bool trap_tsc = true;
  bool pin_to_one_cpu = true;
  int preferred_cpu = -1;  // if it is allowed
  // Blank processes that are kept for the next exec.
  size_t idle_processes = 4;
};

class HostMachine final : public Machine {
 public:
  // PERMISSION_DENIED, with a message for the user, when the host forbids
  // ptrace.
  static absl::StatusOr<std::unique_ptr<HostMachine>> Create(
      const HostMachineOptions& options);
  ~HostMachine() override;

  Result<Guest> NewProcess() override;
  Result<Guest> Fork(AddressSpace& memory, Cpu& caller) override;
  Result<std::unique_ptr<Cpu>> NewThread(std::shared_ptr<AddressSpace> memory,
                                         Cpu& caller) override;
  const Platform& platform() const override { return platform_; }

  // The first failure of the host that a guest died of; OK when those that are
  // gone were killed from outside or ended by the kernel.
  const absl::Status& failure() const { return environment_.failure; }
  // How many guests were ended for want of memory.
  uint64_t memory_kills() const { return watch_.kills(); }
  // How often guest processes stopped, for whatever reason.
  uint64_t stops() const { return stub_->stops(); }

 private:
  HostMachine(const HostMachineOptions& options,
              std::unique_ptr<StubMemory> stub,
              std::unique_ptr<HostProcess> zygote, GuestMemory memory);
  Guest MakeGuest(std::unique_ptr<HostProcess> process);

  CpuAffinity affinity_;
  const HostMachineOptions options_;
  const Platform platform_;
  const std::unique_ptr<StubMemory> stub_;
  ProcessPool pool_;
  const MappingSources sources_;
  const GuestMemory memory_;
  MemoryWatch watch_;
  CpuEnvironment environment_;
};

}  // namespace emu

#endif  // ARCH_HOST_PTRACE_MACHINE_H_
