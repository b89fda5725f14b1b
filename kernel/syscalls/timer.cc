// SPDX-License-Identifier: Apache-2.0
//
// Timers that raise signals.

#include <linux/capability.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include <algorithm>
#include <climits>

#include "arch/abi/signal.h"
#include "arch/abi/time.h"
#include "kernel/clocks.h"
#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/syscall.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

abi::itimerval Value(const IntervalTimer& timer) {
  // Less than a microsecond is still not over.
  const Nanos left = timer.Remaining();
  return {.it_interval = ToTimeval(timer.interval()),
          .it_value = ToTimeval(left > 0 ? std::max<Nanos>(left, 1000) : 0)};
}

abi::itimerspec Spec(const IntervalTimer& timer) {
  return {.it_interval = ToTimespec(timer.interval()),
          .it_value = ToTimespec(timer.Remaining())};
}

Result<SignalTimer*> FindItimer(Task& task, int which) {
  if (which < ITIMER_REAL || which > ITIMER_PROF) return Errno(EINVAL);
  return &TimersOf(task.process()).itimer(which);
}

// EINVAL.
Result<PosixTimer*> FindTimer(Task& task, int id) {
  PosixTimers* timers = task.process().timers.get();
  PosixTimer* timer = timers != nullptr ? timers->Find(id) : nullptr;
  if (timer == nullptr) return Errno(EINVAL);
  return timer;
}

Result<PosixTimer::Notification> Check(Task& task, const abi::sigevent& event) {
  const PosixTimer::Notification notification = {
      .how = event.sigev_notify,
      .signo = event.sigev_signo,
      .value = event.sigev_value,
      .tid = event.sigev_notify_thread_id};
  switch (event.sigev_notify) {
    case SIGEV_THREAD_ID: {
      const Task* target =
          task.kernel().pids().FindTask(event.sigev_notify_thread_id);
      if (target == nullptr || &target->process() != &task.process()) {
        return Errno(EINVAL);
      }
      break;
    }
    case SIGEV_NONE:
      return notification;
    case SIGEV_SIGNAL:
    case SIGEV_THREAD:
      break;
    default:
      return Errno(EINVAL);
  }
  if (event.sigev_signo < 1 || event.sigev_signo > kSignals) {
    return Errno(EINVAL);
  }
  return notification;
}

}  // namespace

// getitimer(2).
Result<> sys_getitimer(Task& task, int which, UserPtr<abi::itimerval> value) {
  const SignalTimer* timer = TRY(FindItimer(task, which));
  return task.Write(value, Value(*timer));
}

// setitimer(2).
Result<> sys_setitimer(Task& task, int which,
                       UserPtr<const abi::itimerval> value,
                       UserPtr<abi::itimerval> old_value) {
  abi::itimerval wanted = {};
  if (value) wanted = TRY(task.Read(value));
  const Nanos length = TRY(FromTimeval(wanted.it_value));
  const Nanos interval = TRY(FromTimeval(wanted.it_interval));
  SignalTimer* timer = TRY(FindItimer(task, which));
  const abi::itimerval old = Value(*timer);
  timer->SetAfter(length, interval);
  if (old_value) TRY(task.Write(old_value, old));
  return {};
}

// alarm(2).
Result<uint32_t> sys_alarm(Task& task, uint32_t seconds) {
  SignalTimer& timer = TimersOf(task.process()).itimer(ITIMER_REAL);
  const Nanos left = timer.Remaining();
  timer.SetAfter(std::min<uint32_t>(seconds, INT_MAX) * kNanosPerSecond, 0);
  // Rounded to the nearest second, but never to "no alarm".
  if (left == 0) return 0;
  return static_cast<uint32_t>(std::max<Nanos>(
      (left + kNanosPerSecond / 2) / kNanosPerSecond, 1));
}

// timer_create(2).
Result<> sys_timer_create(Task& task, int id, UserPtr<const abi::sigevent> event,
                          UserPtr<int> timer_id) {
  const ClockKind clock = TRY(FindClock(task, id));
  if (clock.read_only) return Errno(EOPNOTSUPP);
  PosixTimer::Notification notification = {.how = SIGEV_SIGNAL,
                                           .signo = SIGALRM};
  if (event) {
    const abi::sigevent wanted = TRY(task.Read(event));
    notification = TRY(Check(task, wanted));
  }
  if (clock.alarm && !task.creds->Has(CAP_WAKE_ALARM)) return Errno(EPERM);
  PosixTimers& timers = TimersOf(task.process());
  if (timers.size() >= task.process().limit(RLIMIT_SIGPENDING)) {
    return Errno(EAGAIN);
  }
  const int created = timers.Create(clock, notification, !event);
  const Result<> written = task.Write(timer_id, created);
  if (!written.ok()) timers.Delete(created);
  return written;
}

// timer_settime(2).
Result<> sys_timer_settime(Task& task, int id, int flags,
                           UserPtr<const abi::itimerspec> value,
                           UserPtr<abi::itimerspec> old_value) {
  if (!value) return Errno(EINVAL);
  const abi::itimerspec wanted = TRY(task.Read(value));
  const Nanos first = TRY(FromTimespec(wanted.it_value));
  const Nanos interval = TRY(FromTimespec(wanted.it_interval));
  PosixTimer* timer = TRY(FindTimer(task, id));
  const abi::itimerspec old = Spec(*timer);
  timer->DropSignal();
  if (first != 0 && (flags & TIMER_ABSTIME) != 0) {
    timer->SetAt(first, interval);
  } else {
    timer->SetAfter(first, interval);
  }
  task.process().kernel().clock().FireDue();
  if (old_value) TRY(task.Write(old_value, old));
  return {};
}

// timer_gettime(2).
Result<> sys_timer_gettime(Task& task, int id,
                           UserPtr<abi::itimerspec> value) {
  const PosixTimer* timer = TRY(FindTimer(task, id));
  return task.Write(value, Spec(*timer));
}

// timer_getoverrun(2).
Result<int> sys_timer_getoverrun(Task& task, int id) {
  const PosixTimer* timer = TRY(FindTimer(task, id));
  return timer->overrun();
}

// timer_delete(2).
Result<> sys_timer_delete(Task& task, int id) {
  PosixTimers* timers = task.process().timers.get();
  if (timers == nullptr || !timers->Delete(id)) return Errno(EINVAL);
  return {};
}

}  // namespace emu
