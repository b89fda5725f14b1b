// SPDX-License-Identifier: Apache-2.0

#include "arch/host/live_env.h"

#include <poll.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "arch/base/host_status.h"

namespace emu {
namespace {

constexpr Nanos kMicrosecond = 1'000;

absl::StatusOr<RandomStream::Key> RandomKey() {
  RandomStream::Key key;
  if (getrandom(key.data(), key.size(), 0) != static_cast<ssize_t>(key.size())) {
    return HostError(errno, "getrandom(32)");
  }
  return key;
}

// SIGALRM after `limit`; 0 for none.
absl::Status SetAlarm(Nanos limit) {
  // At least a microsecond: 0 would be none.
  const Nanos micros = (limit + kMicrosecond - 1) / kMicrosecond;
  itimerval timer = {};
  timer.it_value.tv_sec = micros / 1'000'000;
  timer.it_value.tv_usec = micros % 1'000'000;
  if (setitimer(ITIMER_REAL, &timer, nullptr) != 0) {
    return HostError(errno, "setitimer(ITIMER_REAL)");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<LiveEnv>> LiveEnv::Create(
    const LiveEnvOptions& options, HostSignals& signals) {
  RandomStream::Key key;
  if (options.seed) {
    key = RandomStream::KeyFromSeed(*options.seed);
  } else {
    absl::StatusOr<RandomStream::Key> random = RandomKey();
    if (!random.ok()) return random.status();
    key = *random;
  }
  auto env = std::unique_ptr<LiveEnv>(new LiveEnv(options, key, signals));
  if (options.time_limit) {
    absl::Status status = SetAlarm(*options.time_limit);
    if (!status.ok()) return status;
  }
  return env;
}

LiveEnv::LiveEnv(const LiveEnvOptions& options, const RandomStream::Key& key,
                 HostSignals& signals)
    : signals_(signals),
      streams_(signals),
      choices_(key, options.random_schedule),
      boot_time_(options.boot_time),
      started_(HostClock(CLOCK_MONOTONIC)),
      time_limit_(options.time_limit) {}

LiveEnv::~LiveEnv() {
  if (time_limit_) SetAlarm(0).IgnoreError();
}

Nanos LiveEnv::HostTime() { return HostClock(CLOCK_MONOTONIC) - started_; }

Result<size_t> LiveEnv::ReadInput(StdStream stream, absl::Span<char> out) {
  return stream == StdStream::kTerminal ? streams_.ReadTerminal(out)
                                        : streams_.Read(out);
}

Result<size_t> LiveEnv::WriteOutput(StdStream stream,
                                    absl::Span<const char> bytes) {
  return streams_.Write(stream, bytes);
}

void LiveEnv::Wait(Awaited what, std::optional<Nanos> timeout) {
  pollfd polled[2];
  size_t count = 0;
  const auto add = [&](int fd) {
    if (fd >= 0) polled[count++] = {.fd = fd, .events = POLLIN, .revents = 0};
  };
  if (what.input) add(streams_.input_fd());
  if (what.terminal) {
    streams_.EnterRaw();
    add(streams_.terminal_fd());
  }
  const absl::StatusOr<int> ready =
      signals_.Poll(absl::MakeSpan(polled, count), timeout);
  // A terminal that has just become raw has input ready without a signal.
  if (ready.ok() && *ready > 0) streams_.ExpectInput();
  streams_.NoteInput();
}

std::optional<int> LiveEnv::TakeSignal() {
  if (!signals_.Pending()) return std::nullopt;
  for (;;) {
    const std::optional<int> signo = signals_.Take();
    if (signo == SIGTSTP) {
      Stop(/*whole_job=*/false);
    } else if (signo == SIGCONT) {
      streams_.Resume();
      return signo;
    } else {
      return signo;
    }
  }
}

bool LiveEnv::TimedOut() {
  if (signals_.TakeAlarm()) timed_out_ = true;
  return timed_out_;
}

bool LiveEnv::HasNews() { return signals_.TakeNews(); }

void LiveEnv::Stop(bool whole_job) {
  streams_.Suspend();
  signals_.StopUntilContinued(whole_job);
  streams_.Resume();
}

}  // namespace emu
