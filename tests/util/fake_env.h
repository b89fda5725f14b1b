// SPDX-License-Identifier: Apache-2.0
//
// An Env without an outside: no input, no signals, output kept as text, a
// counter for randomness.

#ifndef TESTS_UTIL_FAKE_ENV_H_
#define TESTS_UTIL_FAKE_ENV_H_

#include <optional>
#include <string>

#include "arch/env.h"

namespace emu {

class FakeEnv : public Env {
 public:
  static constexpr Nanos kBootTime = 1'600'000'000'000'000'000;

  std::string output;

  void FillRandom(absl::Span<char> out) override {
    for (char& byte : out) byte = static_cast<char>(next_random_++);
  }
  size_t PickNext(size_t) override { return 0; }
  Nanos BootTime() override { return kBootTime; }
  Nanos HostTime() override { return 0; }
  StreamKind Kind(StdStream) override { return StreamKind::kNull; }
  Result<size_t> ReadInput(StdStream, absl::Span<char>) override {
    return size_t{0};
  }
  Result<size_t> WriteOutput(StdStream, absl::Span<const char> bytes) override {
    output.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  TerminalSize WindowSize() override { return {}; }
  void Wait(Awaited, std::optional<Nanos>) override {}
  std::optional<int> TakeSignal() override { return std::nullopt; }
  void StopUntilContinued() override {}
  bool TimedOut() override { return false; }
  bool HasNews() override { return false; }
  void NotePreemption(const Preemption&) override {}
  std::optional<Preemption> NextPreemption() override { return std::nullopt; }

 private:
  int next_random_ = 0;
};

}  // namespace emu

#endif  // TESTS_UTIL_FAKE_ENV_H_
