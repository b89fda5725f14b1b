// SPDX-License-Identifier: Apache-2.0
//
// A Process is a thread group: its threads, its place among processes, and what
// its threads share by being one process. Owned by the PidNamespace until it is
// reaped.

#ifndef KERNEL_PROCESS_H_
#define KERNEL_PROCESS_H_

#include <sys/resource.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "arch/user_ptr.h"
#include "kernel/clock.h"
#include "kernel/signal/signal_state.h"
#include "kernel/task.h"
#include "kernel/wait_queue.h"

namespace emu {

class Kernel;
class PosixTimers;
class Terminal;

// setsid(2)'s session. Shared by its processes.
struct Session {
  Pid sid = 0;
  std::shared_ptr<Terminal> terminal = nullptr;  // the controlling one, or null
  // The foreground group of a terminal that hung up, until the leader ends.
  Pid lost_foreground = 0;
};

class Process {
 public:
  Process(Kernel& kernel, Pid pid);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  Kernel& kernel() const { return kernel_; }
  Pid pid() const { return pid_; }

  // Threads in order of creation; the leader is first, dead or alive.
  std::vector<std::unique_ptr<Task>> tasks;
  Task& leader() const { return *tasks.front(); }
  // A thread that still lives; null in a zombie.
  Task* LiveTask() const;

  // Null for init alone.
  Process* parent = nullptr;
  // The parent's thread that PR_SET_PDEATHSIG and __WNOTHREAD mean: the one that
  // made this process, then another that lives.
  Task* parent_task = nullptr;
  std::vector<Process*> children;  // zombies among them, in order of birth
  Pid pgid = 0;
  std::shared_ptr<Session> session;
  bool is_subreaper = false;   // PR_SET_CHILD_SUBREAPER
  bool has_execed = false;     // setpgid's EACCES
  int exit_signal = SIGCHLD;   // to the parent at its end; 0: none

  // Signals.
  std::shared_ptr<SignalHandlers> handlers;
  SignalQueue pending_signals;
  // Woken when a signal arrives that is kept pending, for signalfd.
  WaitQueue signal_arrived;
  // Job control. `stop_signal` is set while the threads must not run; `stopped`
  // once all of them have stopped. What wait4 may report, once each.
  int stop_signal = 0;
  bool stopped = false;
  bool stop_unreported = false;
  bool continue_unreported = false;

  // The end. `exiting`: a fatal signal or exit_group decided `exit_status`,
  // wait(2)'s status word, and threads end where they stand. Until then it is
  // the leader's own, if that ended first.
  bool exiting = false;
  bool zombie = false;
  int exit_status = 0;

  // Woken when a child changed state.
  WaitQueue child_changed;
  // Woken when this process became a zombie (pidfd) and when it is reaped.
  WaitQueue ended;

  std::array<rlimit64, RLIM_NLIMITS> limits;
  uint64_t limit(int resource) const { return limits[resource].rlim_cur; }

  // Of all threads, also those that ended.
  Nanos user_time() const;
  Nanos system_time() const;
  // Of ended threads, and of reaped children.
  Nanos dead_user_time = 0, dead_system_time = 0;
  Nanos children_user_time = 0, children_system_time = 0;
  // Of both.
  IoCounts ended_io;
  // Of all threads, and of those that ended and reaped children.
  IoCounts io() const;

  // setitimer, alarm and timer_create; made at first use.
  std::unique_ptr<PosixTimers> timers;
  // Something goes by its CPU time: a timer or RLIMIT_CPU.
  bool watches_cpu = false;
  // Woken with each use of CPU time, while somebody goes by that.
  WaitQueue cpu_used;
  int oom_score_adj = 0;
  uint32_t coredump_filter = 0x33;  // /proc/PID/coredump_filter
  int membarrier_registered = 0;  // MEMBARRIER_CMD_REGISTER_*

 private:
  Kernel& kernel_;
  const Pid pid_;
};

}  // namespace emu

#endif  // KERNEL_PROCESS_H_
