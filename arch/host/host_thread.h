// SPDX-License-Identifier: Apache-2.0
//
// One thread of a guest process on the host: its ptrace stops, its registers
// and the host calls that it makes for emu. Owned by its HostProcess. Between
// stops a thread runs; every method but those of waiting needs it stopped.
//
// Registers are fetched when first asked for and written back once, when the
// thread is resumed. A thread that the host has ended is `gone`: methods then
// do nothing and registers read as zero.

#ifndef ARCH_HOST_HOST_THREAD_H_
#define ARCH_HOST_HOST_THREAD_H_

#include <signal.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "arch/isa/registers.h"
#include "arch/isa/stub.h"
#include "arch/ptrace/ptrace.h"
#include "arch/ptrace/types.h"
#include "arch/ptrace/wait.h"
#include "arch/user_ptr.h"

namespace emu {

// emu's view of the stub's data page, which every guest process has mapped.
struct StubAccess {
  isa::StubPage* page = nullptr;
  uint32_t secret = 0;
  // How often threads were waited for: one for all.
  uint64_t* stops = nullptr;
};

// Whether the host's kernel raised a signal for what the thread executed.
bool IsSynchronous(const siginfo_t& info);

class HostThread {
 public:
  // A thread that is stopped, or that Await() has yet to see.
  HostThread(ptrace::Tid tid, const StubAccess& stub)
      : tid_(tid), stub_(stub) {}
  HostThread(const HostThread&) = delete;
  HostThread& operator=(const HostThread&) = delete;

  ptrace::Tid tid() const { return tid_; }
  bool gone() const { return gone_; }
  // Its end was waited for: its number may be another's now.
  bool reaped() const { return reaped_; }
  // Why it is gone, if not by the host's killing it.
  const absl::Status& failure() const { return failure_; }

  // --- Registers.

  GuestAddr ip();
  GuestAddr sp();
  const isa::Registers& Get();
  isa::Registers& Edit();
  // Replaces them all.
  void Set(const isa::Registers& regs);
  void SetResult(uint64_t value);

  // --- Running.

  enum class Mode {
    kSysemu,      // to the next system call
    kSysemuStep,  // one instruction, or a system call
    kStub,        // through the stub, see PrepareCalls, then as kSysemu
  };
  // Writes back what changed and lets it run.
  void Resume(Mode mode);
  // Waits until a thread that is in the stub, or about to enter it, comes to
  // StubTrap(); marks it gone if it does not.
  void AwaitStubTrap();
  // Waits for the next stop; marks it gone if that is its end.
  ptrace::TraceStop Await();
  // After a syscall stop, or a stop of Event::SECCOMP.
  ptrace::SyscallInfo ReadSyscall();
  // The last stop was unasked for: goes on in the same way.
  void Continue();

  // Makes the next Resume(kStub) make these host calls on its way, up to the
  // first that fails. At most StubPage::kMaxCalls.
  void PrepareCalls(absl::Span<const isa::StubCall> calls);
  // The result of the `n`th of them, once the thread has stopped.
  uint64_t CallResult(size_t n) const { return stub_.page->calls[n].result; }
  // Leaves nothing of the first `n` calls in the data page.
  void ClearCalls(size_t n);
  // If it stands in the stub after an interruption, lets it finish there, so
  // that it stands where the guest knows it.
  void LeaveStub();
  // Leaves a system call's stop for one outside of it, running nothing.
  void LeaveSyscall();
  // After an interruption: the thread has also raised a signal, of which it has
  // not yet told.
  bool FaultPending();

  // --- A breakpoint of the host's, which shows nowhere in the guest.

  // False: there is none to be had.
  bool SetBreakpoint(GuestAddr ip);
  void ClearBreakpoint();

  // --- Host calls.

  // Makes the calls in order, up to the first that fails, and stores their
  // results. Returns how many succeeded. At most StubPage::kMaxCalls.
  size_t Call(absl::Span<isa::StubCall> calls);

 private:
  void Check(const absl::Status& status);
  void Poke(size_t offset, uint64_t value);
  // Forgets what was known of the registers.
  void Forget();
  void WriteBack();
  // Keeps the host from making the call that the filter stopped.
  void SkipPendingCall();
  // The present stop is a fault's.
  bool FaultReported();

  const ptrace::Tid tid_;
  const StubAccess& stub_;
  bool gone_ = false;
  bool reaped_ = false;
  absl::Status failure_;

  Mode mode_ = Mode::kSysemu;
  // What is known of the registers, and what differs from the host's.
  bool regs_known_ = false;
  bool regs_changed_ = false;
  bool ip_known_ = false;
  bool ip_changed_ = false;
  bool sp_known_ = false;
  bool result_changed_ = false;
  // The filter has stopped a call, which the host makes if nothing is done.
  bool call_pending_ = false;
  GuestAddr ip_ = 0;
  GuestAddr sp_ = 0;
  uint64_t result_ = 0;
  GuestAddr back_ = 0;  // where the stub goes in kStub
  isa::Registers regs_ = {};
};

}  // namespace emu

#endif  // ARCH_HOST_HOST_THREAD_H_
