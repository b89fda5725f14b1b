// SPDX-License-Identifier: Apache-2.0

#include "kernel/signal/posix_timers.h"

#include <sys/resource.h>
#include <sys/time.h>

#include <algorithm>
#include <climits>

#include "kernel/kernel.h"
#include "kernel/process.h"
#include "kernel/signal/send.h"
#include "kernel/task.h"

namespace emu {
namespace {

ClockKind ProcessClock(Process& process, bool user_only) {
  ClockKind clock;
  clock.base = ClockKind::Base::kCpu;
  clock.task = &process.leader();
  clock.whole_process = true;
  clock.user_only = user_only;
  return clock;
}

// SIGXCPU at the soft limit and each second after it; SIGKILL at the hard one.
void CheckCpuLimit(Process& process) {
  rlimit64& limit = process.limits[RLIMIT_CPU];
  if (limit.rlim_cur == RLIM64_INFINITY) return;
  const uint64_t seconds =
      (process.user_time() + process.system_time()) / kNanosPerSecond;
  if (seconds >= limit.rlim_max) {
    SendKernelSignal(process, SIGKILL);
  } else if (seconds >= limit.rlim_cur) {
    SendKernelSignal(process, SIGXCPU);
    ++limit.rlim_cur;
  }
}

}  // namespace

void SignalTimer::Expired() {
  if (by_cpu() || !IgnoresSignal(process(), signo_)) {
    SendKernelSignal(process(), signo_);
  }
}

void PosixTimer::Expired() {
  if (notification_.how == SIGEV_NONE) return;
  const int signo = notification_.signo;
  Task* target = nullptr;
  if (notification_.how == SIGEV_THREAD_ID) {
    target = process().kernel().pids().FindTask(notification_.tid);
    if (target == nullptr || &target->process() != &process()) return;
  }
  const SignalQueue& queue = target != nullptr ? target->pending_signals
                                               : process().pending_signals;
  if (queue.HasTimer(id_)) {
    ++pending_;
    return;
  }
  ignored_ = IgnoresSignal(process(), signo);
  if (ignored_) return;
  const Siginfo info =
      Siginfo::TimerExpired(signo, id_, 0, notification_.value);
  (void)(target != nullptr ? SendToTask(*target, info)
                           : SendToProcess(process(), info))
      .ok();
}

void PosixTimer::OnSignalTaken(Siginfo& info) {
  const int64_t overrun = pending_ + Acknowledge();
  pending_ = 0;
  overrun_ = static_cast<int>(std::min<int64_t>(overrun, INT_MAX));
  info.Set<int32_t>(20, overrun_);
}

void PosixTimer::DropSignal() {
  pending_ = 0;
  process().pending_signals.DiscardTimer(id_);
  for (const std::unique_ptr<Task>& task : process().tasks) {
    task->pending_signals.DiscardTimer(id_);
  }
}

void PosixTimer::OnDispositionChange(int signo) {
  if (!ignored_ || signo != notification_.signo ||
      IgnoresSignal(process(), signo)) {
    return;
  }
  ignored_ = false;
  (void)Acknowledge();
}

PosixTimers::PosixTimers(Process& process) : process_(process) {
  itimers_[ITIMER_REAL] =
      std::make_unique<SignalTimer>(process, ClockKind(), SIGALRM);
  itimers_[ITIMER_VIRTUAL] = std::make_unique<SignalTimer>(
      process, ProcessClock(process, true), SIGVTALRM);
  itimers_[ITIMER_PROF] = std::make_unique<SignalTimer>(
      process, ProcessClock(process, false), SIGPROF);
}

int PosixTimers::Create(const ClockKind& clock,
                        PosixTimer::Notification notification,
                        bool value_is_id) {
  const int id = next_id_++;
  if (next_id_ < 0) next_id_ = 0;
  if (value_is_id) notification.value = static_cast<uint64_t>(id);
  timers_[id] = std::make_unique<PosixTimer>(process_, clock, id, notification);
  return id;
}

PosixTimer* PosixTimers::Find(int id) const {
  const auto it = timers_.find(id);
  return it == timers_.end() ? nullptr : it->second.get();
}

void PosixTimers::OnSignalTaken(Siginfo& info) {
  if (info.code() == SI_TIMER) {
    // si_tid, which is the timer's id.
    if (PosixTimer* timer = Find(info.pid())) timer->OnSignalTaken(info);
  } else if (info.signo() == SIGALRM) {
    (void)itimer(ITIMER_REAL).Acknowledge();
  }
}

void PosixTimers::OnDispositionChange(int signo) {
  if (signo == SIGALRM && !IgnoresSignal(process_, signo) &&
      !process_.pending_signals.Has(SIGALRM)) {
    (void)itimer(ITIMER_REAL).Acknowledge();
  }
  for (const auto& [id, timer] : timers_) timer->OnDispositionChange(signo);
}

void PosixTimers::CheckCpu() {
  for (const std::unique_ptr<SignalTimer>& timer : itimers_) timer->CheckCpu();
  for (const auto& [id, timer] : timers_) timer->CheckCpu();
}

Nanos PosixTimers::CpuTimeLeft() const {
  Nanos left = kNever;
  const auto look = [&left](const IntervalTimer& timer) {
    if (timer.by_cpu() && timer.active()) {
      left = std::min(left, timer.Remaining());
    }
  };
  for (const std::unique_ptr<SignalTimer>& timer : itimers_) look(*timer);
  for (const auto& [id, timer] : timers_) look(*timer);
  return left;
}

PosixTimers& TimersOf(Process& process) {
  if (process.timers == nullptr) {
    process.timers = std::make_unique<PosixTimers>(process);
  }
  return *process.timers;
}

void ChargeCpu(Task& task, Nanos user, Nanos system) {
  task.user_time += user;
  task.system_time += system;
  Process& process = task.process();
  if (!process.watches_cpu) return;
  CheckCpuLimit(process);
  if (process.timers != nullptr) process.timers->CheckCpu();
  process.cpu_used.Wake();
}

Nanos CpuTimeLeft(Process& process) {
  if (!process.watches_cpu) return kNever;
  const Nanos left =
      process.timers != nullptr ? process.timers->CpuTimeLeft() : kNever;
  const rlimit64& limit = process.limits[RLIMIT_CPU];
  const uint64_t seconds = std::min(limit.rlim_cur, limit.rlim_max);
  if (seconds >= static_cast<uint64_t>(kNever / kNanosPerSecond)) return left;
  const Nanos used = process.user_time() + process.system_time();
  const Nanos end = static_cast<Nanos>(seconds) * kNanosPerSecond;
  return std::min(left, std::max<Nanos>(end - used, 1));
}

void ArmCpuLimit(Process& process) {
  if (process.limit(RLIMIT_CPU) != RLIM64_INFINITY) process.watches_cpu = true;
}

}  // namespace emu
