// SPDX-License-Identifier: Apache-2.0
#include "arch/ptrace/request.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "arch/base/host_status.h"
#include "arch/ptrace/types.h"

namespace emu::ptrace {

absl::string_view RequestName(Request request) {
  switch (request) {
#define REQUEST(name, number) \
  case Request::name:         \
    return "PTRACE_" #name;
#include "arch/ptrace/isa/requests.inc"
#include "arch/ptrace/requests.inc"
#undef REQUEST
  }
  return "PTRACE_?";
}

long RawCall(Request request, Tid tid, uintptr_t addr, uintptr_t data) {
  const long result =
      ::syscall(SYS_ptrace, static_cast<long>(request), tid.value, addr, data);
  return result == -1 ? -errno : result;
}

absl::Status CallError(Request request, Tid tid, int error) {
  return HostError(error, absl::StrCat("ptrace(", RequestName(request), ", ",
                                       tid.value, ")"));
}

}  // namespace emu::ptrace
