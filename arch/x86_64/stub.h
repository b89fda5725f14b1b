// SPDX-License-Identifier: Apache-2.0
//
// The stub: the one piece of emu that lives in every guest process, a page of
// code and behind it a page of data, which all guest processes and emu share.
// The code makes the host calls that are written in the data page, on behalf of
// the guest thread that is pointed at it, and leaves every register as it was.
//
// Whoever runs may use the stub: so the seccomp filter lets a call through only
// with a secret in it, which is gone from memory and registers before the guest
// goes on. Included as arch/isa/stub.h.

#ifndef ARCH_X86_64_STUB_H_
#define ARCH_X86_64_STUB_H_

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "arch/isa/registers.h"
#include "arch/user_ptr.h"

namespace emu::isa {

inline constexpr uint64_t kStubPageSize = 4096;
inline constexpr GuestAddr kStubDataAddress = kStubAddress + kStubPageSize;
inline constexpr GuestAddr kStubEnd = kStubDataAddress + kStubPageSize;

// One host call. The stub stops at the first that fails.
struct StubCall {
  uint64_t number;
  uint64_t args[6];
  uint64_t result;
};

// The data page.
struct StubPage {
  static constexpr size_t kMaxCalls = 48;

  uint64_t exit;    // where to go afterwards: StubTrap(), or back to the guest
  uint64_t result;  // StubWithResult: what the result register becomes
  uint64_t saved_sp;
  uint64_t count;  // of calls to make; kStubTrap zeroes it
  uint64_t unused[4];
  uint64_t stack[56];
  StubCall calls[kMaxCalls];
  uint32_t start;  // futex: the zygote waits for 1
  int32_t error;   // errno of a failed start
  const char* failed_call;
};
static_assert(offsetof(StubPage, calls) == 512);
static_assert(sizeof(StubPage) <= kStubPageSize);

// The bytes of the code page.
absl::string_view StubCode();

// Entries, as guest addresses. StubBatch goes to `exit` with all registers as
// they were; StubWithResult with the result register set to `result`. After a
// call that failed, both go to StubTrap().
GuestAddr StubBatch();
GuestAddr StubWithResult();
// The `exit` that ends in a breakpoint, all registers being restored.
GuestAddr StubTrap();
inline bool InStub(GuestAddr ip) { return ip >= kStubAddress && ip < kStubEnd; }

// The filter: host calls come from the stub, with `secret`; all others stop
// (SECCOMP_RET_TRACE), those of the vsyscall page too.
std::vector<sock_filter> StubFilter(uint32_t secret);
// Puts the secret into a call that has its six arguments set.
void Sign(StubCall& call, uint32_t secret);

}  // namespace emu::isa

#endif  // ARCH_X86_64_STUB_H_
