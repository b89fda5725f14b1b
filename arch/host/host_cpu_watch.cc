// SPDX-License-Identifier: Apache-2.0
//
// The runs that follow a thread closely: to see whether it spins, and to find a
// point of its execution again.

#include <time.h>

#include <algorithm>
#include <string>
#include <utility>

#include "arch/base/digest.h"
#include "arch/host/host_clock.h"
#include "arch/host/host_cpu.h"
#include "arch/host/planted_breakpoint.h"
#include "arch/host/spin_watch.h"
#include "arch/isa/inline_breakpoint.h"
#include "arch/isa/xstate.h"
#include "arch/page_digests.h"
#include "arch/page_store.h"

namespace emu {
namespace {

using Kind = Stop::Kind;

Stop StopOf(Kind kind) {
  Stop stop;
  stop.kind = kind;
  return stop;
}

bool SameByte(uint8_t a, char b) { return a == static_cast<uint8_t>(b); }

}  // namespace

uint64_t HostCpu::ExtendedDigest(uint64_t before) {
  ExtendedRegisters extended;
  if (!extended.Fetch(thread_.tid()).ok()) return before;
  return isa::DigestXstate(extended.bytes(), before);
}

uint64_t HostCpu::RegistersDigest() {
  const std::string registers = DumpRegisters();
  return ExtendedDigest(Digest(registers.data(), registers.size()));
}

uint64_t HostCpu::StackDigest() {
  char page[kPageSize];
  const GuestAddr stack = PageDown(thread_.sp());
  return Digest(page, space_->CopyIn(page, stack, sizeof(page)));
}

ExecutionPoint HostCpu::Point() {
  ExecutionPoint point = {thread_.ip(), RegistersDigest(), StackDigest(), {}, {}};
  const absl::Span<const uint8_t> code = ReadInstruction(thread_.ip());
  point.hints = {std::string(code.begin(), code.end()), DumpRegisters(), words_};
  return point;
}

bool HostCpu::IsAt(const ExecutionPoint& point) {
  return thread_.ip() == point.ip && RegistersDigest() == point.registers &&
         StackDigest() == point.stack;
}

int64_t HostCpu::ProcessorTime() {
  return HostClock(ProcessorClock(space_->process().leader().tid().value));
}

int64_t HostCpu::TakeSpent() {
  const int64_t now = ProcessorTime();
  const int64_t spent = looked_ ? now - *looked_ : 0;
  looked_ = now;
  return spent;
}

Stop HostCpu::RunUninterrupted(const RunLimit& limit) {
  uninterrupted_ = true;
  const Stop stop = RunFreely(limit);
  uninterrupted_ = false;
  return stop;
}

Stop HostCpu::StepUninterrupted() { return RunUninterrupted({.step = true}); }

// A replay that cannot have the guest look itself stops each time that the thread is
// at that instruction. From the choicest points to any, as time goes by.
bool HostCpu::IsGoodPoint(SpinWatch& watch, uint32_t waited, uint32_t most) {
  constexpr double kRare = 1.0 / 32;
  const uint32_t quarter = most / 4;
  if (Repetition()) return false;
  if (waited >= 3 * quarter) return watch.AtRarePoint(kRare);
  if (!isa::CanHoldInlineBreakpoint(thread_.Get(),
                                    ReadInstruction(thread_.ip()))) {
    return false;
  }
  if (waited >= 2 * quarter) return true;
  if (waited >= quarter) return watch.AtRarePoint(kRare);
  return watch.AtFreshPoint() && watch.AtRarePoint();
}

void HostCpu::KeepWords(const SpinWatch& watch) {
  words_.clear();
  for (GuestAddr addr : watch.ChangedWords()) {
    MemoryWord word = {addr, 0};
    if (space_->CopyIn(&word.value, addr, sizeof(word.value)) ==
        sizeof(word.value)) {
      words_.push_back(word);
    }
  }
}

std::optional<isa::Repetition> HostCpu::Repetition() {
  return isa::DecodeRepetition(thread_.Get(), ReadInstruction(thread_.ip()));
}

// Steps over an instruction that repeats itself, as one that clears a megabyte.
Stop HostCpu::SkipRepetition(GuestAddr end) {
  breakpoint_ = thread_.SetBreakpoint(end);
  const Stop stop = RunUninterrupted({.step = !breakpoint_});
  ClearBreakpoint();
  return stop.kind == Kind::kReached ? StopOf(Kind::kStep) : stop;
}

// In the middle of one no breakpoint stops: it is not to be found there again.
Stop HostCpu::FinishRepetition(const Stop& slice) {
  const std::optional<isa::Repetition> repetition = Repetition();
  if (!repetition) return slice;
  const Stop stop = SkipRepetition(repetition->end);
  return stop.kind == Kind::kStep ? slice : stop;
}

Stop HostCpu::WatchStep(SpinWatch& watch) {
  constexpr uint64_t kMany = 64;
  const absl::Span<const uint8_t> bytes = ReadInstruction(thread_.ip());
  if (const auto repetition = isa::DecodeRepetition(thread_.Get(), bytes);
      repetition && repetition->rounds > kMany) {
    watch.NoteUnseen();
    return SkipRepetition(repetition->end);
  }
  watch.BeforeStep(bytes);
  const Stop stop = StepUninterrupted();
  if (stop.kind == Kind::kStep) watch.AfterStep();
  return stop;
}

// Beyond the steps asked for, as many again are made for a better point to stop
// at.
Stop HostCpu::Watch(uint32_t steps) {
  SpinWatch watch(*space_);
  for (uint32_t i = 0; i < 2 * steps; ++i) {
    const std::optional<uint32_t> cycle =
        watch.Add(thread_.Get(), ExtendedDigest(0));
    if (thread_.gone()) return StopOf(Kind::kGone);
    if (cycle) return Rest(watch, *cycle);
    if (i >= steps && IsGoodPoint(watch, i - steps, steps)) break;
    const Stop stop = WatchStep(watch);
    if (stop.kind != Kind::kStep) return stop;
  }
  KeepWords(watch);
  return StopOf(Kind::kSlice);
}

Stop HostCpu::Rest(SpinWatch& watch, uint32_t cycle) {
  for (uint32_t steps = watch.StepsToRest(); steps > 0; --steps) {
    const Stop stop = StepUninterrupted();
    if (stop.kind != Kind::kStep) return stop;
  }
  if (!watch.AtRest(thread_.Get(), ExtendedDigest(0))) {
    return StopOf(Kind::kSlice);
  }
  Stop stop = StopOf(Kind::kSpin);
  stop.cycle = cycle;
  stop.unmoved = watch.Unmoved();
  return stop;
}

// Has the guest look itself, if the code of that time is there. Returns whether it is
// worth another try, when it is not there yet.
bool HostCpu::PlantBreakpoint(const RunLimit& goal) {
  const std::string& then = goal.until->hints.code;
  const absl::Span<const uint8_t> now = ReadInstruction(goal.until->ip);
  if (!std::equal(now.begin(), now.end(), then.begin(), then.end(), SameByte)) {
    return !then.empty();
  }
  planted_ = PlantedBreakpoint::Plant(*space_, *goal.until, now, goal.spare);
  if (planted_) ClearBreakpoint();
  return false;
}

void HostCpu::ClearBreakpoint() {
  if (std::exchange(breakpoint_, false)) thread_.ClearBreakpoint();
}

// Where the guest cannot look itself there is the host's own breakpoint; and where
// the host has none to give, each instruction is looked at.
Stop HostCpu::RunTo(const RunLimit& goal) {
  const bool may_come = PlantBreakpoint(goal);
  breakpoint_ = !planted_ && thread_.SetBreakpoint(goal.until->ip);
  Stop stop = RunUntilReached(goal, may_come);
  if (planted_) {
    stop = LeavePlanted(stop);
    planted_->Remove();
    planted_.reset();
  }
  ClearBreakpoint();
  return stop;
}

Stop HostCpu::RunUntilReached(const RunLimit& goal, bool may_come) {
  const ExecutionPoint& point = *goal.until;
  // However busy the host is with others.
  const auto spent = [this] {
    return ProcessorTime() + HostClock(CLOCK_THREAD_CPUTIME_ID);
  };
  const int64_t end = spent() + goal.budget;
  PageComparison memory(*space_, point.memory, goal.lenient);
  bool memory_tells = false;
  const auto reached = [&] {
    if (memory_tells && !planted_ && !memory.FirstMatches()) return false;
    if (!IsAt(point)) return false;
    // Code may lie in pages that are compared.
    if (planted_) planted_->Hide();
    memory_tells = !memory.Matches();
    if (planted_ && memory_tells) planted_->Show();
    return !memory_tells;
  };
  while (!reached()) {
    if (thread_.ip() == point.ip) {
      may_come = may_come && PlantBreakpoint(goal);
      if (planted_) isa::SetIp(thread_.Edit(), planted_->copy());
    }
    const bool stops = breakpoint_ || planted_;
    const Stop stop = RunFreely({.slice = stops, .step = !stops});
    if (stop.kind != Kind::kReached && stop.kind != Kind::kStep &&
        stop.kind != Kind::kSlice) {
      return stop;
    }
    if (spent() >= end) return StopOf(Kind::kSlice);
  }
  return StopOf(Kind::kReached);
}

Stop HostCpu::LeavePlanted(const Stop& stop) {
  while (!thread_.gone() && planted_->Contains(thread_.ip())) {
    if (thread_.ip() == planted_->copy()) {
      isa::SetIp(thread_.Edit(), planted_->at());
      break;
    }
    // The trap puts it there too.
    const Stop step = StepUninterrupted();
    if (step.kind != Kind::kStep && step.kind != Kind::kReached) return step;
  }
  return stop;
}

}  // namespace emu
