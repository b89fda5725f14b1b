// SPDX-License-Identifier: Apache-2.0

#include "arch/host/host_signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace emu {
namespace {

// A guest in user code is interrupted at the second tick that finds it there.
constexpr int64_t kTickNanos = 5'000'000;
// One with a short slice, at the first after this.
constexpr int64_t kShortNanos = 300'000;
// How often it is time to look at guests' memory: while one can take no more of
// it than the host has to spare.
constexpr int64_t kWatchNanos = 25'000'000;
// Ticks without a guest that runs (for the slices' timer: with a slice), after
// which a timer stops.
constexpr int kIdleTicks = 4;

constexpr int kForGuest[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,
                             SIGCONT, SIGTSTP, SIGWINCH};
constexpr int kIgnored[] = {SIGPIPE, SIGXFSZ};

int TickSignal() { return SIGRTMIN; }
int WatchSignal() { return SIGRTMIN + 1; }

// A timer of the host.
struct Ticker {
  int64_t nanos = 0;  // between ticks
  timer_t timer = {};
  std::atomic<bool> ticking{false};
  // The run that the last tick found, and ticks in a row that found none.
  uint64_t run = 0;
  int idle = 0;

  bool Create(int signo);
  // Ticks first after `first` nanoseconds; 0: not any more.
  void Set(int64_t first);
  void Delete() { timer_delete(timer); }
};

bool Ticker::Create(int signo) {
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = signo;
  ticking = false;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) == 0) return true;
  timer = {};
  return false;
}

void Ticker::Set(int64_t first) {
  itimerspec spec = {};
  spec.it_value.tv_nsec = first;
  spec.it_interval.tv_nsec = first != 0 ? nanos : 0;
  timer_settime(timer, 0, &spec, nullptr);
  if (first != 0) idle = 0;
  ticking.store(first != 0, std::memory_order_relaxed);
}

// What the handlers share with the program. Handlers run on emu's one thread.
struct State {
  std::atomic<uint64_t> pending{0};  // bit n is signal n
  std::atomic<bool> news{false};
  std::atomic<bool> interrupt{false};
  std::atomic<pid_t> running{0};
  // Valid while `running` is set.
  const pid_t* others = nullptr;
  size_t others_count = 0;
  // Identifies a run: a tick that sees the number of the tick before
  // interrupts. Even: no run with a slice.
  std::atomic<uint64_t> run{0};
  Ticker slices{.nanos = kTickNanos};
  Ticker watch{.nanos = kWatchNanos};
  bool watches = false;
  std::atomic<bool> watch_due{false};
  bool exists = false;
  bool installed[65] = {};
  struct sigaction before[65] = {};
  sigset_t mask_before = {};
  sigset_t mask = {};  // while emu runs
};
State state;

constexpr uint64_t Bit(int signo) { return uint64_t{1} << signo; }

void InterruptRunning() {
  state.interrupt.store(true, std::memory_order_relaxed);
  pid_t tid = state.running.load(std::memory_order_relaxed);
  // A guest that is stopped or gone meanwhile needs no interruption.
  if (tid != 0) ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
}

// A tick of `ticker`, which found a run or none; whether it is the one that the
// tick before found.
bool Tick(Ticker& ticker, bool runs) {
  const uint64_t run = state.run.load(std::memory_order_relaxed);
  const bool again = runs && run == ticker.run;
  ticker.run = run;
  ticker.idle = runs ? 0 : ticker.idle + 1;
  if (ticker.idle >= kIdleTicks) ticker.Set(0);
  return again;
}

void OnSliceTick() {
  const bool runs = state.run.load(std::memory_order_relaxed) % 2 != 0;
  if (Tick(state.slices, runs)) InterruptRunning();
}

// A run that begins sees that it is time; one that goes on is interrupted.
void OnWatchTick() {
  const pid_t tid = state.running.load(std::memory_order_relaxed);
  state.watch_due.store(true, std::memory_order_relaxed);
  if (Tick(state.watch, tid != 0)) {
    ptrace(PTRACE_INTERRUPT, tid, nullptr, nullptr);
  }
}

// The wait for a group's leader, in which emu may be, does not return before
// the group's other threads are reaped.
void OnChildDeath() {
  if (state.running.load(std::memory_order_relaxed) == 0) return;
  for (size_t i = 0; i < state.others_count; ++i) {
    siginfo_t info;
    waitid(P_PID, static_cast<id_t>(state.others[i]), &info,
           WEXITED | WNOHANG | __WALL);
  }
}

void OnSignal(int signo) {
  int saved_errno = errno;
  if (signo == TickSignal()) {
    OnSliceTick();
  } else if (signo == WatchSignal()) {
    OnWatchTick();
  } else if (signo == SIGCHLD) {
    OnChildDeath();
  } else {
    state.pending.fetch_or(Bit(signo), std::memory_order_relaxed);
    state.news.store(true, std::memory_order_relaxed);
    InterruptRunning();
  }
  errno = saved_errno;
}

bool TakeBit(int signo) {
  return (state.pending.fetch_and(~Bit(signo), std::memory_order_relaxed) &
          Bit(signo)) != 0;
}

absl::Status Error(absl::string_view call) {
  return absl::ErrnoToStatus(errno, call);
}

absl::Status SetHandler(int signo, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  // Stops of guests are waited for, not signalled.
  action.sa_flags = SA_RESTART | (signo == SIGCHLD ? SA_NOCLDSTOP : 0);
  sigfillset(&action.sa_mask);
  if (sigaction(signo, &action, &state.before[signo]) != 0) {
    return Error(absl::StrCat("sigaction(", strsignal(signo), ")"));
  }
  state.installed[signo] = true;
  return absl::OkStatus();
}

