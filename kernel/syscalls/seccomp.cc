// SPDX-License-Identifier: Apache-2.0

#include <linux/seccomp.h>

#include "arch/abi/seccomp.h"
#include "kernel/seccomp.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {
namespace {

Result<int> IsAvailable(Task& task, GuestAddr at) {
  const uint32_t action = TRY(task.Read(UserPtr<const uint32_t>(at)));
  switch (action) {
    case SECCOMP_RET_KILL_PROCESS:
    case SECCOMP_RET_KILL_THREAD:
    case SECCOMP_RET_TRAP:
    case SECCOMP_RET_ERRNO:
    case SECCOMP_RET_USER_NOTIF:
    case SECCOMP_RET_TRACE:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_ALLOW:
      return 0;
    default:
      return Errno(EOPNOTSUPP);
  }
}

}  // namespace

// seccomp(2). Differs: no listeners.
Result<int> sys_seccomp(Task& task, uint32_t operation, uint32_t flags,
                        GuestAddr args) {
  constexpr abi::seccomp_notif_sizes kSizes = {80, 24,
                                               sizeof(abi::seccomp_data)};
  switch (operation) {
    case SECCOMP_SET_MODE_STRICT:
      if (flags != 0 || args != 0) return Errno(EINVAL);
      return SetStrictMode(task);
    case SECCOMP_SET_MODE_FILTER:
      return SetFilterMode(task, flags, args);
    case SECCOMP_GET_ACTION_AVAIL:
      if (flags != 0) return Errno(EINVAL);
      return IsAvailable(task, args);
    case SECCOMP_GET_NOTIF_SIZES:
      if (flags != 0) return Errno(EINVAL);
      TRY(task.Write(UserPtr<abi::seccomp_notif_sizes>(args), kSizes));
      return 0;
    default:
      return Errno(EINVAL);
  }
}

}  // namespace emu
