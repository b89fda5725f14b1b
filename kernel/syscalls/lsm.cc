// SPDX-License-Identifier: Apache-2.0
//
// lsm_list_modules(2), lsm_get_self_attr(2), lsm_set_self_attr(2): of security
// modules there are capabilities alone, which keep no attributes of tasks.

#include "arch/abi/lsm.h"

#include "arch/page_store.h"
#include "kernel/syscall.h"
#include "kernel/task.h"

namespace emu {

// lsm_list_modules(2).
Result<int> sys_lsm_list_modules(Task& task, UserPtr<uint64_t> ids,
                                 UserPtr<uint32_t> size, uint32_t flags) {
  if (flags != 0) return Errno(EINVAL);
  const uint32_t room = TRY(task.Read(size));
  TRY(task.Write(size, sizeof(uint64_t)));
  if (room < sizeof(uint64_t)) return Errno(E2BIG);
  TRY(task.Write(ids, abi::kLsmCapability));
  return 1;
}

// lsm_get_self_attr(2).
Result<int> sys_lsm_get_self_attr(Task& task, uint32_t attr,
                                  UserPtr<abi::lsm_ctx> ctx,
                                  UserPtr<uint32_t> size, uint32_t flags) {
  if (attr == 0 || !size) return Errno(EINVAL);
  TRY(task.Read(size));
  if (flags != 0) {
    if (flags != abi::kLsmSingle || !ctx) return Errno(EINVAL);
    const abi::lsm_ctx wanted = TRY(task.Read(ctx));
    if (wanted.id == 0) return Errno(EINVAL);
  }
  TRY(task.Write(size, 0));
  return Errno(EOPNOTSUPP);
}

// lsm_set_self_attr(2).
Result<> sys_lsm_set_self_attr(Task& task, uint32_t,
                               UserPtr<const abi::lsm_ctx> ctx, uint32_t size,
                               uint32_t flags) {
  if (flags != 0 || size < sizeof(abi::lsm_ctx)) return Errno(EINVAL);
  if (size > kPageSize) return Errno(E2BIG);
  const abi::lsm_ctx wanted = TRY(task.Read(ctx));
  const uint64_t room = wanted.len - sizeof(wanted);
  if (size < wanted.len || wanted.len < sizeof(wanted) ||
      room < wanted.ctx_len) {
    return Errno(EINVAL);
  }
  return Errno(EOPNOTSUPP);
}

}  // namespace emu
