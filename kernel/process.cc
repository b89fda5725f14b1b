// SPDX-License-Identifier: Apache-2.0

#include "kernel/process.h"

#include "kernel/signal/posix_timers.h"

namespace emu {
namespace {

// What a login leaves a program with on a common distribution.
std::array<rlimit64, RLIM_NLIMITS> DefaultLimits() {
  constexpr uint64_t kNone = RLIM64_INFINITY;
  std::array<rlimit64, RLIM_NLIMITS> limits;
  limits.fill({kNone, kNone});
  limits[RLIMIT_STACK] = {8 << 20, kNone};
  limits[RLIMIT_CORE] = {0, kNone};
  limits[RLIMIT_NPROC] = {15000, 15000};
  limits[RLIMIT_NOFILE] = {1024, 1 << 20};
  limits[RLIMIT_MEMLOCK] = {8 << 20, 8 << 20};
  limits[RLIMIT_SIGPENDING] = {15000, 15000};
  limits[RLIMIT_MSGQUEUE] = {819200, 819200};
  limits[RLIMIT_NICE] = {0, 0};
  limits[RLIMIT_RTPRIO] = {0, 0};
  return limits;
}

}  // namespace

Process::Process(Kernel& kernel, Pid pid)
    : handlers(std::make_shared<SignalHandlers>()),
      limits(DefaultLimits()),
      kernel_(kernel),
      pid_(pid) {}

Process::~Process() = default;

Task* Process::LiveTask() const {
  for (const std::unique_ptr<Task>& task : tasks) {
    if (task->state() != Task::State::kDead) return task.get();
  }
  return nullptr;
}

Nanos Process::user_time() const {
  Nanos total = dead_user_time;
  for (const std::unique_ptr<Task>& task : tasks) {
    if (task->state() != Task::State::kDead) total += task->user_time;
  }
  return total;
}

Nanos Process::system_time() const {
  Nanos total = dead_system_time;
  for (const std::unique_ptr<Task>& task : tasks) {
    if (task->state() != Task::State::kDead) total += task->system_time;
  }
  return total;
}

IoCounts Process::io() const {
  IoCounts total = ended_io;
  for (const std::unique_ptr<Task>& task : tasks) total.Add(task->io);
  return total;
}

}  // namespace emu
