// SPDX-License-Identifier: Apache-2.0
#include "arch/host/host_address_space.h"

#include <sys/syscall.h>

#include <algorithm>
#include <optional>

#include "absl/types/span.h"
#include "arch/isa/stub.h"

namespace emu {
namespace {

// From here on a stop more is cheaper than the host's way through the guest's
// pages one by one, and than faults of pages that the store has yet to get
// (bench: BM_StoreCopy).
constexpr size_t kLarge = 192 * 1024;
constexpr size_t kLargeFresh = 32 * 1024;

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

std::optional<uint64_t> HostAddressSpace::StoreOffset(const void* mine,
                                                      size_t n) const {
  if (sources_.pages == nullptr ||
      memory_.mode() != GuestMemory::Mode::kBest) {
    return std::nullopt;
  }
  return sources_.pages->OffsetOf(mine, n);
}

// Whether it is worth a stop to write there. The last page tells: what is
// written over has it, and what is appended has not.
bool HostAddressSpace::IsFresh(uint64_t offset, size_t n) {
  if (n >= kLarge && sources_.pages->Gather(offset, n)) return false;
  const uint64_t last = PageDown(offset + n - 1);
  return sources_.pages->NextHole(last, last + kPageSize) == last;
}

size_t HostAddressSpace::CopyByCall(uint64_t number, GuestAddr guest,
                                    uint64_t offset, size_t n) {
  isa::StubCall call = {
      number,
      {static_cast<uint64_t>(sources_.pages->fd()), guest, n, offset},
      0};
  if (worker_->Call(absl::MakeSpan(&call, 1)) != 1) return 0;
  return std::min<uint64_t>(call.result, n);
}

size_t HostAddressSpace::CopyIn(void* to, GuestAddr from, size_t n) {
  n = InGuestRange(from, n);
  if (n == 0 || !Flush()) return 0;
  size_t done = 0;
  if (n >= kLargeFresh) {
    std::optional<uint64_t> offset = StoreOffset(to, n);
    if (offset && IsFresh(*offset, n)) {
      done = CopyByCall(SYS_pwrite64, from, *offset, n);
    }
  }
  if (done == n) return n;
  return done + memory_.CopyIn(*process_, static_cast<char*>(to) + done,
                               from + done, n - done);
}

size_t HostAddressSpace::CopyOut(GuestAddr to, const void* from, size_t n) {
  n = InGuestRange(to, n);
  if (n == 0 || !Flush()) return 0;
  size_t done = 0;
  if (n >= kLarge) {
    std::optional<uint64_t> offset = StoreOffset(from, n);
    if (offset) {
      (void)sources_.pages->Gather(*offset, n);
      done = CopyByCall(SYS_pread64, to, *offset, n);
    }
  }
  if (done == n) return n;
  return done + memory_.CopyOut(*process_, to + done,
                                static_cast<const char*>(from) + done,
                                n - done);
}

bool HostAddressSpace::Overwrite(GuestAddr to, absl::Span<const uint8_t> bytes) {
  return InGuestRange(to, bytes.size()) == bytes.size() && Flush() &&
         GuestMemory::Overwrite(*process_, to, bytes.data(), bytes.size());
}

std::vector<bool> HostAddressSpace::Touched(GuestAddr start, size_t pages) {
  if (!Flush()) return std::vector<bool>(pages, true);
  return process_->Touched(start, pages);
}

}  // namespace emu
