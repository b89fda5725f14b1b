// SPDX-License-Identifier: Apache-2.0
//
// The runs that follow a thread closely: to see whether it spins, and to find a
// point of its execution again.

#include <time.h>

#include <utility>

#include "arch/base/digest.h"
#include "arch/host/host_clock.h"
#include "arch/host/host_cpu.h"
#include "arch/host/spin_watch.h"
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
  return {thread_.ip(), RegistersDigest(), StackDigest(), {}};
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

Stop HostCpu::StepUninterrupted() {
  uninterrupted_ = true;
  const Stop stop = RunFreely({.step = true});
  uninterrupted_ = false;
  return stop;
}

// A replay stops each time that the thread is at that instruction, and looks at
// registers first.
bool HostCpu::IsGoodPoint(SpinWatch& watch, bool choosy) {
  constexpr double kRare = 1.0 / 32;
  return choosy ? watch.AtFreshPoint() && watch.AtRarePoint()
                : watch.AtRarePoint(kRare);
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
    if (i >= steps && IsGoodPoint(watch, i - steps < steps / 4)) break;
    watch.BeforeStep(ReadInstruction(thread_.ip()));
    const Stop stop = StepUninterrupted();
    if (stop.kind != Kind::kStep) return stop;
    watch.AfterStep();
  }
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

// The breakpoint is the host's own, for a byte of code in its stead could be
// read. Where the host has none to give, each instruction is looked at.
Stop HostCpu::RunTo(const ExecutionPoint& point, int64_t budget, bool lenient) {
  // However busy the host is with others.
  const auto spent = [this] {
    return ProcessorTime() + HostClock(CLOCK_THREAD_CPUTIME_ID);
  };
  const int64_t end = spent() + budget;
  PageComparison memory(*space_, point.memory, lenient);
  breakpoint_ = thread_.SetBreakpoint(point.ip);
  const RunLimit limit = {.slice = breakpoint_, .step = !breakpoint_};
  Stop stop = StopOf(Kind::kReached);
  bool memory_tells = false;
  const auto reached = [&] {
    if (memory_tells && !memory.FirstMatches()) return false;
    if (!IsAt(point)) return false;
    memory_tells = !memory.Matches();
    return !memory_tells;
  };
  while (!reached()) {
    stop = RunFreely(limit);
    if (stop.kind != Kind::kReached && stop.kind != Kind::kStep &&
        stop.kind != Kind::kSlice) {
      break;
    }
    const bool over = spent() >= end;
    stop.kind = over ? Kind::kSlice : Kind::kReached;
    if (over) break;
  }
  if (std::exchange(breakpoint_, false)) thread_.ClearBreakpoint();
  return stop;
}

}  // namespace emu
