// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_address_space.h"

#include <algorithm>

namespace emu {
namespace {

// How much of [start, start+n) is the guest's.
size_t InGuestRange(GuestAddr start, size_t n) {
  if (start >= isa::kStubAddress) return 0;
  return std::min<size_t>(n, isa::kStubAddress - start);
}

}  // namespace

bool HostAddressSpace::Flush() {
  if (broken()) return false;
  if (queue_.empty()) return true;
  absl::Status status = queue_.Flush(*process_, *worker_, memory_);
  if (!status.ok()) Break(status);
  return status.ok();
}

void HostAddressSpace::Break(const absl::Status& status) {
  if (failure_.ok()) failure_ = status;
}

size_t HostAddressSpace::CopyIn(void* to, GuestAddr from, size_t n) {
  n = InGuestRange(from, n);
  if (n == 0 || !Flush()) return 0;
  return memory_.CopyIn(*process_, to, from, n);
}

size_t HostAddressSpace::CopyOut(GuestAddr to, const void* from, size_t n) {
  n = InGuestRange(to, n);
  if (n == 0 || !Flush()) return 0;
  return memory_.CopyOut(*process_, to, from, n);
}

std::vector<bool> HostAddressSpace::Touched(GuestAddr start, size_t pages) {
  if (!Flush()) return std::vector<bool>(pages, true);
  return process_->Touched(start, pages);
}

}  // namespace emu
