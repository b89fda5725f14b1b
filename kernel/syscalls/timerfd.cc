// SPDX-License-Identifier: Apache-2.0

#include "kernel/fs/timerfd.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sys/timerfd.h>
#include <time.h>

#include <memory>

#include "kernel/fs/anonymous.h"
#include "kernel/kernel.h"
#include "kernel/subsystems.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

bool IsAlarm(int clock_id) {
  return clock_id == CLOCK_REALTIME_ALARM || clock_id == CLOCK_BOOTTIME_ALARM;
}

}  // namespace

// timerfd_create(2).
Result<Fd> sys_timerfd_create(Task& task, int clockid, int flags) {
  if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK)) return Errno(EINVAL);
  if (clockid != CLOCK_MONOTONIC && clockid != CLOCK_REALTIME &&
      clockid != CLOCK_BOOTTIME && !IsAlarm(clockid)) {
    return Errno(EINVAL);
  }
  if (IsAlarm(clockid) && !task.creds->Has(CAP_WAKE_ALARM)) {
    return Errno(EPERM);
  }
  auto file = std::make_shared<TimerFd>(
      task.kernel().subsystems().anonymous.NewPath(
          AnonymousKind::kInode, "[timerfd]", 0600, *task.creds),
      O_RDWR | (flags & O_NONBLOCK), clockid, task.clock());
  return task.AddFd(std::move(file), (flags & TFD_CLOEXEC) != 0);
}

// timerfd_settime(2).
Result<> sys_timerfd_settime(Task& task, Fd fd, int flags,
                             UserPtr<const abi::itimerspec> new_value,
                             UserPtr<abi::itimerspec> old_value) {
  const abi::itimerspec wanted = TRY(task.Read(new_value));
  if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) {
    return Errno(EINVAL);
  }
  const Nanos interval = TRY(FromTimespec(wanted.it_interval));
  const Nanos value = TRY(FromTimespec(wanted.it_value));
  const FileRef file = TRY(task.GetFile(fd));
  TimerFd* timer = FileAs<TimerFd>(*file);
  if (timer == nullptr) return Errno(EINVAL);
  const abi::itimerspec old = timer->Get();
  TRY(timer->Set(flags, value, interval));
  if (!old_value) return {};
  return task.Write(old_value, old);
}

// timerfd_gettime(2).
Result<> sys_timerfd_gettime(Task& task, Fd fd,
                             UserPtr<abi::itimerspec> curr_value) {
  const FileRef file = TRY(task.GetFile(fd));
  TimerFd* timer = FileAs<TimerFd>(*file);
  if (timer == nullptr) return Errno(EINVAL);
  return task.Write(curr_value, timer->Get());
}

}  // namespace emu
