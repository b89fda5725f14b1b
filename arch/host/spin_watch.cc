// SPDX-License-Identifier: Apache-2.0
#include "arch/host/spin_watch.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>
#include <tuple>

#include "arch/base/digest.h"

namespace emu {
namespace {

// As far from the stack pointer as a thread's own frames lie.
constexpr uint64_t kNearStack = 4096;

uint64_t DigestOf(const isa::Registers& regs, uint64_t before = 0) {
  return Digest(&regs, sizeof(regs), before);
}

// What one byte of memory adds to the sum.
uint64_t Weight(GuestAddr addr, uint8_t byte) {
  return Digest(&addr, sizeof(addr), byte);
}

bool IsNear(GuestAddr addr, GuestAddr sp) {
  return addr - (sp - kNearStack) < 2 * kNearStack;
}

}  // namespace

std::optional<uint32_t> SpinWatch::Add(isa::Registers regs,
                                       uint64_t extended) {
  isa::Neutralize(regs);
  const uint64_t registers = DigestOf(regs, extended);
  fresh_ = registers_[registers]++ == 0;
  ++executed_[isa::Ip(regs)];
  const uint64_t digest = Digest(&memory_, sizeof(memory_), registers);
  const auto [found, added] = index_.emplace(digest, states_.size());
  states_.push_back({regs, extended, memory_});
  if (added) return std::nullopt;
  const State& before = states_[found->second];
  if (std::memcmp(&before.regs, &regs, sizeof(regs)) != 0 ||
      before.extended != extended || before.memory != memory_) {
    return std::nullopt;
  }
  first_ = found->second;
  return states_.size() - 1 - first_;
}

void SpinWatch::Clear() {
  states_.clear();
  index_.clear();
  changes_.clear();
  bytes_.clear();
  memory_ = 0;
  cleared_ = true;
}

SpinWatch::Window SpinWatch::Read(GuestAddr at) {
  Window window;
  window.size = space_.CopyIn(window.bytes.data(), at, kWindow);
  return window;
}

void SpinWatch::BeforeStep(absl::Span<const uint8_t> bytes) {
  use_ = isa::DecodeMemoryUse(states_.back().regs, bytes);
  for (size_t i = 0; i < use_.count; ++i) before_[i] = Read(use_.windows[i]);
}

void SpinWatch::AfterStep() {
  if (!use_.known) return Clear();
  for (size_t i = 0; i < use_.count && !states_.empty(); ++i) {
    CompareWindow(i, Read(use_.windows[i]));
  }
}

void SpinWatch::CompareWindow(size_t n, const Window& after) {
  const Window& before = before_[n];
  if (after.size != before.size) return Clear();
  if (after.bytes == before.bytes) return;
  for (size_t i = 0; i < after.size && !states_.empty(); ++i) {
    const GuestAddr addr = use_.windows[n] + i;
    // Windows may overlap: the first has told of it.
    const bool told = std::any_of(
        use_.windows.begin(), use_.windows.begin() + n,
        [addr](GuestAddr other) { return addr - other < kWindow; });
    if (!told) Note(addr, before.bytes[i], after.bytes[i]);
  }
}

void SpinWatch::Note(GuestAddr addr, uint8_t before, uint8_t after) {
  if (before == after) return;
  const bool near = IsNear(addr, isa::Sp(states_.back().regs));
  NoteWord(addr & ~(sizeof(MemoryWord::value) - 1), near);
  if (!near) return Clear();
  memory_ += Weight(addr, after) - Weight(addr, before);
  bytes_[addr] = after;
  changes_.push_back({states_.size() - 1, addr});
}

void SpinWatch::NoteWord(GuestAddr addr, bool near) {
  std::vector<GuestAddr>& words = near ? near_words_ : far_words_;
  auto found = std::find(words.begin(), words.end(), addr);
  if (found == words.end()) {
    if (words.size() == PointHints::kMostWords / 2) words.pop_back();
    found = words.insert(words.end(), addr);
  }
  std::rotate(words.begin(), found, found + 1);
}

std::vector<GuestAddr> SpinWatch::ChangedWords() const {
  std::vector<GuestAddr> words = far_words_;
  words.insert(words.end(), near_words_.begin(), near_words_.end());
  return words;
}

// The lowest instruction pointer; where it comes up several times, the lowest of
// what else tells the states apart, all of it independent of the watch.
uint32_t SpinWatch::StepsToRest() {
  std::set<GuestAddr> changed;
  for (const Change& change : changes_) {
    if (change.state >= first_) changed.insert(change.addr);
  }
  uint64_t now = 0;
  for (GuestAddr addr : changed) now += Weight(addr, bytes_[addr]);
  const uint64_t base = now - states_.back().memory;
  const auto key = [&](const State& state) {
    isa::Registers plain = state.regs;
    isa::ClearFlags(plain);
    return std::make_tuple(isa::Ip(state.regs), DigestOf(plain),
                           base + state.memory, DigestOf(state.regs),
                           state.extended);
  };
  rest_ = first_;
  for (size_t i = first_ + 1; i + 1 < states_.size(); ++i) {
    if (key(states_[i]) < key(states_[rest_])) rest_ = i;
  }
  return static_cast<uint32_t>(rest_ - first_);
}

bool SpinWatch::AtRest(isa::Registers regs, uint64_t extended) const {
  isa::Neutralize(regs);
  const State& rest = states_[rest_];
  return std::memcmp(&rest.regs, &regs, sizeof(regs)) == 0 &&
         rest.extended == extended;
}

bool SpinWatch::AtRarePoint(double share) {
  if (share != share_) {
    share_ = share;
    std::vector<uint32_t> counts;
    for (const auto& [addr, count] : executed_) counts.push_back(count);
    std::sort(counts.begin(), counts.end());
    const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
    // Where it stands is counted already.
    rarely_ = counts.front() + 1;
    double sum = 0;
    for (uint32_t count : counts) {
      if ((sum += count) > share * all) break;
      rarely_ = count + 1;
    }
  }
  return executed_.at(isa::Ip(states_.back().regs)) <= rarely_;
}

}  // namespace emu
