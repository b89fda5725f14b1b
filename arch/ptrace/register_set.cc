// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/register_set.h"

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "arch/ptrace/request.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {
namespace {

absl::StatusOr<size_t> Transfer(Request request, Tid tid,
                                RegisterSetValue value, iovec bytes) {
  const long result = RawCall(request, tid, static_cast<uintptr_t>(value),
                              reinterpret_cast<uintptr_t>(&bytes));
  if (result < 0) return CallError(request, tid, static_cast<int>(-result));
  return bytes.iov_len;
}

}  // namespace

absl::StatusOr<size_t> getregset(Tid tid, RegisterSetValue value,
                                 absl::Span<std::byte> out) {
  return Transfer(Request::GETREGSET, tid, value, {out.data(), out.size()});
}

absl::StatusOr<size_t> setregset(Tid tid, RegisterSetValue value,
                                 absl::Span<const std::byte> bytes) {
  return Transfer(Request::SETREGSET, tid, value,
                  {const_cast<std::byte*>(bytes.data()), bytes.size()});
}

}  // namespace emu::ptrace
