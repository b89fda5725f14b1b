// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_thread.h"

#include <errno.h>
#include <signal.h>

#include <algorithm>
#include <cstring>

#include "absl/status/statusor.h"
#include "arch/base/check.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/isa/registers.h"
#include "arch/ptrace/sysemu.h"

namespace emu {
namespace {

// The result of a call that the stub did not come to.
constexpr uint64_t kNotMade = static_cast<uint64_t>(-EAGAIN);

bool IsError(uint64_t result) { return result >= static_cast<uint64_t>(-4095); }

}  // namespace

bool IsSynchronous(const siginfo_t& info) {
  switch (info.si_signo) {
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
    case SIGTRAP:
      return info.si_code > 0;
    default:
      return false;
  }
}

void HostThread::Check(const absl::Status& status) {
  if (status.ok()) return;
  gone_ = true;
  // ESRCH, ECHILD: killed from outside, the one failure that is nobody's fault.
  int error = ErrnoOf(status);
  if (error != ESRCH && error != ECHILD && failure_.ok()) failure_ = status;
}

void HostThread::Poke(size_t offset, uint64_t value) {
  if (gone_) return;
  Check(ptrace::write_user(tid_, ptrace::UserOffset{offset}, value));
}

void HostThread::Forget() {
  regs_known_ = regs_changed_ = false;
  ip_known_ = ip_changed_ = false;
  sp_known_ = false;
  result_changed_ = false;
  call_pending_ = false;
}

const isa::Registers& HostThread::Get() {
  if (regs_known_) return regs_;
  if (!gone_) Check(ptrace::getregs(tid_, &regs_));
  if (gone_) regs_ = {};
  if (ip_changed_) isa::SetIp(regs_, ip_);
  if (result_changed_) isa::SetResult(regs_, result_);
  regs_known_ = true;
  return regs_;
}

isa::Registers& HostThread::Edit() {
  Get();
  regs_changed_ = true;
  return regs_;
}

void HostThread::Set(const isa::Registers& regs) {
  regs_ = regs;
  regs_known_ = regs_changed_ = true;
  result_changed_ = false;
}

GuestAddr HostThread::ip() {
  if (regs_known_) return isa::Ip(regs_);
  if (!ip_known_) {
    auto ip = gone_ ? absl::StatusOr<ptrace::Word>(0)
                    : ptrace::read_user(tid_, {isa::kIpOffset});
    Check(ip.status());
    ip_ = ip.ok() ? *ip : 0;
    ip_known_ = true;
  }
  return ip_;
}

GuestAddr HostThread::sp() {
  if (regs_known_ || !sp_known_) return isa::Sp(Get());
  return sp_;
}

void HostThread::SetResult(uint64_t value) {
  if (regs_known_) isa::SetResult(regs_, value);
  result_ = value;
  result_changed_ = true;
}

void HostThread::SkipPendingCall() {
  if (call_pending_) Poke(isa::kNumberOffset, isa::kNoSyscall);
  call_pending_ = false;
}

void HostThread::WriteBack() {
  if (regs_changed_) {
    isa::SetNoSyscall(regs_);
    if (!gone_) Check(ptrace::setregs(tid_, regs_));
  } else {
    if (ip_changed_) Poke(isa::kIpOffset, ip_);
    if (result_changed_) Poke(isa::kResultOffset, result_);
    SkipPendingCall();
  }
  Forget();
}

void HostThread::Resume(Mode mode) {
  mode_ = mode;
  if (mode == Mode::kStub) {
    const GuestAddr back = ip();
    stub_.page->exit = back;
    stub_.page->result = result_changed_ ? result_ : isa::GetResult(Get());
    result_changed_ = false;
    if (regs_changed_) isa::SetIp(regs_, isa::StubWithResult());
    ip_ = isa::StubWithResult();
    ip_changed_ = true;
    WriteBack();
    back_ = back;
  } else {
    WriteBack();
  }
  Continue();
}

void HostThread::Continue() {
  SkipPendingCall();
  if (gone_) return;
  switch (mode_) {
    case Mode::kSysemu:
      return Check(ptrace::sysemu(tid_));
    case Mode::kSysemuStep:
      return Check(ptrace::sysemu_step(tid_));
    case Mode::kStub:
      return Check(ptrace::cont(tid_));
  }
}

ptrace::TraceStop HostThread::Await() {
  while (!gone_) {
    absl::StatusOr<ptrace::Waited> waited = ptrace::wait_tracee(tid_);
    if (!waited.ok()) {
      if (ErrnoOf(waited.status()) != EINTR) Check(waited.status());
      continue;
    }
    ++*stub_.stops;
    reaped_ = waited->As<ptrace::Exited>() != nullptr ||
              waited->As<ptrace::Signaled>() != nullptr;
    gone_ = reaped_;
    auto* event = waited->As<ptrace::EventStop>();
    call_pending_ = event != nullptr && event->event == ptrace::Event::SECCOMP;
    return waited->stop;
  }
  return ptrace::NoChange{};
}

ptrace::SyscallInfo HostThread::ReadSyscall() {
  ptrace::SyscallInfo result;
  if (gone_) return result;
  absl::StatusOr<ptrace::SyscallInfo> info = ptrace::syscall_info(tid_);
  Check(info.status());
  if (!info.ok()) return result;
  ip_ = info->instruction_pointer;
  sp_ = info->stack_pointer;
  ip_known_ = sp_known_ = true;
  return *info;
}

void HostThread::PrepareCalls(absl::Span<const isa::StubCall> calls) {
  EMU_CHECK(!calls.empty() && calls.size() <= isa::StubPage::kMaxCalls);
  isa::StubPage& page = *stub_.page;
  for (size_t i = 0; i < calls.size(); ++i) {
    page.calls[i] = calls[i];
    page.calls[i].result = kNotMade;
    isa::Sign(page.calls[i], stub_.secret);
  }
  page.count = calls.size();
}

void HostThread::ClearCalls(size_t n) {
  isa::StubPage& page = *stub_.page;
  std::memset(page.calls, 0, n * sizeof(page.calls[0]));
  std::memset(page.stack, 0, sizeof(page.stack));
  page.saved_sp = 0;
}

// Host signals and interruptions that come meanwhile are of no use here; an
// interruption can also come between the breakpoint and its signal.
void HostThread::AwaitStubTrap() {
  mode_ = Mode::kStub;
  for (; !gone_; Continue()) {
    const ptrace::TraceStop stop = Await();
    auto* signal = std::get_if<ptrace::SignalDeliveryStop>(&stop);
    if (signal != nullptr && signal->signal.number == SIGTRAP &&
        stub_.page->count == 0) {
      return;
    }
    // The stub itself neither faults nor makes calls that the filter stops: a
    // guest has got in, with registers of its own.
    if (call_pending_ || (signal != nullptr && FaultReported())) {
      SkipPendingCall();
      Check(absl::PermissionDeniedError("a guest misused the stub"));
    }
  }
}

bool HostThread::FaultReported() {
  absl::StatusOr<siginfo_t> info = ptrace::getsiginfo(tid_);
  Check(info.status());
  return info.ok() && IsSynchronous(*info);
}

bool HostThread::FaultPending() {
  siginfo_t queue[8];
  uint64_t offset = 0;
  while (!gone_) {
    absl::StatusOr<size_t> n = ptrace::peeksiginfo(
        tid_, ptrace::SignalQueue::THREAD, offset, absl::MakeSpan(queue));
    Check(n.status());
    if (!n.ok() || *n == 0) return false;
    for (const siginfo_t& info : absl::MakeSpan(queue, *n)) {
      if (IsSynchronous(info)) return true;
    }
    offset += *n;
  }
  return false;
}

void HostThread::LeaveStub() {
  if (mode_ != Mode::kStub || gone_) return;
  if (!isa::InStub(ip())) return;
  stub_.page->exit = isa::StubTrap();
  mode_ = Mode::kStub;
  Continue();
  AwaitStubTrap();
  Forget();
  ip_ = back_;
  ip_known_ = ip_changed_ = true;
}

void HostThread::LeaveSyscall() {
  if (gone_) return;
  Check(ptrace::interrupt(tid_));
  Resume(Mode::kSysemu);
  while (!gone_) {
    const ptrace::TraceStop stop = Await();
    auto* event = std::get_if<ptrace::EventStop>(&stop);
    if (event != nullptr && event->event == ptrace::Event::STOP) return;
    Continue();
  }
}

bool HostThread::SetBreakpoint(GuestAddr ip) {
  using ptrace::UserOffset;
  return !gone_ &&
         ptrace::write_user(tid_, UserOffset{isa::kBreakpointOffset}, ip)
             .ok() &&
         ptrace::write_user(tid_, UserOffset{isa::kBreakpointControlOffset},
                            isa::kBreakpointOn)
             .ok();
}

void HostThread::ClearBreakpoint() {
  // One that is gone has none.
  if (gone_) return;
  Poke(isa::kBreakpointControlOffset, 0);
}

size_t HostThread::Call(absl::Span<isa::StubCall> calls) {
  isa::StubPage& page = *stub_.page;
  PrepareCalls(calls);
  page.exit = isa::StubTrap();

  ip_ = ip();  // to come back to
  SkipPendingCall();
  Poke(isa::kIpOffset, isa::StubBatch());
  ip_known_ = ip_changed_ = true;
  mode_ = Mode::kStub;
  Continue();
  AwaitStubTrap();
  size_t made = 0;
  for (size_t i = 0; i < calls.size(); ++i) {
    calls[i].result = page.calls[i].result;
    if (made == i && !IsError(calls[i].result)) ++made;
  }
  ClearCalls(calls.size());
  return gone_ ? 0 : made;
}

}  // namespace emu
