// SPDX-License-Identifier: Apache-2.0

#include "emu/record/recording_env.h"

#include "emu/trace/input_codec.h"
#include "emu/trace/wire.h"

namespace emu {

Nanos RecordingEnv::HostTime() {
  const Nanos now = host_.HostTime();
  AppendSigned(recorder_.Begin(InputKind::kHostTime), now - last_time_);
  recorder_.Commit();
  last_time_ = now;
  return now;
}

Result<size_t> RecordingEnv::ReadInput(StdStream stream,
                                       absl::Span<char> out) {
  const Result<size_t> n = host_.ReadInput(stream, out);
  if (!n.ok() && n.error() == Errno(EAGAIN)) {
    recorder_.CountQuiet();
    return n;
  }
  std::string& record = recorder_.Begin(InputKind::kReadInput);
  AppendVarint(record, static_cast<uint64_t>(stream));
  AppendVarint(record, out.size());
  AppendOutcome(record, n.ok() ? 0 : n.error().value());
  if (n.ok()) AppendBytes(record, absl::string_view(out.data(), *n));
  recorder_.Commit();
  return n;
}

Result<size_t> RecordingEnv::WriteOutput(StdStream stream,
                                         absl::Span<const char> bytes) {
  watcher_.BeforeOutput(stream, bytes);
  const Result<size_t> n = host_.WriteOutput(stream, bytes);
  if (n.ok() && *n == bytes.size()) {
    recorder_.CountQuiet();
    return n;
  }
  std::string& record = recorder_.Begin(InputKind::kWriteOutput);
  AppendVarint(record, static_cast<uint64_t>(stream));
  AppendVarint(record, bytes.size());
  AppendOutcome(record, n.ok() ? 0 : n.error().value());
  if (n.ok()) AppendVarint(record, *n);
  recorder_.Commit();
  return n;
}

TerminalSize RecordingEnv::WindowSize() {
  const TerminalSize size = host_.WindowSize();
  std::string& record = recorder_.Begin(InputKind::kWindowSize);
  AppendVarint(record, size.rows);
  AppendVarint(record, size.columns);
  recorder_.Commit();
  return size;
}

void RecordingEnv::Wait(Awaited what, std::optional<Nanos> timeout) {
  recorder_.CountQuiet();
  watcher_.OnTick(/*idle=*/true);
  host_.Wait(what, timeout);
}

std::optional<int> RecordingEnv::TakeSignal() {
  const std::optional<int> signo = host_.TakeSignal();
  if (!signo) {
    recorder_.CountQuiet();
    return signo;
  }
  AppendVarint(recorder_.Begin(InputKind::kSignal), *signo);
  recorder_.Commit();
  return signo;
}

void RecordingEnv::StopUntilContinued() {
  recorder_.CountQuiet();
  watcher_.OnTick(/*idle=*/true);
  host_.StopUntilContinued();
}

bool RecordingEnv::TimedOut() {
  if (!host_.TimedOut()) {
    recorder_.CountQuiet();
    return false;
  }
  recorder_.Begin(InputKind::kTimeOver);
  recorder_.Commit();
  return true;
}

bool RecordingEnv::HasNews() {
  watcher_.OnTick(/*idle=*/false);
  return host_.HasNews();
}

void RecordingEnv::NotePreemption(const Preemption& preemption) {
  AppendPreemption(recorder_.Begin(InputKind::kPreemption), preemption);
  recorder_.Commit();
}

}  // namespace emu
