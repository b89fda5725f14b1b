// SPDX-License-Identifier: Apache-2.0

#include "kernel/user_code.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "arch/page_digests.h"
#include "arch/page_store.h"
#include "kernel/kernel.h"
#include "kernel/mm/memory_map.h"
#include "kernel/process.h"
#include "kernel/signal/posix_timers.h"
#include "kernel/subsystems.h"
#include "kernel/task.h"
#include "kernel/time_util.h"

namespace emu {
namespace {

// Time in which the host executes one instruction less than it could, so that a
// step, which costs some 25 us, comes to 2 % of it.
constexpr Nanos kSpentPerStep = 1'250'000;
// The first watch of a stretch of computing; each of the next is twice as long,
// after twice the time.
constexpr int64_t kFirstWatch = 64;
constexpr Nanos kSecondLook = 10'000'000;
constexpr int64_t kShortestWatch = 8;
// Of one that is to be preempted: how long its cycle may be to be found still.
constexpr uint32_t kLastWatch = 4096;
constexpr uint32_t kShortLastWatch = 64;
constexpr uint32_t kNewsWatch = 256;
// And how much is looked at to find a point that a replay tells from others without
// a stop: what changes in a round of the thread's loop should be seen to change.
constexpr uint32_t kKeptShortLastWatch = 1024;
constexpr uint32_t kKeptNewsWatch = 2048;
// Of what goes by the host's clock there may be many.
constexpr size_t kPagesOfPaced = 1 << 12;
// What one that is preempted by the host's clock is charged.
constexpr Nanos kSliceTime = 10'000'000;

// Stretches behind a spin of which the first look comes early.
constexpr int kEager = 64;

// In which one that goes round in cycles of about that length is seen to,
// wherever it is.
constexpr uint32_t StepsToSpin(uint32_t cycle) { return 2 * cycle + 8; }

// The vDSO's page, which all share. It holds the time, which is compared, and until
// when it may be asked for it: with a person there that goes by the host's clock.
bool IsTimePage(const Area& area) { return area.name == "[vvar]"; }

// Where a thread may write to as long as it makes no call.
std::vector<PageRun> WritablePages(const MemoryMap& mm) {
  std::vector<PageRun> runs;
  for (const auto& [start, area] : mm.areas()) {
    if (area.Allows(/*write=*/true, /*exec=*/false) && !IsTimePage(area)) {
      runs.push_back({start, area.length() / kPageSize});
    }
  }
  return runs;
}

// Where so much is free beside what lies near `ip`; 0 if nowhere.
GuestAddr SpareNear(const MemoryMap& mm, GuestAddr ip, uint64_t size) {
  constexpr uint64_t kNear = uint64_t{1} << 30;
  GuestAddr best = 0;
  const auto distance = [ip](GuestAddr at) { return at < ip ? ip - at : at - ip; };
  GuestAddr free = 0;  // behind the area before
  for (const auto& [start, area] : mm.areas()) {
    // A stack may need it.
    if (!area.grows_down && free != 0 && start - free >= size) {
      for (GuestAddr at : {free, start - size}) {
        if (best == 0 || distance(at) < distance(best)) best = at;
      }
    }
    free = area.end;
  }
  return best != 0 && distance(best) < kNear ? best : 0;
}

// What the process of `task` does to its memory.
bool NobodyElseSees(const Task& task) {
  if (task.mm.use_count() != static_cast<long>(task.process().tasks.size())) {
    return false;
  }
  for (const auto& [start, area] : task.mm->areas()) {
    if (area.shared && area.may_write && !IsTimePage(area)) return false;
  }
  return true;
}

}  // namespace

Stop UserCode::RunOnce(Task& task, const RunLimit& limit) {
  Clock& clock = kernel_.clock();
  Vdso& vdso = kernel_.subsystems().vdso;
  vdso.Publish(clock);
  const Stop stop = task.cpu().Run(limit);
  vdso.Collect(clock);
  task.spin_cycle = stop.kind == Stop::Kind::kSpin ? stop.cycle : 0;
  if (task.spin_cycle != 0) {
    // It was worth it.
    credit_ = kFirstCredit;
    steps_to_spin_ = StepsToSpin(task.spin_cycle);
    eager_ = kEager;
  }
  return stop;
}

// Whoever looks at the clock again and again waits for time to pass, which it does
// not while it computes.
bool UserCode::IsDue(Task& task) {
  return !kernel_.scheduler().empty() ||
         kernel_.clock().next_deadline() != kNever ||
         kernel_.clock().polls_in_row() >= Clock::kFewPolls ||
         task.process().watches_cpu;
}

Stop UserCode::Run(Task& task) {
  if (!asked_) next_ = kernel_.env().NextPreemption();
  asked_ = true;
  if (next_ && next_->position <= kernel_.position()) {
    return RunToPreemption(task);
  }
  // The last watch ended before it came to that.
  if (std::exchange(news_, false)) {
    return Preempt(task, Preemption::Cause::kOutside);
  }
  if (task.spin_cycle != 0) {
    const Stop stop = RunOnce(task, {.watch = StepsToSpin(task.spin_cycle)});
    if (stop.kind != Stop::Kind::kSlice) return stop;
  }
  const bool due = IsDue(task);
  Stretch stretch;
  for (;;) {
    const bool soon = stretch.steps == 0 && eager_ > 0;
    if (soon) --eager_;
    const Stop stop = RunOnce(task, {.slice = due, .soon = soon});
    if (stop.kind != Stop::Kind::kSlice) return stop;
    if (std::optional<Stop> end = Look(task, stop, stretch)) {
      // What it did before that watch is not known.
      end->unmoved = false;
      return *end;
    }
  }
}

std::optional<Stop> UserCode::Look(Task& task, const Stop& slice,
                                   Stretch& stretch) {
  const bool replays = next_.has_value();
  const bool keeps = kernel_.env().KeepsPreemptions();
  if (!replays && kernel_.env().HasNews()) {
    const Stop stop = Interrupt(task, keeps ? kKeptNewsWatch : kNewsWatch,
                                Preemption::Cause::kOutside);
    if (stop.kind == Stop::Kind::kSpin && !IsDue(task)) {
      // A loop for ever, with nothing to give way to.
      task.spin_cycle = 0;
      return Preempt(task, Preemption::Cause::kOutside);
    }
    // One that spins gives way as well.
    news_ = stop.kind != Stop::Kind::kSlice && stop.kind != Stop::Kind::kSpin;
    return stop;
  }
  if (!IsDue(task)) return std::nullopt;
  if (!replays && kernel_.clock().follows_host()) {
    return Preempt(task, Preemption::Cause::kHostTime);
  }
  stretch.spent += slice.spent;
  credit_ += slice.spent / kSpentPerStep;
  if (!replays && stretch.spent >= patience_) {
    const uint32_t steps = patience_ == kPatience ? kLastWatch
                           : keeps                ? kKeptShortLastWatch
                                                  : kShortLastWatch;
    return Interrupt(task, steps, Preemption::Cause::kUndecided);
  }
  if (stretch.spent < stretch.next_look) return std::nullopt;
  stretch.next_look = std::max(2 * stretch.spent, kSecondLook);
  stretch.steps = std::max({kFirstWatch, 2 * stretch.steps, steps_to_spin_});
  const int64_t steps = std::min(credit_, stretch.steps);
  if (steps < kShortestWatch) return std::nullopt;
  credit_ -= steps;
  const Stop stop = RunOnce(task, {.watch = static_cast<uint32_t>(steps)});
  if (stop.kind == Stop::Kind::kSlice) return std::nullopt;
  return stop;
}

Stop UserCode::Interrupt(Task& task, uint32_t steps, Preemption::Cause cause) {
  const Stop stop = RunOnce(task, {.watch = steps});
  return stop.kind == Stop::Kind::kSlice ? Preempt(task, cause) : stop;
}

Stop UserCode::Preempt(Task& task, Preemption::Cause cause) {
  Preemption preemption;
  preemption.cause = cause;
  preemption.position = kernel_.position();
  preemption.time = kernel_.clock().now();
  preemption.point = next_ ? next_->point : task.cpu().Point();
  if (kernel_.env().KeepsPreemptions()) {
    preemption.point.memory = TakePageDigests(
        task.mm->space(), WritablePages(*task.mm),
        cause == Preemption::Cause::kOutside ? PageDigests::kMost
                                             : kPagesOfPaced);
  }
  Note(preemption);
  kernel_.Emit(Event::Kind::kPreempt, task, preemption.point.ip);
  if (cause != Preemption::Cause::kOutside) PassTime(task, cause);
  kernel_.scheduler().RequestYield();
  Stop stop;
  stop.kind = Stop::Kind::kSlice;
  return stop;
}

void UserCode::Note(const Preemption& preemption) {
  kernel_.env().NotePreemption(preemption);
  if (next_) next_ = kernel_.env().NextPreemption();
}

void UserCode::NoteEnd(Task& task) {
  Preemption preemption;
  preemption.cause = Preemption::Cause::kEnded;
  preemption.position = kernel_.position();
  preemption.time = kernel_.clock().now();
  Note(preemption);
  kernel_.ReportImpurity(
      absl::StrCat("process ", task.process().pid(),
                   " was ended by the host, for want of memory or from "
                   "outside"));
}

// Computing takes no virtual time, until it turns out that nothing else will.
void UserCode::PassTime(Task& task, Preemption::Cause cause) {
  Clock& clock = kernel_.clock();
  if (cause == Preemption::Cause::kHostTime) {
    clock.Advance(kSliceTime);
    return ChargeCpu(task, kSliceTime, 0);
  }
  kernel_.ReportImpurity(
      "a thread that computed for long while something else was due was "
      "preempted by the host's clock");
  const Nanos spent = std::exchange(patience_, kImpatience);
  Nanos time = CpuTimeLeft(task.process());
  if (clock.next_deadline() != kNever) {
    time = std::min(time, std::max<Nanos>(clock.next_deadline() - clock.now(),
                                          0));
  }
  if (kernel_.scheduler().others_run()) time = std::min(time, kSliceTime);
  // Nothing is due but its own next look at the clock.
  if (time == kNever) time = spent;
  clock.AdvanceTo(After(clock.now(), time));
  ChargeCpu(task, time, 0);
}

void UserCode::FailReplay(const char* why) {
  kernel_.RequestStop(absl::StrCat("the preemption that was recorded behind event ",
                                   next_->position, " ", why));
}

Stop UserCode::RunToPreemption(Task& task) {
  Stop stop;
  stop.kind = Stop::Kind::kSlice;
  if (next_->position < kernel_.position()) {
    FailReplay("did not come about: the thread went on without it");
    return stop;
  }
  if (next_->cause == Preemption::Cause::kEnded) {
    kernel_.clock().AdvanceTo(next_->time);
    stop.kind = Stop::Kind::kGone;
    return stop;
  }
  // A program that hangs is ended, mostly, and where it was is nobody's concern.
  if (next_->last_turn && next_->time == kernel_.clock().now() &&
      NobodyElseSees(task)) {
    return Preempt(task, next_->cause);
  }
  const GuestAddr spare = SpareNear(*task.mm, next_->point.ip,
                                    RunLimit::kSparePages * kPageSize);
  for (;;) {
    stop = RunOnce(task, {.until = &next_->point,
                          .spare = spare,
                          .budget = kReplayBudget,
                          .lenient = next_->lenient});
    if (stop.kind == Stop::Kind::kReached) {
      if (kernel_.clock().now() == next_->time) {
        return Preempt(task, next_->cause);
      }
      // Here it was at another time as well.
      stop = RunOnce(task, {.step = true});
      if (stop.kind == Stop::Kind::kStep) continue;
    }
    if (stop.kind == Stop::Kind::kSlice) {
      FailReplay("was not found again within two minutes of computing");
    }
    return stop;
  }
}

}  // namespace emu
