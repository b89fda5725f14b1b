// SPDX-License-Identifier: Apache-2.0

#include "kernel/syscalls/poll_wait.h"

#include <algorithm>

#include "kernel/signal/mask.h"
#include "kernel/signal/send.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {

Result<> UseMaskWhileWaiting(Task& task, UserPtr<const SignalSet> mask,
                             uint64_t size) {
  if (!mask || task.pending().rerun) return {};
  if (size != sizeof(SignalSet)) return Errno(EINVAL);
  const SignalSet wanted = TRY(task.Read(mask));
  WaitWithMask(task, wanted);
  return {};
}

Result<std::optional<Nanos>> ReadTimeout(Task& task,
                                         UserPtr<const abi::timespec> timeout) {
  if (!timeout || task.pending().rerun) return std::optional<Nanos>();
  const abi::timespec time = TRY(task.Read(timeout));
  return std::optional<Nanos>(TRY(FromTimespec(time)));
}

void LimitWait(Task& task, std::optional<Nanos> timeout) {
  if (!timeout || task.pending().rerun) return;
  if (*timeout == 0) task.clock().TickPolling();
  task.WaitUntil(After(task.clock().now(), *timeout));
}

bool WaitIsOver(Task& task) { return HasSignal(task) || task.DeadlinePassed(); }

Result<int> WithTimeLeft(Task& task, const Result<int>& result,
                         absl::FunctionRef<Result<>(Nanos)> write) {
  if (!result.ok() && result.error() == kBlocked) return result;
  const Nanos end = task.pending().deadline;
  if (end == kNever) return result;
  const Result<> written = write(std::max<Nanos>(end - task.clock().now(), 0));
  // Started again with the whole limit, it would wait too long.
  if (!written.ok() && !result.ok() &&
      result.error() == Errno(ERESTARTNOHAND)) {
    return Errno(EINTR);
  }
  return result;
}

}  // namespace emu
