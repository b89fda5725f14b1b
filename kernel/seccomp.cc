// SPDX-License-Identifier: Apache-2.0

#include "kernel/seccomp.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/process_life.h"
#include "kernel/seccomp_filter.h"
#include "kernel/signal/send.h"
#include "kernel/signal/signal_defaults.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

constexpr uint32_t kArch64LittleEndian = 0xc0000000;  // __AUDIT_ARCH_*
constexpr uint32_t kArchI386 = 0x40000003;            // AUDIT_ARCH_I386
constexpr uint32_t kX32Bit = 0x40000000;
constexpr int kUserDispatch = 2;    // SYS_USER_DISPATCH
constexpr uint8_t kDispatchAllow = 0, kDispatchBlock = 1;

struct Entry {
  uint32_t number;
  uint32_t arch;
};

Entry EntryOf(Task& task, bool foreign) {
  const uint32_t number = static_cast<uint32_t>(task.pending().number);
  const uint32_t native =
      task.kernel().machine().platform().elf_machine | kArch64LittleEndian;
  return {number,
          foreign && (number & kX32Bit) == 0 ? kArchI386 : native};
}

// The call was not made, and SIGSYS says so; registers are as before it.
Errno RaiseSigsys(Task& task, bool foreign, int code, int error) {
  const Entry entry = EntryOf(task, foreign);
  Siginfo info(SIGSYS, code);
  info.Set<int32_t>(4, error);
  info.Set<uint64_t>(16, task.cpu().ip());
  info.Set<uint32_t>(24, entry.number);
  info.Set<uint32_t>(28, entry.arch);
  task.cpu().SetResult(static_cast<int64_t>(task.pending().number));
  ForceSignal(task, info);
  return kNoReturn;
}

// The process dies by `signo`, whatever it has to say to that.
Errno Kill(Task& task, const Siginfo& info) {
  task.process().handlers->of(info.signo()).handler = kHandlerDefault;
  ForceSignal(task, info);
  return kNoReturn;
}

std::optional<Result<int64_t>> JudgeByDispatch(Task& task, bool foreign) {
  const Task::UserDispatch& dispatch = task.user_dispatch;
  if (task.cpu().ip() - dispatch.start < dispatch.length) return std::nullopt;
  if (dispatch.selector != 0) {
    const Result<uint8_t> state =
        task.Read(UserPtr<const uint8_t>(dispatch.selector));
    if (!state.ok()) return Kill(task, Siginfo(SIGSEGV, SI_KERNEL));
    if (*state == kDispatchAllow) return std::nullopt;
    if (*state != kDispatchBlock) return Kill(task, Siginfo(SIGSYS, SI_KERNEL));
  }
  return RaiseSigsys(task, foreign, kUserDispatch, 0);
}

// What SECCOMP_MODE_STRICT lets through.
bool IsStrictCall(const PendingSyscall& call) {
  if (call.entry == nullptr) return false;
  const absl::string_view name = call.entry->name;
  return name == "read" || name == "write" || name == "exit" ||
         name == "rt_sigreturn";
}

std::optional<Result<int64_t>> JudgeByFilters(Task& task, bool foreign) {
  const PendingSyscall& call = task.pending();
  const Entry entry = EntryOf(task, foreign);
  abi::seccomp_data data = {};
  data.nr = static_cast<int32_t>(entry.number);
  data.arch = entry.arch;
  data.instruction_pointer = task.cpu().ip();
  std::copy(call.args.begin(), call.args.end(), data.args);
  const uint32_t verdict = task.seccomp_filters->Run(data);
  const int value = verdict & SECCOMP_RET_DATA;
  switch (verdict & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
      return std::nullopt;
    case SECCOMP_RET_ERRNO:
      if (value == 0) return Result<int64_t>(0);
      return Errno(std::min(value, 4095));
    case SECCOMP_RET_TRAP:
      return RaiseSigsys(task, foreign, 1 /* SYS_SECCOMP */, value);
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_USER_NOTIF:
      // There is nobody who could be asked.
      return Errno(ENOSYS);
    case SECCOMP_RET_KILL_THREAD:
      if (task.process().tasks.size() > 1) {
        EndTask(task, SIGSYS);
        return kNoReturn;
      }
      [[fallthrough]];
    default:
      task.process().handlers->of(SIGSYS).handler = kHandlerDefault;
      return RaiseSigsys(task, foreign, 1 /* SYS_SECCOMP */, value);
  }
}

