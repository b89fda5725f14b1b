// SPDX-License-Identifier: Apache-2.0
//
// Cpu by a thread of the host: the run loop, and what each stop of ptrace(2)
// means (host_cpu.cc); following it closely (host_cpu_watch.cc).

#ifndef ARCH_HOST_HOST_CPU_H_
#define ARCH_HOST_HOST_CPU_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "arch/host/extended_registers.h"
#include "arch/host/host_address_space.h"
#include "arch/host/host_signals.h"
#include "arch/host/host_thread.h"
#include "arch/host/memory_watch.h"
#include "arch/host/planted_breakpoint.h"
#include "arch/isa/instruction.h"
#include "arch/isa/memory_use.h"
#include "arch/isa/registers.h"
#include "arch/machine.h"
#include "arch/ptrace/wait.h"

namespace emu {

class SpinWatch;

// What all Cpus of a machine need.
struct CpuEnvironment {
  HostSignals& signals;
  MemoryWatch& watch;
  // Of a new program.
  ExtendedRegisters initial_registers;
  // The first failure of the host that a guest died of.
  absl::Status failure;
};

class HostCpu final : public Cpu {
 public:
  HostCpu(std::shared_ptr<HostAddressSpace> space, HostThread& thread,
          CpuEnvironment& environment)
      : space_(std::move(space)), thread_(thread), environment_(environment) {}
  ~HostCpu() override;

  Stop Run(const RunLimit& limit) override;

  GuestAddr ip() override { return thread_.ip(); }
  GuestAddr sp() override { return thread_.sp(); }
  void SetResult(int64_t result) override {
    thread_.SetResult(static_cast<uint64_t>(result));
  }
  void Restart() override { RestartAs(number_); }
  void RestartAs(uint64_t number) override;
  void FinishTrap(uint64_t value) override;
  bool CanRedirect() const override { return true; }
  void SetStack(GuestAddr sp) override { isa::SetSp(thread_.Edit(), sp); }
  void SetTls(GuestAddr tls) override { isa::SetTls(thread_.Edit(), tls); }
  void Reset(GuestAddr entry, GuestAddr sp) override;
  Result<int64_t> ArchPrctl(int code, GuestAddr arg,
                            FrameMemory& memory) override;
  Result<> PushSignalFrame(const SignalFrame& frame,
                           FrameMemory& memory) override;
  Result<RestoredFrame> PopSignalFrame(FrameMemory& memory) override;
  std::string DumpRegisters() override;
  ExecutionPoint Point() override;

  HostAddressSpace& space() { return *space_; }
  HostThread& thread() { return thread_; }

 private:
  // To a stop of its own, or the end of its slice or step.
  Stop RunFreely(const RunLimit& limit);
  Stop RunUntilStop(const RunLimit& limit);
  HostThread::Mode PrepareMode(const RunLimit& limit);
  // The stop that the kernel is told of, if any.
  std::optional<Stop> Translate(const ptrace::TraceStop& stop);
  Stop OnSyscall();
  std::optional<Stop> OnSignal(int signo);
  std::optional<Stop> OnSegv(const FaultInfo& fault);
  std::optional<Stop> OnInterrupt();
  // It is time to look at the guests' memory, and they have too much.
  bool OutOfMemory();
  void CheckCallsOnTheWay();
  absl::Span<const uint8_t> ReadInstruction(GuestAddr ip);
  void HidePushedTrapFlag();
  bool TakeInterrupt();

  // RunLimit's watch and until: host_cpu_watch.cc.
  Stop Watch(uint32_t steps);
  Stop WatchStep(SpinWatch& watch);
  std::optional<isa::Repetition> Repetition();
  Stop SkipRepetition(GuestAddr end);
  Stop FinishRepetition(const Stop& slice);
  bool IsGoodPoint(SpinWatch& watch, uint32_t waited, uint32_t most);
  void KeepWords(const SpinWatch& watch);
  Stop Rest(SpinWatch& watch, uint32_t cycle);
  Stop RunTo(const RunLimit& goal);
  // `may_come`: the code that the point is in.
  Stop RunUntilReached(const RunLimit& goal, bool may_come);
  bool PlantBreakpoint(const RunLimit& goal);
  void ClearBreakpoint();
  // Has the thread stand where the guest knows it.
  Stop LeavePlanted(const Stop& stop);
  Stop RunUninterrupted(const RunLimit& limit);
  Stop StepUninterrupted();
  bool IsAt(const ExecutionPoint& point);
  uint64_t ExtendedDigest(uint64_t before);
  uint64_t RegistersDigest();
  uint64_t StackDigest();
  // The host's, that the guest's process has used.
  int64_t ProcessorTime();
  // Of that, since it was last asked for.
  int64_t TakeSpent();

  const std::shared_ptr<HostAddressSpace> space_;
  HostThread& thread_;
  CpuEnvironment& environment_;

  HostThread::Mode mode_ = HostThread::Mode::kSysemu;
  uint64_t number_ = 0;      // of the last system call
  bool in_syscall_ = false;  // stopped in it
  bool at_fault_ = false;    // stopped at a fault of its own
  size_t pushed_flags_ = 0;  // bytes of flags that the step pushes
  bool uninterrupted_ = false;  // what comes from outside can wait
  bool breakpoint_ = false;     // one is set
  std::optional<PlantedBreakpoint> planted_;
  std::vector<MemoryWord> words_;  // changed in the watch that this run was
  std::optional<int64_t> looked_;  // the processor time at the last kSlice
  std::vector<isa::StubCall> on_the_way_;  // host calls that Run has made
  std::optional<isa::TrappedInstruction> trapped_;
  uint8_t instruction_[isa::kMaxInstruction];
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_CPU_H_
