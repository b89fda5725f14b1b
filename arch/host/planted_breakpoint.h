// SPDX-License-Identifier: Apache-2.0
//
// An InlineBreakpoint in a guest's memory, from Plant to Remove. The guest could see
// it there, so that it is for searches of a replay only, in which no thread but the
// one that is searched executes anything.

#ifndef ARCH_HOST_PLANTED_BREAKPOINT_H_
#define ARCH_HOST_PLANTED_BREAKPOINT_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "arch/execution_point.h"
#include "arch/host/host_address_space.h"
#include "arch/user_ptr.h"

namespace emu {

class PlantedBreakpoint {
 public:
  // For `point`, whose instruction is `bytes`, with its code in the free pages at
  // `spare`. No value where that cannot be, and then nothing has changed. `space`
  // outlives it.
  static std::optional<PlantedBreakpoint> Plant(HostAddressSpace& space,
                                                const ExecutionPoint& point,
                                                absl::Span<const uint8_t> bytes,
                                                GuestAddr spare);
  // Has the instruction lie in its place for a while, and the jump again.
  void Hide();
  void Show();
  // Puts everything back. No thread stands in its code.
  void Remove();

  // The instruction that it stands for, and where that is executed instead.
  GuestAddr at() const { return at_; }
  GuestAddr copy() const { return copy_; }
  // Where a thread stands that has found all alike.
  GuestAddr trap() const { return trap_; }
  bool Contains(GuestAddr ip) const;

 private:
  PlantedBreakpoint(HostAddressSpace& space, GuestAddr at, GuestAddr spare)
      : space_(&space), at_(at), spare_(spare) {}
  void Replace(const std::vector<uint8_t>& before,
               const std::vector<uint8_t>& after);

  HostAddressSpace* space_;
  GuestAddr at_;
  GuestAddr spare_;
  GuestAddr copy_ = 0;
  GuestAddr trap_ = 0;
  std::vector<uint8_t> instruction_;
  std::vector<uint8_t> jump_;
};

}  // namespace emu

#endif  // ARCH_HOST_PLANTED_BREAKPOINT_H_
