// SPDX-License-Identifier: Apache-2.0
#include "arch/host/planted_breakpoint.h"

#include <sys/mman.h>

#include <cstring>

#include "arch/isa/inline_breakpoint.h"
#include "arch/isa/registers.h"
#include "arch/machine.h"
#include "arch/page_store.h"

namespace emu {
namespace {

// Those that can be looked at without a fault.
std::vector<MemoryWord> Readable(HostAddressSpace& space,
                                 const std::vector<MemoryWord>& words) {
  std::vector<MemoryWord> result;
  for (const MemoryWord& word : words) {
    uint64_t value = 0;
    if (space.CopyIn(&value, word.addr, sizeof(value)) == sizeof(value)) {
      result.push_back(word);
    }
  }
  return result;
}

}  // namespace

std::optional<PlantedBreakpoint> PlantedBreakpoint::Plant(
    HostAddressSpace& space, const ExecutionPoint& point,
    absl::Span<const uint8_t> bytes, GuestAddr spare) {
  isa::Registers wanted;
  if (spare == 0 || point.hints.registers.size() != sizeof(wanted)) {
    return std::nullopt;
  }
  std::memcpy(&wanted, point.hints.registers.data(), sizeof(wanted));
  isa::SetIp(wanted, point.ip);
  const std::optional<isa::InlineBreakpoint> made = isa::MakeInlineBreakpoint(
      bytes, wanted, Readable(space, point.hints.words), spare);
  if (!made) return std::nullopt;

  PlantedBreakpoint planted(space, point.ip, spare);
  planted.copy_ = spare + made->copy;
  planted.trap_ = spare + made->trap;
  planted.jump_ = made->jump;
  planted.instruction_.assign(bytes.begin(), bytes.begin() + made->jump.size());
  const GuestAddr data = spare + isa::InlineBreakpoint::kCodeSize;
  space.Map({spare, isa::InlineBreakpoint::kCodeSize, PROT_READ | PROT_EXEC,
             false, {}});
  space.Map({data, kPageSize, PROT_READ | PROT_WRITE, false, {}});
  if (space.Overwrite(spare, made->code) && space.Overwrite(data, made->data) &&
      space.Overwrite(point.ip, made->jump)) {
    return planted;
  }
  // Pages of a file that are shared may not be written to.
  space.Unmap(spare, RunLimit::kSparePages * kPageSize);
  return std::nullopt;
}

// Unless the guest has written other code there.
void PlantedBreakpoint::Replace(const std::vector<uint8_t>& before,
                                const std::vector<uint8_t>& after) {
  std::vector<uint8_t> now(before.size());
  space_->CopyIn(now.data(), at_, now.size());
  if (now == before) space_->Overwrite(at_, after);
}

void PlantedBreakpoint::Hide() { Replace(jump_, instruction_); }

void PlantedBreakpoint::Show() { Replace(instruction_, jump_); }

void PlantedBreakpoint::Remove() {
  if (space_->broken()) return;
  Hide();
  space_->Unmap(spare_, RunLimit::kSparePages * kPageSize);
}

bool PlantedBreakpoint::Contains(GuestAddr ip) const {
  return ip - spare_ < isa::InlineBreakpoint::kCodeSize;
}

}  // namespace emu
