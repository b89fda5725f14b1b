// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/ptrace.h"

#include <linux/ptrace.h>
#include <signal.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/ptrace/request.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {
namespace {

uintptr_t Address(const void* p) { return reinterpret_cast<uintptr_t>(p); }

// PTRACE_SYSCALL and its like take 0 for "no signal".
uintptr_t Number(std::optional<Signal> signal) {
  return static_cast<uintptr_t>(signal.value_or(Signal{}).number);
}

// A request that fills one T at `data`.
template <typename T>
absl::StatusOr<T> Get(Request request, Tid tid, uintptr_t addr = 0) {
  T value{};
  const long result = RawCall(request, tid, addr, Address(&value));
  if (result < 0) return CallError(request, tid, static_cast<int>(-result));
  return value;
}

static_assert(offsetof(SyscallInfo, size) == sizeof(ptrace_syscall_info));
static_assert(offsetof(SyscallInfo, arch) ==
              offsetof(ptrace_syscall_info, arch));
static_assert(offsetof(SyscallInfo, stack_pointer) ==
              offsetof(ptrace_syscall_info, stack_pointer));
static_assert(offsetof(SyscallInfo, entry) ==
              offsetof(ptrace_syscall_info, entry));
static_assert(offsetof(SyscallInfo, exit.is_error) ==
              offsetof(ptrace_syscall_info, exit.is_error));
static_assert(offsetof(SyscallInfo, seccomp.ret_data) ==
              offsetof(ptrace_syscall_info, seccomp.ret_data));
static_assert(static_cast<uint32_t>(SignalQueue::PROCESS) ==
              PTRACE_PEEKSIGINFO_SHARED);

}  // namespace

absl::Status traceme() { return Call(Request::TRACEME, Tid{}); }

absl::Status attach(Tid tid) { return Call(Request::ATTACH, tid); }

absl::Status seize(Tid tid, Options options) {
  return Call(Request::SEIZE, tid, 0, static_cast<uintptr_t>(options));
}

absl::Status detach(Tid tid, std::optional<Signal> signal) {
  return Call(Request::DETACH, tid, 0, Number(signal));
}

absl::Status cont(Tid tid, std::optional<Signal> signal) {
  return Call(Request::CONT, tid, 0, Number(signal));
}

absl::Status syscall(Tid tid, std::optional<Signal> signal) {
  return Call(Request::SYSCALL, tid, 0, Number(signal));
}

absl::Status step(Tid tid, std::optional<Signal> signal) {
  return Call(Request::SINGLESTEP, tid, 0, Number(signal));
}

absl::Status interrupt(Tid tid) { return Call(Request::INTERRUPT, tid); }

absl::Status listen(Tid tid) { return Call(Request::LISTEN, tid); }

absl::Status kill(Tid tid) { return Call(Request::KILL, tid); }

absl::Status setoptions(Tid tid, Options options) {
  return Call(Request::SETOPTIONS, tid, 0, static_cast<uintptr_t>(options));
}

absl::StatusOr<Word> getevent(Tid tid) {
  return Get<Word>(Request::GETEVENTMSG, tid);
}

absl::StatusOr<siginfo_t> getsiginfo(Tid tid) {
  return Get<siginfo_t>(Request::GETSIGINFO, tid);
}

absl::Status setsiginfo(Tid tid, const siginfo_t& info) {
  return Call(Request::SETSIGINFO, tid, 0, Address(&info));
}

absl::StatusOr<size_t> peeksiginfo(Tid tid, SignalQueue queue, uint64_t offset,
                                   absl::Span<siginfo_t> out) {
  const ptrace_peeksiginfo_args args = {
      .off = offset,
      .flags = static_cast<uint32_t>(queue),
      .nr = static_cast<int32_t>(std::min<size_t>(out.size(), INT32_MAX)),
  };
  const long result =
      RawCall(Request::PEEKSIGINFO, tid, Address(&args), Address(out.data()));
  if (result < 0) {
    return CallError(Request::PEEKSIGINFO, tid, static_cast<int>(-result));
  }
  return static_cast<size_t>(result);
}

absl::StatusOr<SignalMask> getsigmask(Tid tid) {
  return Get<SignalMask>(Request::GETSIGMASK, tid, sizeof(SignalMask));
}

absl::Status setsigmask(Tid tid, SignalMask mask) {
  return Call(Request::SETSIGMASK, tid, sizeof(mask), Address(&mask));
}

absl::StatusOr<SyscallInfo> syscall_info(Tid tid) {
  SyscallInfo info;
  const long result = RawCall(Request::GET_SYSCALL_INFO, tid,
                              sizeof(ptrace_syscall_info), Address(&info));
  if (result < 0) {
    return CallError(Request::GET_SYSCALL_INFO, tid, static_cast<int>(-result));
  }
  info.size = static_cast<size_t>(result);
  return info;
}

absl::StatusOr<Word> read(Tid tid, uintptr_t addr) {
  return Get<Word>(Request::PEEKDATA, tid, addr);
}

absl::Status write(Tid tid, uintptr_t addr, Word word) {
  return Call(Request::POKEDATA, tid, addr, word);
}

absl::StatusOr<Word> read_user(Tid tid, UserOffset offset) {
  return Get<Word>(Request::PEEKUSER, tid, offset.value);
}

absl::Status write_user(Tid tid, UserOffset offset, Word word) {
  return Call(Request::POKEUSER, tid, offset.value, word);
}

}  // namespace emu::ptrace
