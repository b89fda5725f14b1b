// SPDX-License-Identifier: Apache-2.0

#include "emu/record/replay_env.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "emu/trace/input_codec.h"
#include "emu/trace/wire.h"

namespace emu {
namespace {

// Of a signal that the kernel may be given.
bool IsForGuest(uint64_t signo) {
  return signo == SIGINT || signo == SIGTERM || signo == SIGHUP ||
         signo == SIGQUIT || signo == SIGWINCH || signo == SIGCONT ||
         signo == SIGTSTP;
}

// Something executed before it, or will behind it.
bool IsCall(EventKind kind) {
  return kind != EventKind::kSignal && kind != EventKind::kDeath &&
         kind != EventKind::kWake && kind != EventKind::kSwitch;
}

}  // namespace

Env::StreamKind ReplayEnv::Kind(StdStream stream) {
  return facts_.streams[static_cast<int>(stream)];
}

Nanos ReplayEnv::HostTime() {
  auto answer = player_.Ask(InputKind::kHostTime, "");
  int64_t passed = 0;
  if (answer && !TakeSigned(*answer, &passed)) {
    player_.FailMalformed(InputKind::kHostTime);
  }
  last_time_ = static_cast<Nanos>(static_cast<uint64_t>(last_time_) +
                                  static_cast<uint64_t>(passed));
  return last_time_;
}

Result<size_t> ReplayEnv::ReadInput(StdStream stream, absl::Span<char> out) {
  question_.clear();
  AppendVarint(question_, static_cast<uint64_t>(stream));
  AppendVarint(question_, out.size());
  auto answer = player_.Poll(InputKind::kReadInput, question_);
  if (!answer) return Errno(EAGAIN);
  int error = 0;
  absl::string_view bytes;
  if (TakeOutcome(*answer, &error)) {
    if (error != 0) return Errno(error);
    if (TakeBytes(*answer, &bytes) && bytes.size() <= out.size()) {
      return bytes.copy(out.data(), bytes.size());
    }
  }
  player_.FailMalformed(InputKind::kReadInput);
  return Errno(EAGAIN);
}

Result<size_t> ReplayEnv::WriteOutput(StdStream stream,
                                      absl::Span<const char> bytes) {
  question_.clear();
  AppendVarint(question_, static_cast<uint64_t>(stream));
  AppendVarint(question_, bytes.size());
  auto answer = player_.Poll(InputKind::kWriteOutput, question_);
  if (player_.failure()) return Errno(EIO);
  uint64_t written = bytes.size();
  if (answer) {
    int error = 0;
    if (!TakeOutcome(*answer, &error) ||
        (error == 0 &&
         (!TakeVarint(*answer, &written) || written > bytes.size()))) {
      player_.FailMalformed(InputKind::kWriteOutput);
      return Errno(EIO);
    }
    if (error != 0) return Errno(error);
  }
  Show(stream, bytes.subspan(0, written));
  return static_cast<size_t>(written);
}

void ReplayEnv::Show(StdStream stream, absl::Span<const char> bytes) {
  // What was for the person alone is not mixed with the output.
  if (stream == StdStream::kTerminal) stream = StdStream::kErr;
  while (!bytes.empty() && !player_.failure()) {
    const Result<size_t> n = streams_.Write(stream, bytes);
    if (n.ok()) {
      bytes.remove_prefix(*n);
    } else if (n.error() == Errno(EAGAIN)) {
      // A host signal came that means nothing to a replay.
      signals_.TakeInput();
      signals_.TakeAlarm();
      while (signals_.Take()) {
      }
    } else {
      player_.Fail(absl::StrCat(
          "cannot write what the recorded run wrote to standard ",
          stream == StdStream::kErr ? "error: " : "output: ",
          strerrordesc_np(n.error().value())));
    }
  }
}

TerminalSize ReplayEnv::WindowSize() {
  TerminalSize size;
  auto answer = player_.Ask(InputKind::kWindowSize, "");
  if (!answer) return size;
  constexpr uint64_t kMost = std::numeric_limits<uint16_t>::max();
  uint64_t rows = 0, columns = 0;
  if (!TakeVarint(*answer, &rows) || !TakeVarint(*answer, &columns) ||
      rows > kMost || columns > kMost) {
    player_.FailMalformed(InputKind::kWindowSize);
    return size;
  }
  size.rows = static_cast<uint16_t>(rows);
  size.columns = static_cast<uint16_t>(columns);
  return size;
}

void ReplayEnv::Wait(Awaited, std::optional<Nanos>) {
  player_.CountQuiet();
}

std::optional<int> ReplayEnv::TakeSignal() {
  auto answer = player_.Poll(InputKind::kSignal, "");
  if (!answer) return std::nullopt;
  uint64_t signo = 0;
  if (TakeVarint(*answer, &signo) && IsForGuest(signo)) {
    return static_cast<int>(signo);
  }
  player_.FailMalformed(InputKind::kSignal);
  return std::nullopt;
}

void ReplayEnv::StopUntilContinued() { player_.CountQuiet(); }

// A replay that has failed is over for every loop that asks this.
bool ReplayEnv::TimedOut() {
  return player_.Poll(InputKind::kTimeOver, "").has_value() ||
         player_.failure();
}

void ReplayEnv::NotePreemption(const Preemption& preemption) {
  question_.clear();
  AppendPreemption(question_, preemption);
  (void)player_.Ask(InputKind::kPreemption, question_);
}

// Events of one behind the other are few where the host's clock sets the pace, and
// then there are many preemptions.
bool PreemptionFinder::IsLastTurn(const Preemption& preemption) {
  constexpr int kMostEvents = 64;
  if (preemption.cause == Preemption::Cause::kHostTime ||
      preemption.position < events_.position() ||
      !events_.Skip(preemption.position).ok()) {
    return false;
  }
  int32_t tid = 0;
  for (int i = 0; i < kMostEvents; ++i) {
    const auto event = events_.Next();
    if (!event.ok()) return false;
    if (!*event) return true;
    if (i == 0) {
      tid = (*event)->tid;
    } else if (IsCall((*event)->kind)) {
      return false;
    } else if ((*event)->kind == EventKind::kDeath && (*event)->tid == tid) {
      return true;
    }
  }
  return false;
}

Preemption PreemptionFinder::Next() {
  Preemption preemption;
  preemption.position = kNoPosition;
  for (;;) {
    auto record = cursor_.Next();
    // What is wrong with the file is told when its turn comes.
    if (!record.ok() || !*record) return preemption;
    if ((*record)->kind != InputKind::kPreemption) continue;
    absl::string_view rest = (*record)->payload;
    if (TakePreemption(rest, &preemption)) {
      preemption.position = (*record)->position;
      preemption.lenient = lenient_;
      preemption.last_turn = IsLastTurn(preemption);
    } else {
      player_.FailMalformed(InputKind::kPreemption);
    }
    return preemption;
  }
}

}  // namespace emu