bool IsIgnored(int signo) {
  struct sigaction now;
  return sigaction(signo, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HostSignals>> HostSignals::Install() {
  if (state.exists) {
    return absl::FailedPreconditionError("host signals are installed already");
  }
  state.exists = true;
  state.pending = 0;
  state.news = false;
  state.interrupt = false;
  auto signals = std::unique_ptr<HostSignals>(new HostSignals);
  absl::Status status = signals->InstallHandlers();
  if (!status.ok()) return status;
  return signals;
}

absl::Status HostSignals::InstallHandlers() {
  sigset_t handled;
  sigemptyset(&handled);
  state.watches = state.watch_due = false;
  if (!state.slices.Create(TickSignal()) ||
      !state.watch.Create(WatchSignal())) {
    return Error("timer_create(CLOCK_MONOTONIC)");
  }
  auto install = [&](int signo, void (*handler)(int)) {
    sigaddset(&handled, signo);
    return SetHandler(signo, handler);
  };
  for (int signo : kForGuest) {
    bool may_stay_ignored =
        signo == SIGHUP || signo == SIGINT || signo == SIGQUIT ||
        signo == SIGTSTP;
    if (may_stay_ignored && IsIgnored(signo)) continue;
    if (auto s = install(signo, OnSignal); !s.ok()) return s;
  }
  for (int signo :
       {SIGALRM, SIGIO, SIGCHLD, TickSignal(), WatchSignal()}) {
    if (auto s = install(signo, OnSignal); !s.ok()) return s;
  }
  for (int signo : kIgnored) {
    if (auto s = install(signo, SIG_IGN); !s.ok()) return s;
  }
  if (sigprocmask(SIG_UNBLOCK, &handled, &state.mask_before) != 0 ||
      sigprocmask(SIG_BLOCK, nullptr, &state.mask) != 0) {
    return Error("sigprocmask");
  }
  return absl::OkStatus();
}

HostSignals::~HostSignals() {
  state.slices.Delete();
  state.watch.Delete();
  for (int signo = 1; signo <= 64; ++signo) {
    if (!state.installed[signo]) continue;
    sigaction(signo, &state.before[signo], nullptr);
    state.installed[signo] = false;
  }
  sigprocmask(SIG_SETMASK, &state.mask_before, nullptr);
  state.exists = false;
}

std::optional<int> HostSignals::Take() {
  if (!Pending()) return std::nullopt;
  for (int signo : kForGuest) {
    if (TakeBit(signo)) return signo;
  }
  return std::nullopt;
}

bool HostSignals::TakeInput() { return TakeBit(SIGIO); }
bool HostSignals::TakeAlarm() { return TakeBit(SIGALRM); }

bool HostSignals::TakeNews() {
  return state.news.exchange(false, std::memory_order_relaxed) && Pending();
}

bool HostSignals::Pending() const {
  return state.pending.load(std::memory_order_relaxed) != 0;
}

absl::StatusOr<int> HostSignals::Poll(absl::Span<pollfd> fds,
                                      std::optional<int64_t> timeout) {
  timespec time = {};
  if (timeout.has_value()) {
    int64_t nanos = *timeout < 0 ? 0 : *timeout;
    time.tv_sec = nanos / 1'000'000'000;
    time.tv_nsec = nanos % 1'000'000'000;
  }
  // Blocked from the look at what is pending until ppoll sleeps.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  int ready = 0;
  int error = 0;
  if (!Pending()) {
    ready =
        ppoll(fds.data(), fds.size(), timeout ? &time : nullptr, &state.mask);
    error = ready < 0 ? errno : 0;
  }
  sigprocmask(SIG_SETMASK, &state.mask, nullptr);
  if (error == EINTR || ready == 0 || error == EAGAIN) return 0;
  if (error != 0) return absl::ErrnoToStatus(error, "ppoll");
  return ready;
}

void HostSignals::StopUntilContinued(bool whole_job) {
  if (!state.installed[SIGTSTP]) return;
  struct sigaction handler = {};
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  sigaction(SIGTSTP, &by_default, &handler);
  // emu is stopped before the call returns.
  kill(whole_job ? 0 : getpid(), SIGTSTP);
  sigaction(SIGTSTP, &handler, nullptr);
}

void HostSignals::Interrupt() { InterruptRunning(); }

void HostSignals::BeginRun(pid_t tid, Slice slice,
                           absl::Span<const pid_t> others) {
  state.others = others.data();
  state.others_count = others.size();
  std::atomic_signal_fence(std::memory_order_release);
  state.running.store(tid, std::memory_order_relaxed);
  uint64_t run = state.run.load(std::memory_order_relaxed);
  // Odd with a slice, and another number than any run before.
  run += 2 - run % 2 + (slice != Slice::kNone ? 1 : 0);
  state.run.store(run, std::memory_order_relaxed);
  if (slice == Slice::kShort) {
    state.slices.run = run;
    state.slices.Set(kShortNanos);
  } else if (slice == Slice::kLong &&
             !state.slices.ticking.load(std::memory_order_relaxed)) {
    state.slices.Set(kTickNanos);
  }
  if (state.watches && !state.watch.ticking.load(std::memory_order_relaxed)) {
    state.watch.Set(kWatchNanos);
  }
}

void HostSignals::EndRun() {
  state.running.store(0, std::memory_order_relaxed);
  uint64_t run = state.run.load(std::memory_order_relaxed);
  state.run.store(run + run % 2, std::memory_order_relaxed);
}

void HostSignals::EnableWatchTicks() { state.watches = true; }

bool HostSignals::TakeWatchTick() {
  return state.watch_due.exchange(false, std::memory_order_relaxed);
}

bool HostSignals::TakeInterrupt() {
  return state.interrupt.exchange(false, std::memory_order_relaxed);
}

}  // namespace emu
