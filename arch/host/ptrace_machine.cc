// SPDX-License-Identifier: Apache-2.0
#include "arch/host/ptrace_machine.h"

#include <errno.h>

#include <utility>

#include "arch/base/check.h"
#include "arch/base/host_status.h"
#include "arch/isa/platform.h"
#include "arch/isa/xstate.h"

namespace emu {

absl::StatusOr<std::unique_ptr<HostMachine>> HostMachine::Create(
    const HostMachineOptions& options) {
  EMU_CHECK(options.signals != nullptr);
  CpuAffinity affinity;  // what a failure puts back
  if (options.pin_to_one_cpu) {
    absl::Status pinned = PinToOneCpu(options.preferred_cpu);
    if (!pinned.ok()) return pinned;
  }
  RaiseDescriptorLimit();
  absl::StatusOr<std::unique_ptr<StubMemory>> stub = StubMemory::Create();
  if (!stub.ok()) return stub.status();
  absl::StatusOr<std::unique_ptr<HostProcess>> zygote =
      MakeZygote(**stub, ZygoteOptions{options.trap_tsc});
  if (!zygote.ok()) return zygote.status();
  absl::StatusOr<GuestMemory> memory =
      GuestMemory::Create(options.memory_mode, **zygote);
  if (!memory.ok()) return memory.status();

  ExtendedRegisters initial;
  absl::Status fetched = initial.Fetch((*zygote)->leader().tid());
  if (!fetched.ok()) return fetched;
  isa::SetInitialXstate(initial.bytes());

  auto machine = std::unique_ptr<HostMachine>(
      new HostMachine(options, *std::move(stub), *std::move(zygote), *memory));
  machine->environment_.initial_registers = initial;
  affinity.Swap(machine->affinity_);
  if (options.trap_tsc && !TrapTimestampCounter(true)) {
    return HostError(errno, "prctl(PR_SET_TSC, PR_TSC_SIGSEGV)");
  }
  return machine;
}

HostMachine::HostMachine(const HostMachineOptions& options,
                         std::unique_ptr<StubMemory> stub,
                         std::unique_ptr<HostProcess> zygote,
                         GuestMemory memory)
    : options_(options),
      platform_(isa::HostPlatform()),
      stub_(std::move(stub)),
      pool_(std::move(zygote), options.idle_processes),
      sources_{options.page_store, options.files},
      memory_(memory),
      watch_(options.memory_limit,
             options.page_store != nullptr ? options.page_store->fd() : -1),
      environment_{*options.signals, watch_, {}, {}} {
  if (watch_.enabled()) options.signals->EnableWatchTicks();
}

HostMachine::~HostMachine() {
  if (options_.trap_tsc) TrapTimestampCounter(false);
}

Machine::Guest HostMachine::MakeGuest(std::unique_ptr<HostProcess> process) {
  HostThread& leader = process->leader();
  auto space = std::make_shared<HostAddressSpace>(std::move(process), pool_,
                                                  sources_, memory_, watch_);
  Guest guest;
  guest.cpu = std::make_unique<HostCpu>(space, leader, environment_);
  guest.memory = std::move(space);
  return guest;
}

Result<Machine::Guest> HostMachine::NewProcess() {
  std::unique_ptr<HostProcess> process = TRY(pool_.Take());
  return MakeGuest(std::move(process));
}

Result<Machine::Guest> HostMachine::Fork(AddressSpace& memory, Cpu& caller) {
  auto& space = static_cast<HostAddressSpace&>(memory);
  HostThread& thread = static_cast<HostCpu&>(caller).thread();
  const isa::Registers registers = thread.Get();
  if (!space.Flush()) return Errno(ENOMEM);
  std::unique_ptr<HostProcess> child = TRY(space.process().Fork(thread));
  child->leader().Set(registers);
  Guest guest = MakeGuest(std::move(child));
  static_cast<HostAddressSpace&>(*guest.memory)
      .queue()
      .CopyStateOf(space.queue());
  return guest;
}

Result<std::unique_ptr<Cpu>> HostMachine::NewThread(
    std::shared_ptr<AddressSpace> memory, Cpu& caller) {
  auto space = std::static_pointer_cast<HostAddressSpace>(std::move(memory));
  HostThread& creator = static_cast<HostCpu&>(caller).thread();
  const isa::Registers registers = creator.Get();
  HostThread* thread = TRY(space->process().NewThread(creator));
  thread->Set(registers);
  return std::unique_ptr<Cpu>(
      std::make_unique<HostCpu>(std::move(space), *thread, environment_));
}

}  // namespace emu
