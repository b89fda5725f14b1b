// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_cpu.h"

#include <linux/audit.h>
#include <signal.h>

#include <cstring>
#include <utility>
#include <variant>

#include "absl/status/statusor.h"
#include "arch/isa/fault.h"
#include "arch/isa/signal_frame.h"
#include "arch/ptrace/ptrace.h"

namespace emu {
namespace {

using Mode = HostThread::Mode;
using Kind = Stop::Kind;

Stop StopOf(Kind kind) {
  Stop stop;
  stop.kind = kind;
  return stop;
}

}  // namespace

HostCpu::~HostCpu() { space_->process().Park(thread_); }

Stop HostCpu::Run(const RunLimit& limit) {
  words_.clear();
  Stop stop = limit.watch != 0         ? Watch(limit.watch)
              : limit.until != nullptr ? RunTo(limit)
                                       : RunFreely(limit);
  if (stop.kind == Kind::kSlice && limit.slice) stop = FinishRepetition(stop);
  if (stop.kind == Kind::kSlice) {
    stop.spent = TakeSpent();
  } else {
    looked_.reset();
  }
  return stop;
}

Stop HostCpu::RunFreely(const RunLimit& limit) {
  HostProcess& process = space_->process();
  const bool leads = &thread_ == &process.leader();
  using Slice = HostSignals::Slice;
  process.set_ran();
  if (OutOfMemory()) return StopOf(Kind::kGone);
  environment_.signals.BeginRun(
      thread_.tid().value,
      !limit.slice ? Slice::kNone
      : limit.soon ? Slice::kShort
                   : Slice::kLong,
      leads ? process.others() : absl::Span<const pid_t>());
  Stop stop = TakeInterrupt() ? StopOf(Kind::kSlice) : RunUntilStop(limit);
  environment_.signals.EndRun();
  return stop;
}

bool HostCpu::TakeInterrupt() {
  return !uninterrupted_ && environment_.signals.TakeInterrupt();
}

Mode HostCpu::PrepareMode(const RunLimit& limit) {
  space_->set_worker(thread_);
  if (limit.step) {
    // Leaving a system call, a step would be of two instructions.
    if (in_syscall_) thread_.LeaveSyscall();
    space_->Flush();
    pushed_flags_ = isa::PushedFlags(ReadInstruction(thread_.ip()));
    return Mode::kSysemuStep;
  }
  MappingQueue& queue = space_->queue();
  if (queue.empty()) return Mode::kSysemu;
  if (queue.TakeAll(&on_the_way_)) {
    thread_.PrepareCalls(on_the_way_);
    return Mode::kStub;
  }
  space_->Flush();
  return Mode::kSysemu;
}

Stop HostCpu::RunUntilStop(const RunLimit& limit) {
  mode_ = PrepareMode(limit);
  in_syscall_ = false;
  at_fault_ = false;
  trapped_.reset();
  std::optional<Stop> stop;
  if (!space_->broken()) {
    thread_.Resume(mode_);
    while (!(stop = Translate(thread_.Await()))) thread_.Continue();
  }
  CheckCallsOnTheWay();
  if (thread_.gone()) space_->Break(thread_.failure());
  if (space_->broken() || thread_.gone()) {
    if (environment_.failure.ok()) environment_.failure = space_->failure();
    return StopOf(Kind::kGone);
  }
  return *stop;
}

void HostCpu::CheckCallsOnTheWay() {
  if (on_the_way_.empty()) return;
  for (size_t i = 0; i < on_the_way_.size() && !thread_.gone(); ++i) {
    isa::StubCall& call = on_the_way_[i];
    call.result = thread_.CallResult(i);
    if (!MappingQueue::WasMade(call)) {
      space_->Break(MappingQueue::ErrorOf(call));
      break;
    }
  }
  // Calls that were not made still hold the secret.
  if (thread_.gone() || space_->broken()) {
    thread_.ClearCalls(on_the_way_.size());
  }
  on_the_way_.clear();
}

std::optional<Stop> HostCpu::Translate(const ptrace::TraceStop& stop) {
  if (thread_.gone()) return StopOf(Kind::kGone);
  if (std::holds_alternative<ptrace::SyscallStop>(stop)) return OnSyscall();
  if (auto* event = std::get_if<ptrace::EventStop>(&stop)) {
    if (event->event == ptrace::Event::SECCOMP) return OnSyscall();
    return OnInterrupt();
  }
  if (auto* signal = std::get_if<ptrace::SignalDeliveryStop>(&stop)) {
    return OnSignal(signal->signal.number);
  }
  return std::nullopt;
}

Stop HostCpu::OnSyscall() {
  const ptrace::SyscallInfo info = thread_.ReadSyscall();
  // The numbers lie at the same place in both members.
  const ptrace::SyscallInfo::Entry& call = info.entry;
  Stop stop = StopOf(Kind::kSyscall);
  stop.number = call.nr;
  std::memcpy(stop.args.data(), call.args, sizeof(call.args));
  stop.foreign = isa::IsForeignSyscall(info.arch, call.nr);
  number_ = call.nr;
  in_syscall_ = true;
  if (mode_ == Mode::kSysemuStep) isa::HideStepFromSyscall(thread_.Edit());
  if (isa::InVsyscallPage(info.instruction_pointer)) {
    // The host returns from there to the guest before it looks at registers
    // again; what comes after is a stop like any other.
    thread_.SetResult(0);
    thread_.LeaveSyscall();
    in_syscall_ = false;
  }
  return stop;
}

std::optional<Stop> HostCpu::OnInterrupt() {
  // A fault comes next, and is a stop as good.
  if (thread_.FaultPending()) return std::nullopt;
  if (mode_ == Mode::kStub) thread_.LeaveStub();
  if (OutOfMemory()) return StopOf(Kind::kGone);
  if (TakeInterrupt()) return StopOf(Kind::kSlice);
  // It was meant for the run before.
  if (mode_ == Mode::kStub) {
    mode_ = Mode::kSysemu;
    thread_.Resume(mode_);
    return Translate(thread_.Await());
  }
  return std::nullopt;
}

bool HostCpu::OutOfMemory() {
  if (!environment_.signals.TakeWatchTick()) return false;
  space_->process().set_ran();
  return environment_.watch.Exceeded();
}

absl::Span<const uint8_t> HostCpu::ReadInstruction(GuestAddr ip) {
  const size_t n = space_->CopyIn(instruction_, ip, sizeof(instruction_));
  return absl::MakeConstSpan(instruction_, n);
}

std::optional<Stop> HostCpu::OnSignal(int signo) {
  absl::StatusOr<siginfo_t> info = ptrace::getsiginfo(thread_.tid());
  if (!info.ok() || !IsSynchronous(*info)) return std::nullopt;
  if (signo == SIGTRAP && mode_ == Mode::kSysemuStep &&
      info->si_code != SI_KERNEL && !isa::StepsItself(thread_.Get())) {
    HidePushedTrapFlag();
    return StopOf(Kind::kStep);
  }
  if (signo == SIGTRAP && breakpoint_ && info->si_code == TRAP_HWBKPT) {
    return StopOf(Kind::kReached);
  }
  if (planted_) {
    const bool alike = signo == SIGTRAP && thread_.ip() == planted_->trap();
    if (alike || thread_.ip() == planted_->copy()) {
      isa::SetIp(thread_.Edit(), planted_->at());
    }
    if (alike) return StopOf(Kind::kReached);
  }
  FaultInfo fault;
  fault.signo = signo;
  fault.code = info->si_code;
  fault.addr = reinterpret_cast<GuestAddr>(info->si_addr);
  if (signo == SIGSEGV) {
    if (std::optional<Stop> stop = OnSegv(fault)) return stop;
  }
  Stop stop = StopOf(Kind::kFault);
  const isa::Registers& regs = thread_.Get();
  isa::DescribeFault(regs, ReadInstruction(isa::Ip(regs)), fault);
  stop.fault = fault;
  at_fault_ = true;
  return stop;
}

// The faults that are emu's to answer.
std::optional<Stop> HostCpu::OnSegv(const FaultInfo& fault) {
  const GuestAddr ip = thread_.ip();
  if (fault.code == SI_KERNEL) {
    trapped_ = isa::DecodeTrapped(ReadInstruction(ip));
    if (!trapped_.has_value()) return std::nullopt;
    Stop stop = StopOf(Kind::kTrapped);
    stop.trap = trapped_->trap;
    return stop;
  }
  // A host without vsyscall page: what the page would do is done here.
  std::optional<uint64_t> number = isa::VsyscallNumber(ip);
  if (!number.has_value()) return std::nullopt;
  isa::Registers& regs = thread_.Edit();
  if (!isa::ReturnFromVsyscall(regs, [this](GuestAddr from, uint64_t* to) {
        return space_->CopyIn(to, from, sizeof(*to)) == sizeof(*to);
      })) {
    return std::nullopt;
  }
  Stop stop = StopOf(Kind::kSyscall);
  stop.number = *number;
  stop.args = isa::SyscallArgs(regs);
  number_ = *number;
  return stop;
}

// PUSHF shows that it was single-stepped.
void HostCpu::HidePushedTrapFlag() {
  if (pushed_flags_ == 0) return;
  const GuestAddr at = thread_.sp();
  uint64_t flags = 0;
  if (space_->CopyIn(&flags, at, pushed_flags_) != pushed_flags_) return;
  flags &= ~isa::kTrapFlag;
  space_->CopyOut(at, &flags, pushed_flags_);
}

void HostCpu::RestartAs(uint64_t number) {
  isa::RestartSyscall(thread_.Edit(), number);
}

void HostCpu::FinishTrap(uint64_t value) {
  if (!trapped_.has_value()) return;
  isa::FinishTrapped(thread_.Edit(), *trapped_, value);
  trapped_.reset();
}

void HostCpu::Reset(GuestAddr entry, GuestAddr sp) {
  thread_.Set(isa::InitialRegisters(entry, sp));
  if (thread_.gone()) return;
  absl::Status status = environment_.initial_registers.Store(thread_.tid());
  if (!status.ok()) space_->Break(status);
}

Result<int64_t> HostCpu::ArchPrctl(int code, GuestAddr arg,
                                   FrameMemory& memory) {
  isa::Registers regs = thread_.Get();
  bool changed = false;
  const int64_t result = TRY(isa::ArchPrctl(regs, code, arg, memory, &changed));
  if (changed) thread_.Edit() = regs;
  return result;
}

Result<> HostCpu::PushSignalFrame(const SignalFrame& frame,
                                  FrameMemory& memory) {
  ExtendedRegisters extended;
  if (!extended.Fetch(thread_.tid()).ok()) return Errno(EFAULT);
  // A fault belongs to the guest; how the host came to any other stop does not.
  if (!std::exchange(at_fault_, false)) isa::Neutralize(thread_.Edit());
  return isa::PushSignalFrame(frame, memory, thread_.Edit(), extended.bytes());
}

Result<RestoredFrame> HostCpu::PopSignalFrame(FrameMemory& memory) {
  ExtendedRegisters extended;
  if (!extended.Fetch(thread_.tid()).ok()) return Errno(EFAULT);
  isa::Registers regs = thread_.Get();
  const RestoredFrame frame =
      TRY(isa::PopSignalFrame(memory, regs, extended.bytes()));
  if (!extended.Store(thread_.tid()).ok()) return Errno(EFAULT);
  thread_.Edit() = regs;
  return frame;
}

std::string HostCpu::DumpRegisters() {
  isa::Registers regs = thread_.Get();
  isa::Neutralize(regs);
  return std::string(reinterpret_cast<const char*>(&regs), sizeof(regs));
}

}  // namespace emu
