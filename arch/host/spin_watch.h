// SPDX-License-Identifier: Apache-2.0
//
// Whether a thread that is followed instruction by instruction only waits: its
// state, registers and the memory that it wrote, is one that it was in before.
// Nothing else runs meanwhile, so it will come back there again and again until
// another thread changes memory. The instructions that it then repeats are its
// cycle, whatever the watch saw of it first.
//
// Memory that it changes and changes back counts only near the stack pointer,
// where it calls functions. A flag that it sets and takes back elsewhere is meant
// for others: such a thread must not always be found at the same point.

#ifndef ARCH_HOST_SPIN_WATCH_H_
#define ARCH_HOST_SPIN_WATCH_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "absl/types/span.h"
#include "arch/execution_point.h"
#include "arch/host/host_address_space.h"
#include "arch/isa/memory_use.h"
#include "arch/isa/registers.h"

namespace emu {

class SpinWatch {
 public:
  explicit SpinWatch(HostAddressSpace& space) : space_(space) {}

  // Where the thread stands: before the first step, and after each. `extended` is
  // the digest of its extended registers. The cycle's length, once it is known.
  std::optional<uint32_t> Add(isa::Registers regs, uint64_t extended);

  // Around each step of the instruction at the start of `bytes`.
  void BeforeStep(absl::Span<const uint8_t> bytes);
  void AfterStep();

  // After Add told of a cycle: how many steps it is to the point of the cycle
  // that stands for it, from where the thread is.
  uint32_t StepsToRest();
  // The thread stands again at that point.
  bool AtRest(isa::Registers regs, uint64_t extended) const;
  // It stood there when the watch began, and has changed nothing.
  bool Unmoved() const { return first_ == 0 && rest_ == 0 && !cleared_; }

  // Words that were changed in the watch, the last ones first; those near the stack
  // pointer come behind, which calls write to in each round alike.
  std::vector<GuestAddr> ChangedWords() const;

  // Instead of these: it did what was not followed.
  void NoteUnseen() { Clear(); }

  // Where the thread stands it has registers that it had nowhere else so far.
  bool AtFreshPoint() const { return fresh_; }
  // It executes an instruction that is one of the least executed; with a share,
  // one of those that were together that part of all.
  bool AtRarePoint(double share = 0);

 private:
  static constexpr size_t kWindow = isa::MemoryUse::kWindow;
  struct State {
    isa::Registers regs = {};
    uint64_t extended = 0;
    uint64_t memory = 0;
  };
  struct Window {
    size_t size = 0;
    std::array<uint8_t, kWindow> bytes = {};
  };
  // A byte that a step changed.
  struct Change {
    size_t state = 0;  // behind which
    GuestAddr addr = 0;
  };

  void Clear();
  Window Read(GuestAddr at);
  void Note(GuestAddr addr, uint8_t before, uint8_t after);
  void NoteWord(GuestAddr addr, bool near);
  void CompareWindow(size_t n, const Window& after);

  HostAddressSpace& space_;
  // Since memory was last changed for good. `memory_` sums up the bytes that were
  // changed, by place and value, less what they were at first.
  std::vector<State> states_;
  std::unordered_map<uint64_t, size_t> index_;  // of states_, by digest
  uint64_t memory_ = 0;
  std::vector<Change> changes_;
  std::unordered_map<GuestAddr, uint8_t> bytes_;  // now, of those changed
  bool cleared_ = false;
  size_t first_ = 0;  // state of the cycle
  size_t rest_ = 0;

  isa::MemoryUse use_;
  std::array<Window, 4> before_;

  // Half of PointHints::kMostWords at most.
  std::vector<GuestAddr> far_words_;
  std::vector<GuestAddr> near_words_;
  std::unordered_map<uint64_t, uint32_t> registers_;  // seen in the whole watch
  std::unordered_map<GuestAddr, uint32_t> executed_;  // by address
  bool fresh_ = false;
  // Up to which an instruction was executed rarely, when that was looked at.
  double share_ = -1;
  uint32_t rarely_ = 0;
};

}  // namespace emu

#endif  // ARCH_HOST_SPIN_WATCH_H_