// EFAULT, EINVAL, EACCES, ENOMEM.
Result<SeccompFilter::Ref> ReadFilter(Task& task, GuestAddr at) {
  const auto program = TRY(task.Read(UserPtr<const abi::sock_fprog>(at)));
  if (program.len == 0 || program.len > BPF_MAXINSNS) return Errno(EINVAL);
  if (!task.creds->no_new_privs && !task.creds->Has(CAP_SYS_ADMIN)) {
    return Errno(EACCES);
  }
  if (program.filter == 0) return Errno(EINVAL);
  SeccompFilter::Program instructions = TRY(task.ReadArray(
      UserPtr<const abi::sock_filter>(program.filter), program.len));
  return SeccompFilter::Create(std::move(instructions), task.seccomp_filters);
}

// The first other thread that has filters which are not the caller's; 0: none.
Pid FindUnsyncable(const Task& task) {
  for (const std::unique_ptr<Task>& other : task.process().tasks) {
    if (other.get() == &task || other->state() == Task::State::kDead) continue;
    const bool fits =
        other->seccomp_mode == SECCOMP_MODE_DISABLED ||
        (other->seccomp_mode == SECCOMP_MODE_FILTER &&
         (task.seccomp_filters == nullptr
              ? other->seccomp_filters == nullptr
              : task.seccomp_filters->Extends(other->seccomp_filters.get())));
    if (!fits) return other->tid();
  }
  return 0;
}

void GiveToOthers(Task& task) {
  for (const std::unique_ptr<Task>& other : task.process().tasks) {
    if (other.get() == &task || other->state() == Task::State::kDead) continue;
    other->seccomp_filters = task.seccomp_filters;
    other->seccomp_mode = SECCOMP_MODE_FILTER;
    if (!task.creds->no_new_privs || other->creds->no_new_privs) continue;
    auto creds = std::make_shared<Credentials>(*other->creds);
    creds->no_new_privs = true;
    other->creds = std::move(creds);
  }
}

}  // namespace

std::optional<Result<int64_t>> JudgeCall(Task& task, bool foreign) {
  if (task.user_dispatch.on) {
    std::optional<Result<int64_t>> judged = JudgeByDispatch(task, foreign);
    if (judged) return judged;
  }
  switch (task.seccomp_mode) {
    case SECCOMP_MODE_STRICT:
      if (IsStrictCall(task.pending())) return std::nullopt;
      EndTask(task, SIGKILL);
      return kNoReturn;
    case SECCOMP_MODE_FILTER:
      return JudgeByFilters(task, foreign);
    default:
      return std::nullopt;
  }
}

Result<int> SetStrictMode(Task& task) {
  if (task.seccomp_mode == SECCOMP_MODE_FILTER) return Errno(EINVAL);
  task.seccomp_mode = SECCOMP_MODE_STRICT;
  return 0;
}

Result<int> SetFilterMode(Task& task, uint32_t flags, GuestAddr program) {
  constexpr uint32_t kTsync = SECCOMP_FILTER_FLAG_TSYNC;
  constexpr uint32_t kTsyncEsrch = SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
  // Nobody listens: SECCOMP_FILTER_FLAG_NEW_LISTENER is unknown.
  constexpr uint32_t kKnown = kTsync | kTsyncEsrch | SECCOMP_FILTER_FLAG_LOG |
                              SECCOMP_FILTER_FLAG_SPEC_ALLOW;
  if ((flags & ~kKnown) != 0) return Errno(EINVAL);
  SeccompFilter::Ref filter = TRY(ReadFilter(task, program));
  if (task.seccomp_mode == SECCOMP_MODE_STRICT) return Errno(EINVAL);
  if ((flags & kTsync) != 0) {
    const Pid other = FindUnsyncable(task);
    if (other != 0 && (flags & kTsyncEsrch) != 0) return Errno(ESRCH);
    if (other != 0) return other;
  }
  task.seccomp_filters = std::move(filter);
  task.seccomp_mode = SECCOMP_MODE_FILTER;
  if ((flags & kTsync) != 0) GiveToOthers(task);
  return 0;
}

}  // namespace emu
